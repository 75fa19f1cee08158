import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './tools/vitest/slowest-first.ts';

/** How long a test may take before it counts as hanging, in milliseconds: many times what the slowest needs. */
const HANGS = 900_000;

// Tests run on the sources, so that a change needs no build before its test. Child processes, the examples and the
// packed tarballs are what runs the built packages.
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
      // The module for Nest supports two lines of it. On the older one run those of its tests that another line can fail,
      // beside the built packages: they are the same there, and need not be transformed once more.
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
    // No test changes what another one imports, so each worker loads the sources once and not once for every file.
    isolate: false,
    // One more than the cores that it is made for, because many tests wait for other processes.
    maxWorkers: 3,
    // Room for what dies young, in MB: the models make much of it, and collect less often.
    execArgv: ['--max-semi-space-size=64'],
    sequence: { sequencer: SlowestFirst },
    globalSetup: 'tools/vitest/build.ts',
    // For what hangs, and for nothing else: how long a test takes is the business of the machine.
    testTimeout: HANGS,
    hookTimeout: HANGS,
    expect: { poll: { timeout: HANGS / 2 } },
    // What decides the fate of a token is reached to the last branch, or says at its place why it cannot be.
    coverage: {
      include: ['packages/core/src/{machine,protocol,session}/**/*.ts'],
      exclude: ['packages/core/src/machine/events.ts'], // Types alone, of which nothing is left to run.
      reporter: [['text', { maxCols: 120 }], 'html'],
      thresholds: { 100: true },
    },
  },
});
