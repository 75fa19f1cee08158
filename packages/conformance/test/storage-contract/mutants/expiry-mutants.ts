import type { Lease } from '@frameio-auth/core/adapter';
import { beginningAgain, type StorageMutants, withoutRecord } from './storage-mutant.js';

export const expiryMutants: StorageMutants = {
  'begins again at version 1 after a record expired': {
    breaks: ['expiry.version', 'expiry.at-once'],
    mutate: (whole) => beginningAgain(whole, () => 1),
  },
  'begins again at the time of day after a record expired': {
    breaks: ['expiry.at-once'],
    mutate: (whole) => beginningAgain(whole, (now) => Math.floor(now)),
  },
  'forgets no record': {
    breaks: ['expiry.forgets', 'expiry.anew', 'expiry.absent', 'expiry.version'],
    mutate: (whole) => ({ commit: (key, { expiresAt: _, ...request }) => whole.commit(key, request) }),
  },
  'keeps to the expiry that a record had first': {
    breaks: ['expiry.anew'],
    mutate(whole) {
      const first = new Map<string, number>();
      return {
        async commit(key, request) {
          if (request.expectedVersion === 0) first.delete(key);
          const expiresAt = first.get(key) ?? request.expiresAt;
          if (expiresAt === undefined) return whole.commit(key, request);
          first.set(key, expiresAt);
          return whole.commit(key, { ...request, expiresAt });
        },
      };
    },
  },
  'hides records that expired from readers alone': {
    breaks: ['expiry.absent'],
    mutate(whole, clock) {
      const ends = new Map<string, number>();
      return {
        async read(key) {
          const reading = await whole.read(key);
          return clock.now() < (ends.get(key) ?? Number.POSITIVE_INFINITY) ? reading : withoutRecord(reading);
        },
        async commit(key, { expiresAt, ...request }) {
          if (expiresAt !== undefined) ends.set(key, expiresAt);
          return whole.commit(key, request);
        },
      };
    },
  },
  'forgets the lease with the record': {
    breaks: ['expiry.lease'],
    mutate(whole) {
      const last = new Map<string, { lease: Lease; onRecord: boolean }>();
      return {
        async lease(key, request) {
          const before = last.get(key);
          if (before?.onRecord && !('record' in (await whole.read(key)))) await whole.release(before.lease);
          const reply = await whole.lease(key, request);
          if (reply.outcome === 'granted') last.set(key, { lease: reply.lease, onRecord: 'record' in reply });
          return reply;
        },
      };
    },
  },
};
