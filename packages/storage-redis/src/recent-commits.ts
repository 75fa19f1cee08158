import type { RedisClient } from './redis-client.js';

/** What it takes to write a record as it was written. */
export interface WrittenRecord {
  readonly key: string;
  /** The name of the commit. */
  readonly id: string;
  readonly value: string;
  readonly version: string;
  /** The version that it was written over. */
  readonly base: string;
  /** When it may be forgotten, as scripts take it; empty: never. */
  readonly expires: string;
  /** From when on it is listed as due, as scripts take it; empty: never. */
  readonly due: string;
}

/** Writes older than this have reached the replicas, or never will. In milliseconds. */
const SPAN = 60_000;

/** Several nodes of a cluster come and go at once, and some are not ready yet. In milliseconds. */
const SETTLING = 250;
const BETWEEN_TRIES = 1_000;
const TRIES = 10;

/**
 * This process's commits of the last minute, to be made again where Redis has lost them: a failover promotes a replica
 * that may lack the last writes, and a refresh token that was written nowhere else cannot be had again.
 *
 * After each reconnection, and when nodes of a cluster come or go, each is offered once more. Redis takes what is newer
 * than what it has.
 *
 * Where Redis has nothing, nobody can tell a loss from an end: what was flushed or deleted by hand comes back as well, if
 * its process connects anew within the minute. A record that took the place of another must therefore outlive it, or
 * that minute; sessions keep theirs for as long as what they replace is good, or for weeks.
 */
export class RecentCommits {
  readonly #client: RedisClient;
  readonly #restore: (record: WrittenRecord) => Promise<unknown>;
  readonly #commits = new Map<string, WrittenRecord & { readonly at: number }>();
  #forgetting: NodeJS.Timeout | undefined;
  #restoring: NodeJS.Timeout | undefined;

  constructor(client: RedisClient, restore: (record: WrittenRecord) => Promise<unknown>) {
    this.#client = client;
    this.#restore = restore;
    for (const event of this.#occasions()) client.on(event, this.#onChange);
  }

  add(record: WrittenRecord): void {
    this.#commits.delete(record.key); // So that the oldest are the first.
    this.#commits.set(record.key, { ...record, at: performance.now() });
    this.#forgetting ??= setInterval(this.#forgetOld, SPAN).unref();
  }

  close(): void {
    for (const event of this.#occasions()) this.#client.off(event, this.#onChange);
    clearInterval(this.#forgetting);
    clearTimeout(this.#restoring);
    this.#commits.clear();
  }

  #occasions(): readonly string[] {
    return this.#client.isCluster ? ['ready', '+node', '-node'] : ['ready'];
  }

  /** While Redis is away, nobody knows what it will have lost when it is back, so all are kept. */
  readonly #forgetOld = (): void => {
    if (this.#client.status !== 'ready') return;
    const since = performance.now() - SPAN;
    for (const [key, { at }] of this.#commits) {
      if (at >= since) return;
      this.#commits.delete(key);
    }
    clearInterval(this.#forgetting);
    this.#forgetting = undefined;
  };

  readonly #onChange = (): void => this.#restoreIn(SETTLING, TRIES);

  #restoreIn(delay: number, tries: number): void {
    clearTimeout(this.#restoring);
    if (this.#commits.size === 0 || tries === 0) return;
    this.#restoring = setTimeout(async () => {
      const offered = await Promise.allSettled([...this.#commits.values()].map((record) => this.#restore(record)));
      if (offered.some(({ status }) => status === 'rejected')) this.#restoreIn(BETWEEN_TRIES, tries - 1);
    }, delay).unref();
  }
}
