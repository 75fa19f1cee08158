import { listenTo } from './client-events.js';
import type { RecentCommits, WrittenRecord } from './recent-commits.js';
import type { RedisClient } from './redis-client.js';
import type { Watchers } from './watchers.js';

/**
 * The current state of a shard: the id of its origin, its highest version, and the version of each requested record; 0:
 * none.
 */
export interface ShardState {
  readonly origin: string;
  readonly highest: number;
  readonly versions: readonly number[];
}

/** The calls to Redis that this module needs. Both reject if it does not respond. */
export interface ShardQueries {
  versionsOf(channel: string, keys: readonly string[]): Promise<ShardState>;
  /**
   * @param anew - whether to write the record even if there is none at all
   */
  restore(record: WrittenRecord, anew: boolean): Promise<unknown>;
}

/** How many records are checked or offered in one call. */
const SLICE = 100;

/** The pause after a check for each session that was notified, in milliseconds: 2,000 sessions per second. */
const FOR_EACH_TOLD = 0.5;

/** If a record is missing altogether, how long sessions with newer tokens have to write them first, in milliseconds. */
export const SESSIONS_FIRST = 2_000;

/**
 * How long to wait for changes of a cluster to settle, in milliseconds. Several nodes come and go at once, and some are
 * not ready yet.
 */
const SETTLING = 250;

/** The pause after a failed call, in milliseconds, and the number of attempts. */
const BETWEEN_TRIES = 1_000;
const TRIES = 10;

/** How often to check the marks while connected, in milliseconds. */
const BETWEEN_LOOKS = 30_000;

/**
 * Detects data that Redis has lost, and has it written again. Redis loses data when a failover promotes a replica that
 * lacks the last writes, when a server restarts without its data or with older data, or when it is flushed.
 *
 * After each connection, and when nodes of a cluster come or go, the version of each watched record is compared with
 * the newest one seen. If they differ, the session is notified, reads its record, and writes its tokens if they are
 * newer. While connected, the marks of the shards are checked every 30 seconds, to see whether that is needed.
 *
 * Records without a watcher are offered from the recent commits. If an older record exists, that happens immediately,
 * because it is worse than the one offered. If no record exists, restoring a superseded commit would do harm, because
 * its refresh token is spent. So that waits until sessions with newer tokens have had time to write them.
 */
export class LostData {
  readonly #client: RedisClient;
  readonly #watchers: Watchers;
  readonly #recent: RecentCommits;
  readonly #queries: ShardQueries;
  readonly #stops: readonly (() => void)[];
  readonly #origins = new Map<string, string>();
  readonly #looking: NodeJS.Timeout;
  #settling: NodeJS.Timeout | undefined;
  /** Before its first connection, this process knows of no data that could be lost. */
  #wasConnected: boolean;
  /** Counts the restarts of the check; work of an earlier round stops. */
  #round = 0;

  constructor(client: RedisClient, watchers: Watchers, recent: RecentCommits, queries: ShardQueries) {
    this.#client = client;
    this.#watchers = watchers;
    this.#recent = recent;
    this.#queries = queries;
    this.#wasConnected = client.status === 'ready';
    const events = client.isCluster ? ['ready', '+node', '-node'] : ['ready'];
    this.#stops = events.map((event) => listenTo(client, event, () => this.#recover()));
    this.#looking = setInterval(() => void this.#checkMarks(), BETWEEN_LOOKS).unref();
  }

  close(): void {
    this.#round += 1;
    for (const stop of this.#stops) stop();
    clearInterval(this.#looking);
    clearTimeout(this.#settling);
  }

  #recover(): void {
    const isFirst = !this.#wasConnected;
    this.#wasConnected = true;
    if (isFirst) return;
    this.#round += 1;
    const round = this.#round;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(
      async () => {
        await this.#restoreRecent(round, false);
        for (const channel of this.#watchers.channels) await this.#checkShard(channel, round);
        await pause(SESSIONS_FIRST);
        await this.#restoreRecent(round, true);
      },
      this.#client.isCluster ? SETTLING : 0,
    ).unref();
  }

  /** Calls until there is a reply; resolves to `undefined` if the round has ended or all attempts failed. */
  async #query<Answer>(round: number, question: () => Promise<Answer>): Promise<Answer | undefined> {
    for (let tries = 0; tries < TRIES && round === this.#round; tries += 1) {
      try {
        return await question();
      } catch {
        await pause(BETWEEN_TRIES);
      }
    }
    return undefined;
  }

  async #restoreRecent(round: number, anew: boolean): Promise<void> {
    const records = this.#recent.all;
    for (let at = 0; at < records.length && round === this.#round; at += SLICE) {
      const slice = records.slice(at, at + SLICE).filter((record) => this.#recent.has(record));
      await Promise.all(slice.map((record) => this.#query(round, () => this.#queries.restore(record, anew))));
    }
  }

  /** Compares the versions of a shard's watched records, and notifies the watchers of those that differ. */
  async #checkShard(channel: string, round: number): Promise<void> {
    const keys = this.#watchers.keysOf(channel);
    for (let at = 0; at < keys.length; at += SLICE) {
      const slice = keys.slice(at, at + SLICE);
      const state = await this.#query(round, () => this.#queries.versionsOf(channel, slice));
      if (state === undefined || round !== this.#round) return;
      if (at === 0) this.#remember(channel, state);
      let notified = 0;
      for (const [index, key] of slice.entries()) {
        const version = state.versions[index] ?? 0;
        const newest = this.#watchers.newestOf(channel, key);
        if (newest === undefined || newest === version) continue;
        this.#watchers.notify(channel, key, version);
        notified += 1;
      }
      await pause(notified * FOR_EACH_TOLD);
    }
  }

  async #checkMarks(): Promise<void> {
    if (this.#client.status !== 'ready') return;
    this.#recent.forgetOld();
    const round = this.#round;
    for (const channel of this.#watchers.channels) {
      try {
        const state = await this.#queries.versionsOf(channel, []);
        if (round !== this.#round) return;
        const origin = this.#origins.get(channel) ?? state.origin;
        const isLost = origin !== state.origin || state.highest < this.#watchers.highestOf(channel);
        this.#remember(channel, state);
        if (isLost) await this.#checkShard(channel, round);
      } catch {
        return; // The next check follows soon.
      }
    }
  }

  #remember(channel: string, { origin, highest }: ShardState): void {
    if (origin !== '') this.#origins.set(channel, origin);
    this.#watchers.reset(channel, highest);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
