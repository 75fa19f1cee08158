import { storageContract } from '@frameio-auth/conformance';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock } from '@frameio-auth/testing';
import { describe, it } from 'vitest';

describe('memoryStorage keeps the contract', () => {
  const clauses = storageContract({
    name: 'memoryStorage',
    async create() {
      const clock = manualClock();
      const storage = memoryStorage({ clock });
      return { storage, advance: (ms) => clock.advance(ms), dispose: () => storage.close() };
    },
  });
  for (const { id, rule, check } of clauses) it(`${id}: ${rule}`, check);
});
