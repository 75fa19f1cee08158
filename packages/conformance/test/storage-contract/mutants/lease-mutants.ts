import type { Lease } from '@frameio-auth/core/adapter';
import { leasing, type StorageMutants, versionOf, withEmptyRecord, withoutRecord } from './storage-mutant.js';

export const leaseMutants: StorageMutants = {
  'answers absence with `record: undefined`': {
    breaks: ['lease.reads', 'lease.held-absent', 'lease.moved-absent', 'commit.conflict-absent', 'expiry.absent'],
    mutate: (whole) => ({
      lease: async (key, request) => withEmptyRecord(await whole.lease(key, request), undefined),
      async commit(key, request) {
        const reply = await whole.commit(key, request);
        return reply.outcome === 'conflict' ? withEmptyRecord(reply, undefined) : reply;
      },
    }),
  },
  'grants a lease to all who ask': {
    breaks: ['lease.held', 'lease.held-absent', 'lease.one-holder', 'lease.expired'],
    mutate: (whole) => ({
      async lease(key, { owner, ttl, ifVersion }) {
        const reply = await whole.lease(key, { owner, ttl, ifVersion });
        if (reply.outcome !== 'held') return reply;
        return { ...reply, outcome: 'granted', lease: { key, owner, ttl, id: owner }, abandoned: false };
      },
    }),
  },
  'says of every lease that the one before was abandoned': {
    breaks: ['lease.granted', 'lease.abandoned-last', 'release.frees', 'lease.moved', 'lease.same-owner'],
    mutate: (whole) => leasing(whole, (reply) => (reply.outcome === 'granted' ? { ...reply, abandoned: true } : reply)),
  },
  'says of no lease that it was abandoned': {
    breaks: ['lease.abandoned', 'expiry.lease'],
    mutate: (whole) =>
      leasing(whole, (reply) => (reply.outcome === 'granted' ? { ...reply, abandoned: false } : reply)),
  },
  'never forgets that a lease was abandoned': {
    breaks: ['lease.abandoned-last'],
    mutate(whole) {
      let once = false;
      return leasing(whole, (reply) => {
        if (reply.outcome !== 'granted') return reply;
        once ||= reply.abandoned;
        return { ...reply, abandoned: once };
      });
    },
  },
  'shows no record with a lease': {
    breaks: ['lease.reads', 'lease.held', 'lease.moved', 'lease.moved-first'],
    mutate: (whole) => leasing(whole, withoutRecord),
  },
  'does not say until when a lease is held': {
    breaks: ['lease.held', 'lease.one-holder'],
    mutate: (whole) => leasing(whole, (reply) => (reply.outcome === 'held' ? { ...reply, until: reply.now } : reply)),
  },
  'grants a lease on any version': {
    breaks: ['lease.moved', 'lease.moved-absent', 'lease.moved-first', 'expiry.absent'],
    mutate: (whole) => ({
      lease: async (key, request) => whole.lease(key, { ...request, ifVersion: versionOf(await whole.read(key)) }),
    }),
  },
  'says that a lease is held before that the record moved on': {
    breaks: ['lease.moved-first'],
    mutate: (whole) => ({
      async lease(key, request) {
        const held = await whole.lease(key, { ...request, ifVersion: versionOf(await whole.read(key)) });
        if (held.outcome === 'granted') await whole.release(held.lease);
        return held.outcome === 'held' ? held : whole.lease(key, request);
      },
    }),
  },
  'lets no lease expire': {
    breaks: ['lease.expired', 'lease.abandoned', 'now.passes', 'renew.lost'],
    mutate: (whole) => ({ lease: (key, request) => whole.lease(key, { ...request, ttl: request.ttl * 1_000_000 }) }),
  },
  'takes lengths of leases for seconds': {
    breaks: ['lease.granted'],
    mutate: (whole) => ({ lease: (key, request) => whole.lease(key, { ...request, ttl: request.ttl * 1000 }) }),
  },
  'gives an owner the same lease twice': {
    breaks: ['lease.same-owner'],
    mutate(whole) {
      const last = new Map<string, Lease>();
      return {
        async lease(key, request) {
          const before = last.get(key);
          if (before?.owner === request.owner && (await whole.renew(before))) {
            const { now, ...reading } = await whole.read(key);
            return { outcome: 'granted', lease: before, ...reading, until: now + before.ttl, abandoned: false, now };
          }
          const reply = await whole.lease(key, request);
          if (reply.outcome === 'granted') last.set(key, reply.lease);
          return reply;
        },
      };
    },
  },
  'has one lease for all keys': {
    breaks: ['lease.own-key'],
    mutate(whole) {
      let last: Lease | undefined;
      return {
        async lease(key, request) {
          if (last !== undefined && last.key !== key && (await whole.renew(last))) {
            const { now, ...reading } = await whole.read(key);
            return { outcome: 'held', ...reading, until: now + last.ttl, now };
          }
          const reply = await whole.lease(key, request);
          if (reply.outcome === 'granted') last = reply.lease;
          return reply;
        },
      };
    },
  },
  'renews in words alone': {
    breaks: ['renew.extends', 'renew.expired', 'renew.lost', 'renew.released', 'commit.ends-lease'],
    mutate: () => ({ renew: async () => true }),
  },
  'renews no lease after its end': {
    breaks: ['renew.expired'],
    mutate(whole, clock) {
      const ends = new Map<string, number>();
      return {
        async lease(key, request) {
          const reply = await whole.lease(key, request);
          if (reply.outcome === 'granted') ends.set(reply.lease.id, reply.until);
          return reply;
        },
        renew: async (lease) => clock.now() < (ends.get(lease.id) ?? 0) && whole.renew(lease),
      };
    },
  },
  'releases nothing': {
    breaks: ['release.frees', 'renew.released', 'watch.release', 'lease.abandoned-last'],
    mutate: () => ({ release: async () => {} }),
  },
  'releases whatever lease there is': {
    breaks: ['release.lost', 'release.twice'],
    mutate(whole) {
      const last = new Map<string, Lease>();
      return {
        async lease(key, request) {
          const reply = await whole.lease(key, request);
          if (reply.outcome === 'granted') last.set(key, reply.lease);
          return reply;
        },
        release: (lease) => whole.release(last.get(lease.key) ?? lease),
      };
    },
  },
};
