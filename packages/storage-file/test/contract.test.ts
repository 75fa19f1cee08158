import { fileStorage } from '@frameio-auth/storage-file';
import { manualClock, storageContract } from '@frameio-auth/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type StorageProcess, startProcess } from './process.js';
import { makeScratch } from './scratch.js';

const clock = manualClock();
let elsewhere: StorageProcess;

beforeAll(async () => {
  elsewhere = await startProcess({ now: clock.now });
});

afterAll(() => elsewhere.kill());

describe('fileStorage keeps the contract between two processes', () => {
  const clauses = storageContract({
    name: 'fileStorage',
    async create() {
      const scratch = await makeScratch();
      const { directory } = scratch;
      const storage = fileStorage({ directory, clock });
      const other = elsewhere.storage(directory);
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
  for (const { id, rule, check } of clauses) it(`${id}: ${rule}`, check);
});
