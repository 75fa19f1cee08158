import { StorageError } from '@frameio-auth/core';
import type { CommitReply, Lease, LeaseReply, StoredRecord, TokenStorage } from '@frameio-auth/core/adapter';
import type { ManualClock } from '@frameio-auth/testing';

/** A working storage, its clock, and how it is broken. */
type Breaking = (whole: TokenStorage, clock: ManualClock) => Partial<TokenStorage>;

export interface Mistake {
  /** The clauses that must detect it; others may. */
  readonly breaks: readonly string[];
  readonly by: Breaking;
}

const versionOf = (reply: { readonly record?: StoredRecord }): number => reply.record?.version ?? 0;

function withoutRecord<Reply extends { readonly record?: StoredRecord }>({ record: _, ...rest }: Reply): Reply {
  return rest as Reply;
}

function withEmptyRecord<Reply extends { readonly record?: StoredRecord }>(reply: Reply, record: unknown): Reply {
  return 'record' in reply ? reply : { ...reply, record: record as never };
}

/** Returns the storage with its keys mapped by `of`. */
function rekeyed(whole: TokenStorage, of: (key: string) => string): Partial<TokenStorage> {
  return {
    read: (key) => whole.read(of(key)),
    lease: (key, request) => whole.lease(of(key), request),
    commit: (key, request) => whole.commit(of(key), request),
    watch: (key, listener) => whole.watch(of(key), listener),
  };
}

/** Returns the storage with another way of notifying watchers of releases. */
function tellingOfReleases(
  whole: TokenStorage,
  tell: (listener: (version: number) => void) => void,
): Partial<TokenStorage> {
  let releasing = false;
  return {
    async release(lease) {
      releasing = true;
      await whole.release(lease);
      await whole.read(lease.key); // The watchers have been notified.
      releasing = false;
    },
    watch: (key, listener) => whole.watch(key, (version) => (releasing ? tell(listener) : listener(version))),
  };
}

/** The storage with its values rewritten as they are written. */
function rewritten(whole: TokenStorage, to: (value: string) => string): Partial<TokenStorage> {
  return { commit: (key, { value, ...rest }) => whole.commit(key, { ...rest, value: to(value) }) };
}

/** The storage with each reply to `lease` changed. */
function leasing(whole: TokenStorage, change: (reply: LeaseReply) => LeaseReply): Partial<TokenStorage> {
  return { lease: async (key, request) => change(await whole.lease(key, request)) };
}

/** The storage with `now` changed in every reply. */
function timed(whole: TokenStorage, change: (now: number) => number): Partial<TokenStorage> {
  const see = <Reply extends { readonly now: number }>(reply: Reply): Reply => ({ ...reply, now: change(reply.now) });
  return {
    read: async (key) => see(await whole.read(key)),
    lease: async (key, request) => see(await whole.lease(key, request)),
    commit: async (key, request) => see(await whole.commit(key, request)),
  };
}

/** The storage with the keys that it lists as due changed. */
function listing(whole: TokenStorage, change: (keys: readonly string[]) => readonly string[]): Partial<TokenStorage> {
  return {
    async due(request) {
      const { keys, now } = await whole.due(request);
      return { keys: change(keys), now };
    },
  };
}

/** The storage with every `dueAt` changed. */
function dueAtAnother(whole: TokenStorage, change: (dueAt: number) => number): Partial<TokenStorage> {
  return {
    commit: (key, { dueAt, ...request }) =>
      whole.commit(key, dueAt === undefined ? request : { ...request, dueAt: change(dueAt) }),
  };
}

/** Returns the storage with the versions of each key restarting from `first` if there is no record. */
function beginningAgain(whole: TokenStorage, first: (now: number) => number): Partial<TokenStorage> {
  const before = new Map<string, number>();
  const shift = <Reply extends object>(key: string, reply: Reply): Reply => {
    if (!('record' in reply)) return reply;
    const { value, version } = reply.record as StoredRecord;
    return { ...reply, record: { value, version: version - (before.get(key) ?? 0) } };
  };
  const unshift = (key: string, version: number): number => (version === 0 ? 0 : version + (before.get(key) ?? 0));
  return {
    read: async (key) => shift(key, await whole.read(key)),
    lease: async (key, request) =>
      shift(key, await whole.lease(key, { ...request, ifVersion: unshift(key, request.ifVersion) })),
    async commit(key, request) {
      const reply = await whole.commit(key, { ...request, expectedVersion: unshift(key, request.expectedVersion) });
      if (reply.outcome === 'conflict') return shift(key, reply);
      if (request.expectedVersion === 0) before.set(key, reply.version - first(reply.now));
      return { ...reply, version: reply.version - (before.get(key) ?? 0) };
    },
  };
}

