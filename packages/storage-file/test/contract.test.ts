import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStorage } from '@frameio-auth/storage-file';
import { manualClock, storageContract } from '@frameio-auth/testing';
import { describe, it } from 'vitest';

describe('fileStorage keeps the contract', () => {
  const clauses = storageContract({
    name: 'fileStorage',
    async create() {
      const clock = manualClock();
      const directory = await mkdtemp(join(tmpdir(), 'storage-file-'));
      const storage = fileStorage({ directory, clock });
      const other = fileStorage({ directory, clock });
      return {
        storage,
        another: async () => other,
        advance: (ms) => clock.advance(ms),
        async dispose() {
          await Promise.all([storage.close(), other.close()]);
          await rm(directory, { recursive: true, force: true });
        },
      };
    },
  });
  for (const { id, rule, check } of clauses) it(`${id}: ${rule}`, check);
});
