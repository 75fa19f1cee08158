import { storageContract } from '@frameio-auth/conformance';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock } from '@frameio-auth/testing';
import { describe, it } from 'vitest';
import { KEYS } from './keys.js';

const options = { keys: KEYS, current: '2030-01' };

// The tests of storage-file run it over files, between two processes.
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
