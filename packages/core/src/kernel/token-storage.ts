/**
 * Stores the records of sessions: one record per key. Every write is a compare-and-set. The version keeps the record
 * correct; the lease only saves work.
 *
 * Values are opaque strings. `undefined` only means absence: every failure rejects with a `StorageError`. Every reply
 * carries the storage's own clock (`now`, milliseconds since the Unix epoch), so that instances with different clocks
 * agree on what has expired.
 */
export interface TokenStorage {
  read(key: string): Promise<Reading>;
  /**
   * Requests the right to refresh the record, and reads it, in one step. The lease is granted only if the record still
   * has the version `ifVersion` and no other instance holds an unexpired lease.
   */
  lease(key: string, request: LeaseRequest): Promise<LeaseReply>;
  /**
   * Restarts the lease's `ttl`. Resolves to `false` if the lease is lost: it expired and was taken, or a commit ended
   * it.
   */
  renew(lease: Lease): Promise<boolean>;
  /** Ends the lease without a commit, and notifies the watchers. Does nothing if the lease is no longer held. */
  release(lease: Lease): Promise<void>;
  /**
   * Writes the record if it still has the expected version, ends its current lease, and notifies the watchers, in one
   * step. A lease is not required, and holding one does not help against a newer version.
   */
  commit(key: string, request: CommitRequest): Promise<CommitReply>;
  /**
   * Lists the keys of records with a `dueAt` that has passed, the earliest first. The next commit of a record says when
   * it is due again; until then it stays in the list.
   */
  due(request: DueRequest): Promise<DueReply>;
  /**
   * Calls `listener` after a commit or a release, with the record's version after it (0 if there is no record). A
   * storage that can lose data also calls it when it finds that a record is older than it was, or gone. Sessions with
   * newer tokens then write them again. Calls are hints: they may come late, twice or never, so nothing may depend on
   * them alone. The listener must not throw.
   */
  watch(key: string, listener: (version: number) => void): Unsubscribe;
  /** Ends the storage's own timers and subscriptions. Later calls reject with a `StorageError`. */
  close(): Promise<void>;
}

export type Unsubscribe = () => void;

export interface StoredRecord {
  readonly value: string;
  /**
   * A positive integer. It grows with every commit of the key and is never reused for that key, not even after expiry.
   * A storage that can lose its last writes derives it from a clock, so that this still holds after such a loss. An
   * older version then tells sessions that writes were lost.
   */
  readonly version: number;
}

export interface Reading {
  readonly record?: StoredRecord;
  readonly now: number;
}

export interface LeaseRequest {
  /** The session that requests the lease: a name that no other session has. */
  readonly owner: string;
  /** How long the lease lasts unless it is renewed, in milliseconds. */
  readonly ttl: number;
  /** The version that the session knows; 0 if it knows of no record. */
  readonly ifVersion: number;
}

/** A lease that was granted. Pass it back unchanged; only the storage reads it. */
export interface Lease {
  readonly key: string;
  readonly owner: string;
  readonly ttl: number;
  /** The storage's own ID of this grant. */
  readonly id: string;
}

export type LeaseReply =
  | {
      readonly outcome: 'granted';
      readonly lease: Lease;
      readonly record?: StoredRecord;
      /** When the lease ends unless it is renewed, on the storage's clock. */
      readonly until: number;
      /**
       * Whether the previous lease expired, without a commit or a release. What it was taken for may have been done.
       */
      readonly abandoned: boolean;
      readonly now: number;
    }
  /** Another instance holds the lease, at most until the given time unless it renews. */
  | { readonly outcome: 'held'; readonly record?: StoredRecord; readonly until: number; readonly now: number }
  /** The record's version is not `ifVersion`. `record` is the current one; absent if there is none. */
  | { readonly outcome: 'moved'; readonly record?: StoredRecord; readonly now: number };

export interface CommitRequest {
  readonly value: string;
  /** The version that the record must have for the write to happen; 0: there must be no record. */
  readonly expectedVersion: number;
  readonly lease?: Lease;
  /** When the storage may delete the record, on its own clock. Default: never. */
  readonly expiresAt?: number;
  /** From when on `due` lists the record, on the storage's clock. Default: never. Each commit sets it anew. */
  readonly dueAt?: number;
}

export type CommitReply =
  | { readonly outcome: 'committed'; readonly version: number; readonly now: number }
  /** The record has another version, and nothing was written. `record` is the current one; absent if there is none. */
  | { readonly outcome: 'conflict'; readonly record?: StoredRecord; readonly now: number };

export interface DueRequest {
  /** The prefix of the keys to list; the empty string matches every key. */
  readonly prefix: string;
  /** The maximum number of keys: a whole number above 0. */
  readonly limit: number;
}

export interface DueReply {
  readonly keys: readonly string[];
  readonly now: number;
}
