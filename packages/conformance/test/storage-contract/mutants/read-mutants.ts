import type { StoredRecord } from '@frameio-auth/core/adapter';
import { type StorageMutants, timed, withEmptyRecord } from './storage-mutant.js';

export const readMutants: StorageMutants = {
  'answers absence with `record: null`': {
    breaks: ['read.absent', 'expiry.forgets'],
    mutate: (whole) => ({ read: async (key) => withEmptyRecord(await whole.read(key), null) }),
  },
  'remembers what it read first': {
    breaks: ['read.record'],
    mutate(whole) {
      const seen = new Map<string, StoredRecord>();
      return {
        async read(key) {
          const { record, now } = await whole.read(key);
          const first = seen.get(key) ?? record;
          if (first === undefined) return { now };
          seen.set(key, first);
          return { record: first, now };
        },
      };
    },
  },
  'hands out the object that it keeps': {
    breaks: ['read.copy'],
    mutate(whole) {
      const kept = new Map<number, StoredRecord>();
      return {
        async read(key) {
          const { record, now } = await whole.read(key);
          if (record === undefined) return { now };
          const own = kept.get(record.version) ?? { ...record };
          kept.set(record.version, own);
          return { record: own, now };
        },
      };
    },
  },
  'tells the time in seconds': { breaks: ['now.replies'], mutate: (whole) => timed(whole, (now) => now / 1000) },
  'goes back in time': {
    breaks: ['now.replies'],
    mutate(whole) {
      let calls = 0;
      return timed(whole, (now) => now - calls++);
    },
  },
  'tells the time at which it was opened': {
    breaks: ['now.passes'],
    mutate(whole, clock) {
      const opened = clock.now();
      return timed(whole, () => opened);
    },
  },
};