/** Storages with one mistake each, by what they do. */
export const MISTAKES: Readonly<Record<string, Mistake>> = {
  'answers absence with `record: null`': {
    breaks: ['read.absent', 'expiry.forgets'],
    by: (whole) => ({ read: async (key) => withEmptyRecord(await whole.read(key), null) }),
  },
  'answers absence with `record: undefined`': {
    breaks: ['lease.reads', 'lease.held-absent', 'lease.moved-absent', 'commit.conflict-absent', 'expiry.absent'],
    by: (whole) => ({
      lease: async (key, request) => withEmptyRecord(await whole.lease(key, request), undefined),
      async commit(key, request) {
        const reply = await whole.commit(key, request);
        return reply.outcome === 'conflict' ? withEmptyRecord(reply, undefined) : reply;
      },
    }),
  },
  'remembers what it read first': {
    breaks: ['read.record'],
    by(whole) {
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
    by(whole) {
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
  'tells the time in seconds': { breaks: ['now.replies'], by: (whole) => timed(whole, (now) => now / 1000) },
  'goes back in time': {
    breaks: ['now.replies'],
    by(whole) {
      let calls = 0;
      return timed(whole, (now) => now - calls++);
    },
  },
  'tells the time at which it was opened': {
    breaks: ['now.passes'],
    by(whole, clock) {
      const opened = clock.now();
      return timed(whole, () => opened);
    },
  },
  'says that it wrote, and did not': {
    breaks: ['commit.first', 'read.record'],
    by: (whole) => ({
      commit: async (key) => {
        const { now, ...reading } = await whole.read(key);
        return { outcome: 'committed', version: versionOf(reading) + 1, now };
      },
    }),
  },
  'numbers every version 1': {
    breaks: ['commit.version', 'expiry.version'],
    by(whole) {
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
  'begins again at version 1 after a record expired': {
    breaks: ['expiry.version', 'expiry.at-once'],
    by: (whole) => beginningAgain(whole, () => 1),
  },
  'begins again at the time of day after a record expired': {
    breaks: ['expiry.at-once'],
    by: (whole) => beginningAgain(whole, (now) => Math.floor(now)),
  },
  'writes whatever the version is': {
    breaks: ['commit.conflict', 'commit.conflict-absent', 'commit.one-winner', 'commit.no-lost-update'],
    by: (whole) => ({
      commit: (key, request) => commitAnyway(whole, key, request),
    }),
  },
  'looks first and writes then, in two steps': {
    breaks: ['commit.one-winner', 'commit.no-lost-update'],
    by: (whole) => ({
      async commit(key, request): Promise<CommitReply> {
        const { now, ...reading } = await whole.read(key);
        if (versionOf(reading) !== request.expectedVersion) return { outcome: 'conflict', ...reading, now };
        return commitAnyway(whole, key, request);
      },
    }),
  },
  'does not show the record that is in the way': {
    breaks: ['commit.conflict', 'commit.one-winner', 'commit.lease-is-no-right'],
    by: (whole) => ({
      async commit(key, request) {
        const reply = await whole.commit(key, request);
        return reply.outcome === 'conflict' ? withoutRecord(reply) : reply;
      },
    }),
  },
  'wants a lease for a commit': {
    breaks: ['commit.without-lease', 'commit.ends-any-lease'],
    by(whole) {
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
    by: (whole) => ({
      commit: (key, request) =>
        request.lease === undefined ? whole.commit(key, request) : commitAnyway(whole, key, request),
    }),
  },
  'refuses a commit whose lease is lost': {
    breaks: ['commit.lost-lease'],
    by: (whole) => ({
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
    by(whole, clock) {
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
    by: (whole) => ({
      async commit(key, request) {
        if (request.lease !== undefined) await whole.release(request.lease);
        return whole.commit(key, request);
      },
    }),
  },
  'grants a lease to all who ask': {
    breaks: ['lease.held', 'lease.held-absent', 'lease.one-holder', 'lease.expired'],
    by: (whole) => ({
      async lease(key, { owner, ttl, ifVersion }) {
        const reply = await whole.lease(key, { owner, ttl, ifVersion });
        if (reply.outcome !== 'held') return reply;
        return { ...reply, outcome: 'granted', lease: { key, owner, ttl, id: owner }, abandoned: false };
      },
    }),
  },
  'says of every lease that the one before was abandoned': {
    breaks: ['lease.granted', 'lease.abandoned-last', 'release.frees', 'lease.moved', 'lease.same-owner'],
    by: (whole) => leasing(whole, (reply) => (reply.outcome === 'granted' ? { ...reply, abandoned: true } : reply)),
  },
  'says of no lease that it was abandoned': {
    breaks: ['lease.abandoned', 'expiry.lease'],
    by: (whole) => leasing(whole, (reply) => (reply.outcome === 'granted' ? { ...reply, abandoned: false } : reply)),
  },
  'never forgets that a lease was abandoned': {
    breaks: ['lease.abandoned-last'],
    by(whole) {
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
    by: (whole) => leasing(whole, withoutRecord),
  },
  'does not say until when a lease is held': {
    breaks: ['lease.held', 'lease.one-holder'],
    by: (whole) => leasing(whole, (reply) => (reply.outcome === 'held' ? { ...reply, until: reply.now } : reply)),
  },
  'grants a lease on any version': {
    breaks: ['lease.moved', 'lease.moved-absent', 'lease.moved-first', 'expiry.absent'],
    by: (whole) => ({
      lease: async (key, request) => whole.lease(key, { ...request, ifVersion: versionOf(await whole.read(key)) }),
    }),
  },
  'says that a lease is held before that the record moved on': {
    breaks: ['lease.moved-first'],
    by: (whole) => ({
      async lease(key, request) {
        const held = await whole.lease(key, { ...request, ifVersion: versionOf(await whole.read(key)) });
        if (held.outcome === 'granted') await whole.release(held.lease);
        return held.outcome === 'held' ? held : whole.lease(key, request);
      },
    }),
  },
  'lets no lease expire': {
    breaks: ['lease.expired', 'lease.abandoned', 'now.passes', 'renew.lost'],
    by: (whole) => ({ lease: (key, request) => whole.lease(key, { ...request, ttl: request.ttl * 1_000_000 }) }),
  },
  'takes lengths of leases for seconds': {
    breaks: ['lease.granted'],
    by: (whole) => ({ lease: (key, request) => whole.lease(key, { ...request, ttl: request.ttl * 1000 }) }),
  },
  'gives an owner the same lease twice': {
    breaks: ['lease.same-owner'],
    by(whole) {
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
    by(whole) {
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
    by: () => ({ renew: async () => true }),
  },
  'renews no lease after its end': {
    breaks: ['renew.expired'],
    by(whole, clock) {
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
    by: () => ({ release: async () => {} }),
  },
  'releases whatever lease there is': {
    breaks: ['release.lost', 'release.twice'],
    by(whole) {
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
  'forgets no record': {
    breaks: ['expiry.forgets', 'expiry.anew', 'expiry.absent', 'expiry.version'],
    by: (whole) => ({ commit: (key, { expiresAt: _, ...request }) => whole.commit(key, request) }),
  },
  'keeps to the expiry that a record had first': {
    breaks: ['expiry.anew'],
    by(whole) {
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
    by(whole, clock) {
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
    by(whole) {
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
  'lists nothing as due': {
    breaks: ['due.lists', 'due.stays', 'due.many'],
    by: (whole) => ({ due: async (request) => ({ ...(await whole.due(request)), keys: [] }) }),
  },
  'lists what is due a second early': {
    breaks: ['due.not-yet'],
    by: (whole) => dueAtAnother(whole, (at) => at - 1_000),
  },
  'lists the latest first': {
    breaks: ['due.order', 'due.prefix'],
    by: (whole) => listing(whole, (keys) => keys.toReversed()),
  },
  'lists one more than was asked for': {
    breaks: ['due.limit'],
    by: (whole) => ({ due: ({ prefix, limit }) => whole.due({ prefix, limit: limit + 1 }) }),
  },
  'looks for prefixes without regard to case': {
    breaks: ['due.prefix'],
    by: (whole) => ({
      async due({ prefix, limit }) {
        const { keys, now } = await whole.due({ prefix: '', limit: Number.MAX_SAFE_INTEGER });
        const alike = keys.filter((key) => key.toLowerCase().startsWith(prefix.toLowerCase()));
        return { keys: alike.slice(0, limit), now };
      },
    }),
  },
  'keeps to the first `dueAt` of a record': {
    breaks: ['due.anew', 'due.forgotten'],
    by(whole) {
      const first = new Map<string, number>();
      return {
        commit(key, request) {
          const dueAt = first.get(key) ?? request.dueAt;
          if (dueAt !== undefined) first.set(key, dueAt);
          return whole.commit(key, dueAt === undefined ? request : { ...request, dueAt });
        },
      };
    },
  },
  'takes a record from the list when somebody sees to it': {
    breaks: ['due.stays'],
    by(whole) {
      const leased = new Set<string>();
      return {
        lease(key, request) {
          leased.add(key);
          return whole.lease(key, request);
        },
        ...listing(whole, (keys) => keys.filter((key) => !leased.has(key))),
      };
    },
  },
  'lists what was forgotten': {
    breaks: ['due.forgotten'],
    by(whole) {
      const listed = new Set<string>();
      return {
        commit(key, request) {
          if (request.dueAt !== undefined) listed.add(key);
          return whole.commit(key, request);
        },
        ...listing(whole, (keys) => [...new Set([...keys, ...listed])]),
      };
    },
  },
  'lists keys as a URL has them': {
    breaks: ['due.keys'],
    by: (whole) => listing(whole, (keys) => keys.map(encodeURI)),
  },
  'lists no more than a hundred': {
    breaks: ['due.many'],
    by: (whole) => listing(whole, (keys) => keys.slice(0, 100)),
  },
  'calls no watcher': {
    breaks: ['watch.commit', 'watch.release', 'watch.readable', 'watch.own-key', 'watch.stop'],
    by: () => ({ watch: () => () => {} }),
  },
  'calls watchers without a version': {
    breaks: ['watch.commit'],
    by: (whole) => ({ watch: (key, listener) => whole.watch(key, () => listener(undefined as never)) }),
  },
  'calls watchers after commits alone': {
    breaks: ['watch.release'],
    by: (whole) => tellingOfReleases(whole, () => {}),
  },
  'calls watchers with 0 after each release': {
    breaks: ['watch.release'],
    by: (whole) => tellingOfReleases(whole, (listener) => listener(0)),
  },
  'calls watchers before it writes': {
    breaks: ['watch.readable'],
    by(whole) {
      const listeners: ((version: number) => void)[] = [];
      return {
        async commit(key, request) {
          const seen = versionOf(await whole.read(key));
          if (seen === request.expectedVersion) for (const listener of listeners) listener(seen + 1);
          await Promise.resolve();
          return whole.commit(key, request);
        },
        watch(_, listener) {
          listeners.push(listener);
          return () => {};
        },
      };
    },
  },
  'calls watchers at once': {
    breaks: ['watch.later'],
    by(whole) {
      const listeners: (() => void)[] = [];
      return {
        watch(key, listener) {
          listeners.push(() => listener(0));
          return whole.watch(key, listener);
        },
        release(lease) {
          for (const listener of listeners) listener();
          return whole.release(lease);
        },
      };
    },
  },
  'calls the watchers of all keys': {
    breaks: ['watch.own-key'],
    by(whole) {
      const listeners = new Set<(version: number) => void>();
      return {
        watch(_, listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        async commit(key, request) {
          const reply = await whole.commit(key, request);
          if (reply.outcome === 'committed') for (const listener of listeners) listener(reply.version);
          return reply;
        },
      };
    },
  },
  'goes on calling a watcher that stopped': {
    breaks: ['watch.stop'],
    by: (whole) => ({
      watch(key, listener) {
        whole.watch(key, listener);
        return () => {};
      },
    }),
  },
  'stops all watchers when one stops': {
    breaks: ['watch.stop'],
    by(whole) {
      const stops: (() => void)[] = [];
      return {
        watch(key, listener) {
          stops.push(whole.watch(key, listener));
          return () => {
            for (const stop of stops) stop();
          };
        },
      };
    },
  },
  'files keys without their separators': {
    breaks: ['key.any'],
    by: (whole) => rekeyed(whole, (key) => key.replaceAll(/[^\w-]/g, '_')),
  },
  'takes keys for names of members': {
    breaks: ['key.any'],
    by(whole) {
      const members: Record<string, StoredRecord> = {};
      return {
        async read(key) {
          const { now } = await whole.read(key);
          const record = members[key];
          return record === undefined ? { now } : { record, now };
        },
        async commit(key, request) {
          const reply = await whole.commit(key, request);
          if (reply.outcome === 'committed') members[key] = { value: request.value, version: reply.version };
          return reply;
        },
      };
    },
  },
  'files keys in lower case': { breaks: ['key.exact'], by: (whole) => rekeyed(whole, (key) => key.toLowerCase()) },
  'files keys normalized': { breaks: ['key.exact'], by: (whole) => rekeyed(whole, (key) => key.normalize()) },
  'files keys by their first 255 characters': {
    breaks: ['key.long'],
    by: (whole) => rekeyed(whole, (key) => key.slice(0, 255)),
  },
  'files keys by a short hash': {
    breaks: ['key.many'],
    by: (whole) =>
      rekeyed(whole, (key) => String([...key].reduce((sum, character) => sum + character.charCodeAt(0), 0))),
  },
  'files keys as UTF-8': {
    breaks: ['key.ill-formed'],
    by: (whole) => rekeyed(whole, (key) => Buffer.from(key).toString()),
  },
  'keeps values as UTF-8': {
    breaks: ['value.ill-formed'],
    by: (whole) => rewritten(whole, (value) => (typeof value === 'string' ? Buffer.from(value).toString() : value)),
  },
  'ends values at NUL': {
    breaks: ['value.verbatim'],
    by: (whole) => rewritten(whole, (value) => (typeof value === 'string' ? (value.split('\0')[0] ?? '') : value)),
  },
  'takes an empty value for none': {
    breaks: ['value.verbatim'],
    by: (whole) => ({
      async read(key) {
        const reading = await whole.read(key);
        return reading.record?.value === '' ? withoutRecord(reading) : reading;
      },
    }),
  },
  'keeps 64 kilobytes of a value': {
    breaks: ['value.large'],
    by: (whole) => rewritten(whole, (value) => (typeof value === 'string' ? value.slice(0, 65_536) : value)),
  },
  'makes a string of any value': {
    breaks: ['error.argument'],
    by: (whole) => rewritten(whole, String),
  },
  'fails with other errors than StorageError': {
    breaks: ['error.argument', 'close.after', 'close.during'],
    by: (whole) => {
      const plain = () => {
        throw new Error('It failed.');
      };
      return {
        read: (key) => whole.read(key).catch(plain),
        lease: (key, request) => whole.lease(key, request).catch(plain),
        async commit(key, request) {
          await whole.read(key).catch(plain);
          return whole.commit(key, request).catch(plain);
        },
      };
    },
  },
  'shows in its errors what it could not write': {
    breaks: ['error.secret'],
    by: (whole) => ({
      commit: (key, request) =>
        whole.commit(key, request).catch(() => {
          throw new StorageError('WRITE_FAILED', `Could not write ${request.value}.`);
        }),
    }),
  },
  'keeps with its errors what it could not write': {
    breaks: ['error.secret'],
    by: (whole) => ({
      commit: (key, request) =>
        whole.commit(key, request).catch(() => {
          throw Object.assign(new StorageError('WRITE_FAILED', 'Could not write.'), { cause: { request } });
        }),
    }),
  },
  'stays open': { breaks: ['close.after'], by: () => ({ close: async () => {} }) },
  'throws instead of rejecting': {
    breaks: ['close.after'],
    by(whole) {
      let closed = false;
      return {
        read(key) {
          if (closed) throw new StorageError('storage_closed', 'It was closed.');
          return whole.read(key);
        },
        close() {
          closed = true;
          return whole.close();
        },
      };
    },
  },
  'never ends the calls that it was closed under': {
    breaks: ['close.during'],
    by(whole) {
      let closed = false;
      return {
        async commit(key, request) {
          const reply = await whole.commit(key, request);
          return closed ? new Promise(() => {}) : reply;
        },
        close() {
          closed = true;
          return whole.close();
        },
      };
    },
  },
  'fails when it is closed twice': {
    breaks: ['close.twice'],
    by(whole) {
      let closed = false;
      return {
        async close() {
          if (closed) throw new StorageError('storage_closed', 'It was closed.');
          closed = true;
          await whole.close();
        },
      };
    },
  },
  'calls watchers after it was closed': {
    breaks: ['close.watchers'],
    by(_, clock) {
      return {
        watch(_key, listener) {
          const timer = clock.setTimeout(() => listener(1), 50);
          return () => clock.clearTimeout(timer);
        },
      };
    },
  },
};

/** Commits over the current version, whatever was expected. */
async function commitAnyway(
  whole: TokenStorage,
  key: string,
  request: Parameters<TokenStorage['commit']>[1],
): Promise<CommitReply> {
  const reply = await whole.commit(key, request);
  if (reply.outcome === 'committed') return reply;
  return commitAnyway(whole, key, { ...request, expectedVersion: versionOf(reply) });
}
