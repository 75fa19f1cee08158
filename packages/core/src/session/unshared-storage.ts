import type { StoredRecord, TokenStorage } from '../kernel/token-storage.js';
import type { Timing } from './session-time.js';

/** So many records are kept before the first look for forgotten ones. */
const FIRST_SWEEP = 64;

/**
 * What sessions keep their records in when the application names no storage: a map that nobody else sees. Each key
 * has one session, so its lease is always granted and its hints have no listener; the versions are kept all the same,
 * because they are what makes a sign-in's `state` work once.
 */
export function unsharedStorage(clock: Pick<Timing, 'now'>): TokenStorage {
  const records = new Map<string, StoredRecord & { readonly expiresAt: number; readonly dueAt: number }>();
  let versions = 0;

  function find(key: string, now: number): StoredRecord | undefined {
    const record = records.get(key);
    if (record === undefined || now < record.expiresAt) return record;
    records.delete(key);
    return undefined;
  }

  /** Sign-ins that were begun and never finished pile up here. Looking at twice as many each time costs each a share. */
  let sweepAt = FIRST_SWEEP;
  function sweep(now: number): void {
    if (records.size < sweepAt) return;
    for (const key of records.keys()) find(key, now);
    sweepAt = Math.max(FIRST_SWEEP, 2 * records.size);
  }

  const seen = (key: string) => {
    const now = clock.now();
    const record = find(key, now);
    return { ...(record && { record }), now };
  };

  return {
    read: async (key) => seen(key),
    async lease(key, { owner, ttl, ifVersion }) {
      const reading = seen(key);
      if ((reading.record?.version ?? 0) !== ifVersion) return { outcome: 'moved', ...reading };
      return {
        outcome: 'granted',
        lease: { key, owner, ttl, id: owner },
        ...reading,
        until: reading.now + ttl,
        abandoned: false,
      };
    },
    renew: async () => true,
    release: async () => {},
    async commit(key, request) {
      const { value, expectedVersion, expiresAt = Infinity, dueAt = Infinity } = request;
      const reading = seen(key);
      if ((reading.record?.version ?? 0) !== expectedVersion) return { outcome: 'conflict', ...reading };
      sweep(reading.now);
      const version = ++versions;
      records.set(key, { value, version, expiresAt, dueAt });
      return { outcome: 'committed', version, now: reading.now };
    },
    async due({ prefix, limit }) {
      const now = clock.now();
      const due = [...records]
        .filter(([key, { expiresAt, dueAt }]) => key.startsWith(prefix) && dueAt <= now && now < expiresAt)
        .sort(([, one], [, other]) => one.dueAt - other.dueAt);
      return { keys: due.slice(0, limit).map(([key]) => key), now };
    },
    watch: () => () => {},
    close: async () => records.clear(),
  };
}
