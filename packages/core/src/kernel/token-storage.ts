/**
 * Where sessions keep their records. One record a key, and every write is a compare-and-set: the version keeps the
 * record correct; the lease only saves work.
 *
 * Values are opaque strings. `undefined` stands for absence alone: whatever fails rejects with a `StorageError`.
 * Every reply carries the storage's own clock (`now`, milliseconds since the Unix epoch), so that instances whose
 * clocks differ agree on what has expired.
 */
export interface TokenStorage {
  read(key: string): Promise<Reading>;
  /**
   * Asks for the right to renew the record, and reads it, in one step. The lease is granted only while the record
   * still has the version `ifVersion`, and nobody else holds an unexpired lease.
   */
  lease(key: string, request: LeaseRequest): Promise<LeaseReply>;
  /** Begins the lease's `ttl` anew. `false`: it is lost, because it expired and was taken, or was ended by a commit. */
  renew(lease: Lease): Promise<boolean>;
  /** Ends the lease without a commit, and says so to whoever watches. One that is no longer held is left alone. */
  release(lease: Lease): Promise<void>;
  /**
   * Writes the record if it still has the expected version, ends the lease that stands on it, and tells those who
   * watch, in one step. A lease is not needed, and having one does not help against a newer version.
   */
  commit(key: string, request: CommitRequest): Promise<CommitReply>;
  /**
   * Lists the keys of records whose `dueAt` has come, the earliest first. Whoever sees to one says by its next commit
   * when it is due again; until then it stays in the list.
   */
  due(request: DueRequest): Promise<DueReply>;
  /**
   * Calls `listener` after a commit or a release, with the record's version after it (0 when there is no record). A
   * storage that can lose data also calls it when it finds the record older than it was, or gone, so that sessions with
   * newer tokens write them again. A hint: it may come late, twice or never, so nothing may depend on it alone. The
   * listener must not throw.
   */
  watch(key: string, listener: (version: number) => void): Unsubscribe;
  /** Ends the storage's own timers and subscriptions. Calls that come after it reject with a `StorageError`. */
  close(): Promise<void>;
}

export type Unsubscribe = () => void;

export interface StoredRecord {
  readonly value: string;
  /**
   * A positive integer. It grows with every commit of the key and is never used twice for it, not even after expiry. A
   * storage that can lose its last writes takes it from a clock, so that this holds after such a loss as well: sessions
   * know by an earlier version that writes were lost.
   */
  readonly version: number;
}

export interface Reading {
  readonly record?: StoredRecord;
  readonly now: number;
}

export interface LeaseRequest {
  /** Who asks: a name that no other session has. */
  readonly owner: string;
  /** How long the lease lasts unless it is renewed, in milliseconds. */
  readonly ttl: number;
  /** The version that the asker knows; 0 when it knows of no record. */
  readonly ifVersion: number;
}

/** A lease that was granted. To be handed back as it is; only the storage reads it. */
export interface Lease {
  readonly key: string;
  readonly owner: string;
  readonly ttl: number;
  /** The storage's own mark of this one grant. */
  readonly id: string;
}

export type LeaseReply =
  | {
      readonly outcome: 'granted';
      readonly lease: Lease;
      readonly record?: StoredRecord;
      /** When the lease ends unless it is renewed, on the storage's clock. */
      readonly until: number;
      /** The lease before this one ended by time, without commit or release: what it was for may have been done. */
      readonly abandoned: boolean;
      readonly now: number;
    }
  /** Somebody else has it, until the time given at the latest unless they renew. */
  | { readonly outcome: 'held'; readonly record?: StoredRecord; readonly until: number; readonly now: number }
  /** The record has another version than `ifVersion`, and here it is; none, if it is gone. */
  | { readonly outcome: 'moved'; readonly record?: StoredRecord; readonly now: number };

export interface CommitRequest {
  readonly value: string;
  /** The version that the record must have for the write to happen; 0: there must be none. */
  readonly expectedVersion: number;
  readonly lease?: Lease;
  /** When the storage may forget the record, on its own clock; never, when absent. */
  readonly expiresAt?: number;
  /** From when on `due` lists the record, on the storage's clock; never, when absent. Each commit says it anew. */
  readonly dueAt?: number;
}

export type CommitReply =
  | { readonly outcome: 'committed'; readonly version: number; readonly now: number }
  /** The record has another version, and here it is; none, if it is gone. Nothing was written. */
  | { readonly outcome: 'conflict'; readonly record?: StoredRecord; readonly now: number };

export interface DueRequest {
  /** How the keys begin; every key begins with the empty string. */
  readonly prefix: string;
  /** How many keys are listed at most: a whole number above 0. */
  readonly limit: number;
}

export interface DueReply {
  readonly keys: readonly string[];
  readonly now: number;
}
