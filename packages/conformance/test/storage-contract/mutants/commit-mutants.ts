import { StorageError } from '@frameio-auth/core';
import type { CommitReply, Lease, StoredRecord } from '@frameio-auth/core/adapter';
import { commitAnyway, type StorageMutants, versionOf, withoutRecord } from './storage-mutant.js';

export const commitMutants: StorageMutants = {
  'says that it wrote, and did not': {
    breaks: ['commit.first', 'read.record'],
    mutate: (whole) => ({
      commit: async (key) => {
        const { now, ...reading } = await whole.read(key);
        return { outcome: 'committed', version: versionOf(reading) + 1, now };
      },
    }),
  },
  'numbers every version 1': {
    breaks: ['commit.version', 'expiry.version'],
    mutate(whole) {
      const as1 = <Reply extends object>(reply: Reply): Reply =>
        'record' in reply ? { ...reply, record: { ...(reply.record as StoredRecord), version: 1 } } : reply;
      return {
        read: async (key) => as1(await whole.read(key)),
        async lease(key, request) {
          const current = versionOf(await whole.read(key));
          return as1(
            await whole.lease(key, { ...request, ifVersion: request.ifVersion === 1 ? current : request.ifVersion }),
          );
        },
        async commit(key, request) {
          const current = versionOf(await whole.read(key));
          const expectedVersion = request.expectedVersion === 1 ? current : request.expectedVersion;
          const reply = as1(await whole.commit(key, { ...request, expectedVersion }));
          return reply.outcome === 'committed' ? { ...reply, version: 1 } : reply;
        },
      };
    },
  },
  'writes whatever the version is': {
    breaks: ['commit.conflict', 'commit.conflict-absent', 'commit.one-winner', 'commit.no-lost-update'],
    mutate: (whole) => ({
      commit: (key, request) => commitAnyway(whole, key, request),
    }),
  },
  'looks first and writes then, in two steps': {
    breaks: ['commit.one-winner', 'commit.no-lost-update'],
    mutate: (whole) => ({
      async commit(key, request): Promise<CommitReply> {
        const { now, ...reading } = await whole.read(key);
        if (versionOf(reading) !== request.expectedVersion) return { outcome: 'conflict', ...reading, now };
        return commitAnyway(whole, key, request);
      },
    }),
  },
  'does not show the record that is in the way': {
    breaks: ['commit.conflict', 'commit.one-winner', 'commit.lease-is-no-right'],
    mutate: (whole) => ({
      async commit(key, request) {
        const reply = await whole.commit(key, request);
        return reply.outcome === 'conflict' ? withoutRecord(reply) : reply;
      },
    }),
  },
  'wants a lease for a commit': {
    breaks: ['commit.without-lease', 'commit.ends-any-lease'],
    mutate(whole) {
      const held = new Map<string, string>();
      return {
        async lease(key, request) {
          const reply = await whole.lease(key, request);
          if (reply.outcome === 'granted') held.set(key, reply.lease.id);
          return reply;
        },
        async commit(key, request) {
          const holder = held.get(key);
          if (holder !== undefined && request.lease?.id !== holder) {
            throw new StorageError('NOT_LEASED', 'Another has the lease.');
          }
          const reply = await whole.commit(key, request);
          if (reply.outcome === 'committed') held.delete(key);
          return reply;
        },
        async release(lease) {
          await whole.release(lease);
          if (held.get(lease.key) === lease.id) held.delete(lease.key);
        },
      };
    },
  },
  'lets a lease win over the version': {
    breaks: ['commit.lease-is-no-right'],
    mutate: (whole) => ({
      commit: (key, request) =>
        request.lease === undefined ? whole.commit(key, request) : commitAnyway(whole, key, request),
    }),
  },
  'refuses a commit after its lease was lost': {
    breaks: ['commit.lost-lease'],
    mutate: (whole) => ({
      async commit(key, request) {
        if (request.lease !== undefined && !(await whole.renew(request.lease))) {
          throw new StorageError('LEASE_LOST', 'The lease is lost.');
        }
        return whole.commit(key, request);
      },
    }),
  },
  'keeps the lease after a commit': {
    breaks: ['commit.ends-lease', 'commit.ends-any-lease', 'lease.late-commit'],
    mutate(whole, clock) {
      const grants = new Map<string, { lease: Lease; now: Lease; until: number }>();
      return {
        async lease(key, request) {
          const reply = await whole.lease(key, request);
          if (reply.outcome !== 'granted') return reply;
          grants.set(key, { lease: reply.lease, now: reply.lease, until: reply.until });
          return reply;
        },
        renew: (lease) => {
          const held = grants.get(lease.key);
          return whole.renew(held?.lease.id === lease.id ? held.now : lease);
        },
        release: (lease) => {
          const held = grants.get(lease.key);
          return whole.release(held?.lease.id === lease.id ? held.now : lease);
        },
        async commit(key, request) {
          const reply = await whole.commit(key, request);
          const held = grants.get(key);
          if (reply.outcome === 'conflict' || held === undefined) return reply;
          const ttl = Math.max(Number.MIN_VALUE, held.until - clock.now()); // One that expired expires again at once.
          const again = await whole.lease(key, { owner: held.lease.owner, ttl, ifVersion: reply.version });
          if (again.outcome === 'granted') held.now = again.lease;
          return reply;
        },
      };
    },
  },
  'ends the lease before it looks at the version': {
    breaks: ['commit.conflict-keeps-lease'],
    mutate: (whole) => ({
      async commit(key, request) {
        if (request.lease !== undefined) await whole.release(request.lease);
        return whole.commit(key, request);
      },
    }),
  },
};
