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
} from '@frameio-auth/core/adapter';

/** All that is known of one key. An entry is never changed but replaced, so that a failover can bring it back. */
interface Entry {
  readonly record?: StoredRecord;
  /** When the record is to be forgotten; `Infinity`: never. */
  readonly expiresAt: number;
  /** From when on the record is listed as due; `Infinity`: never. */
  readonly dueAt: number;
  /** Outlives its deadline: that it ended by time is what the next holder is told. */
  readonly lease?: { readonly id: string; readonly owner: string; readonly deadline: number };
  /** Outlives the record: no version is given twice. */
  readonly lastVersion: number;
}

const EMPTY: Entry = { expiresAt: Infinity, dueAt: Infinity, lastVersion: 0 };

/** A commit, as it may have to be made again. */
export interface WrittenRecord {
  readonly value: string;
  readonly version: number;
  /** The version that it was written over. */
  readonly base: number;
  readonly expiresAt: number;
  readonly dueAt: number;
}

/**
 * The storage itself, far away from all instances: each call is one step, and takes no time here. Its wall clock, by
 * which it dates and forgets records, may be set; leases end by its monotonic clock.
 */
export class SimulatedStorage {
  readonly #now: () => number;
  readonly #monotonic: () => number;
  readonly #entries = new Map<string, Entry>();
  /** What was there before each change. */
  #journal: { readonly at: number; readonly key: string; readonly entry: Entry }[] = [];
  readonly #watchers = new Map<string, Set<(version: number) => void>>();
  readonly #clients = new Set<(away: number) => void>();
  #grants = 0;

  /** @param now - the wall clock; where `monotonic` is left out, one that nobody sets */
  constructor(now: () => number, monotonic = now) {
    this.#now = now;
    this.#monotonic = monotonic;
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
    const left = last === undefined ? 0 : last.deadline - this.#monotonic();
    if (last !== undefined && last.owner !== owner && left > 0) {
      return { outcome: 'held', ...seen, until: now + left };
    }
    this.#grants += 1;
    const id = String(this.#grants);
    this.#replace(key, { ...entry, lease: { id, owner, deadline: this.#monotonic() + ttl } });
    const abandoned = last !== undefined && left <= 0;
    return { outcome: 'granted', lease: { key, owner, ttl, id }, ...seen, until: now + ttl, abandoned };
  }

  renew({ key, id, ttl }: Lease): boolean {
    const entry = this.#find(key);
    if (entry.lease?.id !== id) return false;
    this.#replace(key, { ...entry, lease: { ...entry.lease, deadline: this.#monotonic() + ttl } });
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

  /** The version that the last commit on a key was given or, where that was lost, the one before. */
  lastVersionOf(key: string): number {
    return this.#find(key).lastVersion;
  }

  /**
   * Makes a commit again that was lost, and not one that was outdone: that stands on something later than its base.
   *
   * @param anew - whether also where there is nothing at all
   */
  restore(key: string, { value, version, base, expiresAt, dueAt }: WrittenRecord, anew: boolean): 'restored' | 'kept' {
    const { lastVersion } = this.#find(key);
    if (lastVersion === 0 && !anew) return 'kept';
    if (lastVersion >= version || this.#now() >= expiresAt) return 'kept';
    if (lastVersion > base) {
      this.#notify(key);
      return 'kept';
    }
    this.#replace(key, { record: Object.freeze({ value, version }), expiresAt, dueAt, lastVersion: version });
    this.#notify(key);
    return 'restored';
  }

  /** Calls `onBack` whenever the storage has been away, and may have lost what it had. */
  connect(onBack: (away: number) => void): () => void {
    const own = (away: number) => onBack(away);
    this.#clients.add(own);
    return () => void this.#clients.delete(own);
  }

  /** @param away - for how long, in milliseconds */
  comeBack(away: number): void {
    for (const onBack of [...this.#clients]) onBack(away);
  }

  /** Loses all that it has. */
  empty(): void {
    this.#entries.clear();
    this.#journal = [];
  }

  /** Goes back to what it was `loses` milliseconds before: a replica takes over, or a snapshot is restored. */
  rewind(loses: number): void {
    const knows = this.#monotonic() - loses;
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
    this.#journal.push({ at: this.#monotonic(), key, entry: this.#entries.get(key) ?? EMPTY });
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
