import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { fileStorage } from '@frameio-auth/storage-file';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock, storageContract } from '@frameio-auth/testing';
import { describe, it } from 'vitest';
import { KEYS } from './keys.js';

const options = { keys: KEYS, current: '2030-01' };

describe('encryptedStorage keeps the contract over memory', () => {
  const clauses = storageContract({
    name: 'encryptedStorage(memoryStorage())',
    async create() {
      const clock = manualClock();
      const records = memoryStorage({ clock });
      return {
        storage: encryptedStorage(records, options),
        advance: (ms) => clock.advance(ms),
        dispose: () => records.close(),
      };
    },
  });
  for (const { id, rule, check } of clauses) it(`${id}: ${rule}`, check);
});

describe('encryptedStorage keeps the contract over files', () => {
  const clauses = storageContract({
    name: 'encryptedStorage(fileStorage())',
    async create() {
      const directory = await mkdtemp(join(tmpdir(), 'storage-encrypted-'));
      const clock = manualClock();
      const handles = [fileStorage({ directory, clock }), fileStorage({ directory, clock })] as const;
      const [storage, other] = handles.map((handle) => encryptedStorage(handle, options));
      if (storage === undefined || other === undefined) throw new Error('Two handles were made.');
      return {
        storage,
        another: async () => other,
        advance: (ms) => clock.advance(ms),
        async dispose() {
          await Promise.all(handles.map((handle) => handle.close()));
          await rm(directory, { recursive: true });
        },
      };
    },
  });
  for (const { id, rule, check } of clauses) it(`${id}: ${rule}`, check);
});
