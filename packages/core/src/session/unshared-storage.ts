import type { StoredRecord, TokenStorage } from '../kernel/token-storage.js';
import type { Timing } from './session-time.js';

/** The number of records that triggers the first removal of expired ones. */
const FIRST_SWEEP = 64;

/**
 * The default storage: a map that no other process shares. Each key has one session, so its lease is always granted and
 * hints have no listener. Versions are still kept, because they make a sign-in's `state` work only once.
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

  /** Unfinished sign-ins accumulate here. Doubling the threshold keeps the cost per record constant. */
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
