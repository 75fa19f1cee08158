import type { Receiver } from './receiver.ts';
import type { WrittenRecord } from './simulated-storage.ts';

/** How long commits are kept, in milliseconds. Older ones have reached the replicas, or never will. */
const SPAN = 60_000;

/**
 * How long a connection takes to notice that the storage is back, and to check whether it lost something, in
 * milliseconds.
 */
const SETTLING = 250;
const BETWEEN_TRIES = 1_000;
const TRIES = 20;

/** If there is no record at all, how long sessions with newer tokens have to write them first, in milliseconds. */
const SESSIONS_FIRST = 2_000;

export interface OfferedCommitsOptions {
  readonly receiver: Receiver;
  /**
   * @param anew - whether to write the record even if the storage has nothing at all
   */
  readonly offer: (key: string, record: WrittenRecord, anew: boolean) => Promise<unknown>;
  /** Whether a session has the record in memory, and will itself check whether the storage lost it. */
  readonly isWatched: (key: string) => boolean;
  /** Whether to offer all commits, even those that are known to be superseded: a mutant. */
  readonly offersSuperseded: boolean;
}

/**
 * The newest commits of one connection for records that none of its sessions watches any more, as in `redisStorage()`.
 * They are offered again when the storage returns and may have lost them, unless they are known to be superseded.
 */
export class OfferedCommits {
  readonly #options: OfferedCommitsOptions;
  readonly #commits = new Map<string, { readonly record: WrittenRecord; readonly at: number }>();
  #tries = 0;

  constructor(options: OfferedCommitsOptions) {
    this.#options = options;
  }

  add(key: string, record: WrittenRecord): void {
    this.#commits.set(key, { record, at: this.#options.receiver.clock.monotonic() });
  }

  /** Notes a version in a reply. */
  observe(key: string, version: number): void {
    const own = this.#commits.get(key);
    if (own !== undefined && own.record.version < version && !this.#options.offersSuperseded) this.#commits.delete(key);
  }

  /**
   * @param away - how long the storage could not be written, in milliseconds
   */
  offerAgain(away: number): void {
    this.#tries = TRIES;
    const since = this.#options.receiver.clock.monotonic() - away - SPAN;
    const { offersSuperseded } = this.#options;
    this.#offerIn(SETTLING, since, offersSuperseded);
    if (!offersSuperseded) this.#offerIn(SETTLING + SESSIONS_FIRST, since, true);
  }

  close(): void {
    this.#commits.clear();
  }

  #offerIn(delay: number, since: number, anew: boolean): void {
    const { receiver, offer, isWatched, offersSuperseded } = this.#options;
    if (this.#tries === 0) return;
    this.#tries -= 1;
    const offerAll = async () => {
      const commits = [...this.#commits].filter(
        ([key, { at }]) => at >= since && (offersSuperseded || !isWatched(key)),
      );
      const offered = await Promise.allSettled(commits.map(([key, { record }]) => offer(key, record, anew)));
      if (offered.some(({ status }) => status === 'rejected')) this.#offerIn(BETWEEN_TRIES, since, anew);
    };
    receiver.clock.setTimeout(() => void offerAll(), delay);
  }
}
