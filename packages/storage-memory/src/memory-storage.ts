import { StorageError } from '@frameio-auth/core';
import {
  assertCommitRequest,
  assertDueRequest,
  assertLeaseRequest,
  type Clock,
  type StoredRecord,
  systemClock,
  type TokenStorage,
} from '@frameio-auth/core/adapter';

export interface MemoryStorageOptions {
  /** The clock for replies, leases and expiry. Default: the system's clock. */
  readonly clock?: Pick<Clock, 'now'>;
}

/** The state of one key: a record, a lease, or both. */
interface Entry {
  record?: StoredRecord;
  /** When the record expires; `Infinity`: never. */
  expiresAt: number;
  /** From when on the record is listed as due; `Infinity`: never. */
  dueAt: number;
  /** Outlives its deadline and its record: an expired lease is evidence that its work may have been done. */
  lease?: { readonly id: string; readonly owner: string; readonly ttl: number; until: number };
}

/** How many keys are kept before the first sweep of expired ones. */
const FIRST_SWEEP = 64;

/**
 * Creates a storage that keeps records in the memory of this process. All sessions that use the same storage share
 * them, and they are lost with it.
 *
 * Every call takes effect in one step, a microtask after it was made, in the order of the calls.
 *
 * @throws StorageError `storage_closed` after `close()`, `invalid_argument` for values that cannot be stored. Methods
 *   that return a promise reject with it; `watch` throws it.
 */
export function memoryStorage({ clock = systemClock() }: MemoryStorageOptions = {}): TokenStorage {
  const entries = new Map<string, Entry>();
  const watchers = new Map<string, Set<(version: number) => void>>();
  let closed = false;
  let versions = 0; // One counter for all keys, so that a key that was removed cannot start again at 1.
  let grants = 0;
  let sweepAt = FIRST_SWEEP;

  function assertOpen(): void {
    if (closed)
      throw new StorageError('storage_closed', 'The memory storage was closed. Close it after the last session.');
  }

  /** Runs the whole action later and in one step, as a remote storage would. */
  async function step<Reply>(action: (now: number) => Reply): Promise<Reply> {
    assertOpen();
    await undefined;
    return action(clock.now());
  }

  /** Returns the current entry: without an expired record, or none if nothing else is left. */
  function find(key: string, now: number): Entry | undefined {
    const entry = entries.get(key);
    if (entry?.record === undefined || now < entry.expiresAt) return entry;
    delete entry.record;
    if (entry.lease !== undefined) return entry;
    entries.delete(key);
    return undefined;
  }

  function add(key: string, now: number): Entry {
    if (entries.size >= sweepAt) {
      for (const known of entries.keys()) find(known, now);
      sweepAt = Math.max(FIRST_SWEEP, 2 * entries.size); // So the amortized cost of a sweep per new key is constant.
    }
    const entry: Entry = { expiresAt: Infinity, dueAt: Infinity };
    entries.set(key, entry);
    return entry;
  }

  /** Calls each listener in its own microtask, so that none runs inside a caller or stops another by throwing. */
  function notify(key: string): void {
    const version = entries.get(key)?.record?.version ?? 0;
    for (const listener of watchers.get(key) ?? []) {
      void Promise.resolve().then(() => {
        if (watchers.get(key)?.has(listener)) listener(version);
      });
    }
  }

  return {
    read: async (key) => step((now) => ({ ...recordOf(find(key, now)), now })),

    async lease(key, request) {
      assertLeaseRequest(request);
      const { owner, ttl, ifVersion } = request;
      return step((now) => {
        const entry = find(key, now);
        const seen = { ...recordOf(entry), now };
        if ((entry?.record?.version ?? 0) !== ifVersion) return { outcome: 'moved', ...seen };
        const last = entry?.lease;
        // If the clock was set back, a lease must not last longer than it was granted for.
        if (last !== undefined) last.until = Math.min(last.until, now + last.ttl);
        if (last !== undefined && last.owner !== owner && now < last.until) {
          return { outcome: 'held', ...seen, until: last.until };
        }
        const id = String(++grants);
        const until = now + ttl;
        (entry ?? add(key, now)).lease = { id, owner, ttl, until };
        const abandoned = last !== undefined && now >= last.until;
        return { outcome: 'granted', lease: { key, owner, ttl, id }, ...seen, until, abandoned };
      });
    },

    renew: async ({ key, id, ttl }) =>
      step((now) => {
        const lease = find(key, now)?.lease;
        if (lease?.id !== id) return false;
        lease.until = now + ttl;
        return true;
      }),

    release: async ({ key, id }) =>
      step((now) => {
        const entry = find(key, now);
        if (entry?.lease?.id !== id) return;
        delete entry.lease;
        if (entry.record === undefined) entries.delete(key);
        notify(key);
      }),

    async commit(key, request) {
      assertCommitRequest(request);
      const { value, expectedVersion, expiresAt = Infinity, dueAt = Infinity } = request;
      return step((now) => {
        const entry = find(key, now);
        if ((entry?.record?.version ?? 0) !== expectedVersion) return { outcome: 'conflict', ...recordOf(entry), now };
        const written = entry ?? add(key, now);
        const version = ++versions;
        written.record = Object.freeze({ value, version });
        written.expiresAt = expiresAt;
        written.dueAt = dueAt;
        delete written.lease;
        notify(key);
        return { outcome: 'committed', version, now };
      });
    },

    async due(request) {
      assertDueRequest(request);
      const { prefix, limit } = request;
      return step((now) => {
        const due = [...entries]
          .filter(([key, { dueAt }]) => dueAt <= now && key.startsWith(prefix))
          .filter(([key]) => find(key, now)?.record !== undefined)
          .sort(([, one], [, other]) => one.dueAt - other.dueAt);
        return { keys: due.slice(0, limit).map(([key]) => key), now };
      });
    },

    watch(key, listener) {
      assertOpen();
      const listeners = watchers.get(key) ?? new Set<(version: number) => void>();
      const call = (version: number) => listener(version); // A new function, so that the same listener can watch twice.
      watchers.set(key, listeners.add(call));
      return () => {
        if (listeners.delete(call) && listeners.size === 0) watchers.delete(key);
      };
    },

    async close() {
      closed = true;
      await undefined; // Lets earlier calls finish.
      entries.clear();
      watchers.clear();
    },
  };
}

/** Returns the record as part of a reply; the field is absent if there is none. */
function recordOf(entry: Entry | undefined): { readonly record?: StoredRecord } {
  return entry?.record === undefined ? {} : { record: entry.record };
}
