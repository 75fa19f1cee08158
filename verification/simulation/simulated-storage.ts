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

/** The state of one key. An entry is never changed but replaced, so that a failover can restore it. */
interface Entry {
  readonly record?: StoredRecord;
  /** When the record expires; `Infinity`: never. */
  readonly expiresAt: number;
  /** From when on the record is listed as due; `Infinity`: never. */
  readonly dueAt: number;
  /** Outlives its deadline, because the next holder is told that it expired. */
  readonly lease?: { readonly id: string; readonly owner: string; readonly deadline: number };
  /** Outlives the record, so that no version is used twice. */
  readonly lastVersion: number;
}

const EMPTY: Entry = { expiresAt: Infinity, dueAt: Infinity, lastVersion: 0 };

/** A commit, with what is needed to repeat it. */
export interface WrittenRecord {
  readonly value: string;
  readonly version: number;
  /** The version that it replaced. */
  readonly base: number;
  readonly expiresAt: number;
  readonly dueAt: number;
}

/**
 * The storage itself, remote from all instances: each call is one step, and takes no time here. Its wall clock, which
 * dates and expires records, may be set; leases use its monotonic clock.
 */
export class SimulatedStorage {
  readonly #now: () => number;
  readonly #monotonic: () => number;
  readonly #entries = new Map<string, Entry>();
  /** The entries before each change. */
  #journal: { readonly at: number; readonly key: string; readonly entry: Entry }[] = [];
  readonly #watchers = new Map<string, Set<(version: number) => void>>();
  readonly #clients = new Set<(away: number) => void>();
  #grants = 0;

  /**
   * @param now - the wall clock; without `monotonic`, one that is never set
   */
  constructor(now: () => number, monotonic = now) {
    this.#now = now;
    this.#monotonic = monotonic;
  }

  /** Returns the keys that were ever written or leased. */
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

  /** Returns whether the lease was still held. */
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
    // Versions follow the clock, so that those after a failover are higher than those that it lost.
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

  /** Returns the version of the last commit on a key, or of an earlier one if that was lost. */
  lastVersionOf(key: string): number {
    return this.#find(key).lastVersion;
  }

  /**
   * Repeats a commit that was lost, unless it was superseded: then the record replaced something later than its base.
   *
   * @param anew - whether to write the record even if there is nothing at all
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

  /** Calls `onBack` whenever the storage was unavailable, and may have lost data. */
  connect(onBack: (away: number) => void): () => void {
    const own = (away: number) => onBack(away);
    this.#clients.add(own);
    return () => void this.#clients.delete(own);
  }

  /**
   * @param away - how long it was unavailable, in milliseconds
   */
  comeBack(away: number): void {
    for (const onBack of [...this.#clients]) onBack(away);
  }

  /** Loses everything. */
  empty(): void {
    this.#entries.clear();
    this.#journal = [];
  }

  /** Restores its state of `loses` milliseconds before: a replica takes over, or a snapshot is restored. */
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

/** Returns the record as part of a reply; the field is absent if there is none. */
function recordOf({ record }: Entry): { readonly record?: StoredRecord } {
  return record === undefined ? {} : { record };
}
