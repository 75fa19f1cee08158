import { storageContract } from '@frameio-auth/conformance';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { fileStorage } from '@frameio-auth/storage-file';
import { manualClock } from '@frameio-auth/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type StorageProcess, startProcess } from './process.js';
import { makeScratch } from './scratch.js';

const clock = manualClock();
let elsewhere: StorageProcess;

beforeAll(async () => {
  elsewhere = await startProcess({ now: clock.now });
});

afterAll(() => elsewhere.kill());

const KEYS = { fictional: new Uint8Array(32).fill(7) };

const wrappings: readonly (readonly [name: string, wrap: (storage: TokenStorage) => TokenStorage])[] = [
  ['fileStorage', (storage) => storage],
  ['encryptedStorage over fileStorage', (storage) => encryptedStorage(storage, { keys: KEYS, current: 'fictional' })],
];

/** What encryption can change: values, and the errors about them. Everything else is passed on unchanged. */
const ABOUT_VALUES = /^(?:read|commit|value|error)\./;

describe.each(wrappings)('%s keeps the contract between two processes', (name, wrap) => {
  const clauses = storageContract({
    name,
    async create() {
      const scratch = await makeScratch();
      const { directory } = scratch;
      const storage = wrap(fileStorage({ directory, clock }));
      const other = wrap(elsewhere.storage(directory));
      return {
        storage,
        another: async () => other,
        advance: (ms) => clock.advance(ms),
        async dispose() {
          await Promise.all([storage.close(), other.close()]);
          await scratch.remove();
        },
      };
    },
  });
  const chosen = name === 'fileStorage' ? clauses : clauses.filter(({ id }) => ABOUT_VALUES.test(id));
  for (const { id, rule, check } of chosen) it(`${id}: ${rule}`, check);
});
