import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (name: string) => fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));

// Tests run on the sources, so that a change needs no build before its test. Child processes, the examples and the
// packed tarballs are what runs the built packages.
export default defineConfig({
  resolve: {
    alias: {
      '@frameio-auth/core': source('core'),
      '@frameio-auth/storage-memory': source('storage-memory'),
      '@frameio-auth/testing': source('testing'),
      '@frameio-auth/transport-fetch': source('transport-fetch'),
    },
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tests/**/*.test.ts', 'tools/**/*.test.ts'],
  },
});
