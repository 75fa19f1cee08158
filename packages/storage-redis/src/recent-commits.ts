/** What it takes to write a record as it was written. */
export interface WrittenRecord {
  readonly key: string;
  /** The name of the commit. */
  readonly id: string;
  readonly value: string;
  readonly version: number;
  /** The version that it was written over. */
  readonly base: number;
  /** When it may be forgotten, as scripts take it; empty: never. */
  readonly expires: string;
  /** From when on it is listed as due, as scripts take it; empty: never. */
  readonly due: string;
}

/** Writes older than this have reached the replicas, or never will. In milliseconds. */
const SPAN = 60_000;

/** Some three megabytes, where a record has the size of an Adobe token. */
const MOST = 1_000;

/**
 * This process's last commits, for keys that no session of it watches any more: sign-ins that are pending, and sessions
 * that were closed after a request. A session that is open keeps its tokens itself.
 *
 * A commit leaves when something newer of its key is known, after a minute, or when a thousand newer ones came.
 */
export class RecentCommits {
  readonly #commits = new Map<string, WrittenRecord & { readonly at: number }>();

  add(record: WrittenRecord): void {
    this.#commits.delete(record.key); // So that the oldest are the first.
    this.#commits.set(record.key, { ...record, at: performance.now() });
    const [oldest] = this.#commits.keys();
    if (this.#commits.size > MOST) this.#commits.delete(oldest as string);
  }

  /** The record of a key has, or had, this version. */
  note(key: string, version: number): void {
    const commit = this.#commits.get(key);
    if (commit !== undefined && commit.version < version) this.#commits.delete(key);
  }

  /** While Redis is away, nobody knows what it will have lost when it is back, so this is for when it is there. */
  forgetOld(): void {
    const since = performance.now() - SPAN;
    for (const [key, { at }] of this.#commits) {
      if (at >= since) return;
      this.#commits.delete(key);
    }
  }

  get all(): readonly WrittenRecord[] {
    return [...this.#commits.values()];
  }

  /** Whether it is still the newest that is known. */
  has({ key, id }: WrittenRecord): boolean {
    return this.#commits.get(key)?.id === id;
  }

  clear(): void {
    this.#commits.clear();
  }
}
