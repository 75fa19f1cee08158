/** What is needed to write a record again unchanged. */
export interface WrittenRecord {
  readonly key: string;
  /** The id of the commit. */
  readonly id: string;
  readonly value: string;
  readonly version: number;
  /** The version that it replaced. */
  readonly base: number;
  /** When it expires, as scripts take it; empty: never. */
  readonly expires: string;
  /** From when on it is listed as due, as scripts take it; empty: never. */
  readonly due: string;
}

/** How long commits are kept, in milliseconds. Older writes have reached the replicas, or never will. */
const MAX_AGE = 60_000;

/** About three megabytes, if a record has the size of an Adobe token. */
const MAX_COMMITS = 1_000;

/**
 * Keeps this process's last commits for keys that none of its sessions watches any more: pending sign-ins, and sessions
 * that were closed after a request. An open session keeps its tokens itself.
 *
 * A commit is dropped when something newer of its key is known, after a minute, or after a thousand newer ones.
 */
export class RecentCommits {
  readonly #commits = new Map<string, WrittenRecord & { readonly at: number }>();

  add(record: WrittenRecord): void {
    this.#commits.delete(record.key); // So that the oldest come first.
    this.#commits.set(record.key, { ...record, at: performance.now() });
    const [oldest] = this.#commits.keys();
    if (this.#commits.size > MAX_COMMITS) this.#commits.delete(oldest as string);
  }

  /** Notes that the record of a key has, or had, this version. */
  note(key: string, version: number): void {
    const commit = this.#commits.get(key);
    if (commit !== undefined && commit.version < version) this.#commits.delete(key);
  }

  /**
   * Drops old commits. Call it only while connected, because during an outage it is unknown what Redis will have lost.
   */
  forgetOld(): void {
    const since = performance.now() - MAX_AGE;
    for (const [key, { at }] of this.#commits) {
      if (at >= since) return;
      this.#commits.delete(key);
    }
  }

  get all(): readonly WrittenRecord[] {
    return [...this.#commits.values()];
  }

  /** Whether a record is still the newest that is known. */
  has({ key, id }: WrittenRecord): boolean {
    return this.#commits.get(key)?.id === id;
  }

  clear(): void {
    this.#commits.clear();
  }
}
