import type {
  CommitReply,
  CommitRequest,
  DueReply,
  DueRequest,
  Lease,
  LeaseReply,
  LeaseRequest,
  Reading,
  StoredRecord,
} from '@frameio-auth/core';

/** All that is known of one key. An entry is never changed but replaced, so that a failover can bring it back. */
interface Entry {
  readonly record?: StoredRecord;
  /** When the record is to be forgotten; `Infinity`: never. */
  readonly expiresAt: number;
  /** From when on the record is listed as due; `Infinity`: never. */
  readonly dueAt: number;
  /** Outlives its deadline: that it ended by time is what the next holder is told. */
  readonly lease?: { readonly id: string; readonly owner: string; readonly until: number };
  /** Outlives the record: no version is given twice. */
  readonly lastVersion: number;
}

const EMPTY: Entry = { expiresAt: Infinity, dueAt: Infinity, lastVersion: 0 };

/** The storage itself, far away from all instances: each call is one step, and takes no time here. */
export class SimulatedStorage {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  /** What was there before each change. */
  #journal: { readonly at: number; readonly key: string; readonly entry: Entry }[] = [];
  readonly #watchers = new Map<string, Set<(version: number) => void>>();
  #grants = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The keys that were ever written or leased. */
  get keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  read(key: string): Reading {
    return { ...recordOf(this.#find(key)), now: this.#now() };
  }

  lease(key: string, { owner, ttl, ifVersion }: LeaseRequest): LeaseReply {
    const now = this.#now();
    const entry = this.#find(key);
    const seen = { ...recordOf(entry), now };
    if ((entry.record?.version ?? 0) !== ifVersion) return { outcome: 'moved', ...seen };
    const last = entry.lease;
    if (last !== undefined && last.owner !== owner && now < last.until) {
      return { outcome: 'held', ...seen, until: last.until };
    }
    this.#grants += 1;
    const id = String(this.#grants);
    const until = now + ttl;
    this.#replace(key, { ...entry, lease: { id, owner, until } });
    const abandoned = last !== undefined && now >= last.until;
    return { outcome: 'granted', lease: { key, owner, ttl, id }, ...seen, until, abandoned };
  }

  renew({ key, id, ttl }: Lease): boolean {
    const entry = this.#find(key);
    if (entry.lease?.id !== id) return false;
    this.#replace(key, { ...entry, lease: { ...entry.lease, until: this.#now() + ttl } });
    return true;
  }

  /** Whether the lease was still held. */
  release({ key, id }: Lease): boolean {
    const { lease, ...entry } = this.#find(key);
    if (lease?.id !== id) return false;
    this.#replace(key, entry);
    this.#notify(key);
    return true;
  }

  commit(key: string, request: CommitRequest): CommitReply {
    const { value, expectedVersion, expiresAt = Infinity, dueAt = Infinity } = request;
    const now = this.#now();
    const entry = this.#find(key);
    if ((entry.record?.version ?? 0) !== expectedVersion) return { outcome: 'conflict', ...recordOf(entry), now };
    // Versions follow the clock, so that those given after a failover are higher than those that it lost.
    const version = Math.max(entry.lastVersion + 1, now);
    this.#replace(key, { record: Object.freeze({ value, version }), expiresAt, dueAt, lastVersion: version });
    this.#notify(key);
    return { outcome: 'committed', version, now };
  }

  due({ prefix, limit }: DueRequest): DueReply {
    const now = this.#now();
    const due = [...this.#entries.keys()]
      .map((key) => ({ key, ...this.#find(key) }))
      .filter(({ key, record, dueAt }) => record !== undefined && dueAt <= now && key.startsWith(prefix))
      .sort((one, other) => one.dueAt - other.dueAt);
    return { keys: due.slice(0, limit).map(({ key }) => key), now };
  }

  watch(key: string, listener: (version: number) => void): () => void {
    const listeners = this.#watchers.get(key) ?? new Set();
    const own = (version: number) => listener(version);
    this.#watchers.set(key, listeners.add(own));
    return () => void listeners.delete(own);
  }

  /** A replica takes over that has not heard of the last `loses` milliseconds. */
  failOver(loses: number): void {
    const knows = this.#now() - loses;
    for (let last = this.#journal.at(-1); last !== undefined && last.at > knows; last = this.#journal.at(-1)) {
      this.#journal.pop();
      this.#entries.set(last.key, last.entry);
    }
  }

  #find(key: string): Entry {
    const entry = this.#entries.get(key) ?? EMPTY;
    if (entry.record === undefined || this.#now() < entry.expiresAt) return entry;
    const { record: _, ...rest } = entry;
    return rest;
  }

  #replace(key: string, entry: Entry): void {
    this.#journal.push({ at: this.#now(), key, entry: this.#entries.get(key) ?? EMPTY });
    this.#entries.set(key, entry);
  }

  #notify(key: string): void {
    const version = this.#find(key).record?.version ?? 0;
    for (const listener of this.#watchers.get(key) ?? []) listener(version);
  }
}

/** The record as a part of a reply, which has no such field when there is none. */
function recordOf({ record }: Entry): { readonly record?: StoredRecord } {
  return record === undefined ? {} : { record };
}
