import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './tools/vitest/slowest-first.ts';

/** How long a test may take, in milliseconds: only one that hangs is stopped. */
const HANGS = 900_000;

// Tests run on the sources, so that a change can be tested without a build. Child processes, the examples and the packed
// tarballs run the built packages.
export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^@frameio-auth\/core\/(adapter|machine)$/,
        replacement: fileURLToPath(new URL('packages/core/src/$1.ts', import.meta.url)),
      },
      {
        find: /^@frameio-auth\/sign-in\/([a-z]+)$/,
        replacement: fileURLToPath(new URL('packages/sign-in/src/$1.ts', import.meta.url)),
      },
      {
        find: /^@frameio-auth\/([a-z-]+)$/,
        replacement: fileURLToPath(new URL('packages/$1/src/index.ts', import.meta.url)),
      },
      {
        find: '@frameio-auth/verification/redis',
        replacement: fileURLToPath(new URL('verification/redis/index.ts', import.meta.url)),
      },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: [
            'packages/*/test/**/*.test.ts',
            'tests/**/*.test.ts',
            'verification/test/**/*.test.ts',
            'tools/**/*.test.ts',
          ],
        },
      },
      // The package for Nest supports two major versions. The tests whose result depends on the version also run on the older
      // one, with the built packages, which need not be transformed again.
      {
        extends: true,
        resolve: {
          alias: [
            {
              find: /^@nestjs\//,
              replacement: fileURLToPath(
                new URL('packages/nestjs/test/nest-11/node_modules/@nestjs/', import.meta.url),
              ),
            },
            {
              find: /^@frameio-auth\/core\/(adapter|machine)$/,
              replacement: fileURLToPath(new URL('packages/core/dist/$1.js', import.meta.url)),
            },
            {
              find: /^@frameio-auth\/(?!nestjs$)([a-z-]+)$/,
              replacement: fileURLToPath(new URL('packages/$1/dist/index.js', import.meta.url)),
            },
          ],
        },
        test: {
          name: 'nest-11',
          include: ['packages/nestjs/test/both-lines.spec.ts'],
          server: { deps: { external: [/\/packages\/[a-z-]+\/dist\//] } },
        },
      },
    ],
    // No test changes what another one imports, so a worker loads the sources once, and not once for each file.
    isolate: false,
    // One more than the two cores that the gate is measured on, because many tests wait for other processes.
    maxWorkers: 3,
    // In MB. The models of the machine allocate much, and this makes garbage collections rarer.
    execArgv: ['--max-semi-space-size=64'],
    sequence: { sequencer: SlowestFirst },
    globalSetup: 'tools/vitest/build.ts',
    // Only for tests that hang: how long a test takes depends on the machine.
    testTimeout: HANGS,
    hookTimeout: HANGS,
    expect: { poll: { timeout: HANGS / 2 } },
    // Tests reach every branch that decides about a token, or a comment there says why they cannot.
    coverage: {
      include: ['packages/core/src/{machine,protocol,session}/**/*.ts'],
      exclude: ['packages/core/src/machine/events.ts'], // Only types.
      reporter: [['text', { maxCols: 120 }], 'html'],
      thresholds: { 100: true },
    },
  },
});
