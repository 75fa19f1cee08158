import type { WrittenRecord } from './simulated-storage.ts';
import type { Receiver } from './storage-connection.ts';

/** Commits older than this have reached the replicas, or never will. In milliseconds. */
const SPAN = 60_000;

/** How long a connection takes to notice that the storage is back and to see whether it lost something. In milliseconds. */
const SETTLING = 250;
const BETWEEN_TRIES = 1_000;
const TRIES = 20;

/** Where there is no record at all, sessions with newer tokens have so long to write them first. In milliseconds. */
const SESSIONS_FIRST = 2_000;

export interface OfferedCommitsOptions {
  readonly receiver: Receiver;
  /** @param anew - whether also where the storage has nothing at all */
  readonly offer: (key: string, record: WrittenRecord, anew: boolean) => Promise<unknown>;
  /** Whether a session has the record in its memory, and will see for itself whether the storage lost it. */
  readonly isWatched: (key: string) => boolean;
  /** Whether all commits are offered, also those that are known to be outdone: a planted mistake. */
  readonly offersOutdone: boolean;
}

/**
 * The newest commits of one connection for records that no session of it watches any more, as `redisStorage()` keeps
 * them. They are offered again when the storage comes back and may have lost them; not those of which it knows that
 * another instance has outdone them.
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

  /** Some answer told of a version. */
  hear(key: string, version: number): void {
    const own = this.#commits.get(key);
    if (own !== undefined && own.record.version < version && !this.#options.offersOutdone) this.#commits.delete(key);
  }

  /** @param away - for how long nobody could write, in milliseconds */
  offerAgain(away: number): void {
    this.#tries = TRIES;
    const since = this.#options.receiver.clock.monotonic() - away - SPAN;
    const { offersOutdone } = this.#options;
    this.#offerIn(SETTLING, since, offersOutdone);
    if (!offersOutdone) this.#offerIn(SETTLING + SESSIONS_FIRST, since, true);
  }

  close(): void {
    this.#commits.clear();
  }

  #offerIn(delay: number, since: number, anew: boolean): void {
    const { receiver, offer, isWatched, offersOutdone } = this.#options;
    if (this.#tries === 0) return;
    this.#tries -= 1;
    const offerAll = async () => {
      const commits = [...this.#commits].filter(([key, { at }]) => at >= since && (offersOutdone || !isWatched(key)));
      const offered = await Promise.allSettled(commits.map(([key, { record }]) => offer(key, record, anew)));
      if (offered.some(({ status }) => status === 'rejected')) this.#offerIn(BETWEEN_TRIES, since, anew);
    };
    receiver.clock.setTimeout(() => void offerAll(), delay);
  }
}
