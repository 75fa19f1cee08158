import { listenTo } from './client-events.js';
import type { RecentCommits, WrittenRecord } from './recent-commits.js';
import type { RedisClient } from './redis-client.js';
import type { Watchers } from './watchers.js';

/** What a shard has now: where its versions began, the highest of them, and that of each record asked for; 0: none. */
export interface ShardState {
  readonly origin: string;
  readonly highest: number;
  readonly versions: readonly number[];
}

/** What is asked of Redis here. Both reject when it does not answer. */
export interface LostDataQuestions {
  versionsOf(channel: string, keys: readonly string[]): Promise<ShardState>;
  /** @param anew - whether also where there is no record at all */
  restore(record: WrittenRecord, anew: boolean): Promise<unknown>;
}

/** So many records are looked at, or offered, at once. */
const SLICE = 100;

/** After a look, so much time for each session that was told, in milliseconds: 2,000 sessions a second. */
const FOR_EACH_TOLD = 0.5;

/** Where a record is missing altogether, sessions with newer tokens have so long to write them first, in milliseconds. */
export const SESSIONS_FIRST = 2_000;

/** Several nodes of a cluster come and go at once, and some are not ready yet. In milliseconds. */
const SETTLING = 250;

/** After a question that failed, in milliseconds; and how often one is asked. */
const BETWEEN_TRIES = 1_000;
const TRIES = 10;

/** How often the marks are looked at on a connection that stands, in milliseconds. */
const BETWEEN_LOOKS = 30_000;

/**
 * Finds out what Redis has lost, and sees to it that it is written again: a failover promotes a replica that lacks the
 * last writes, a server restarts without its data or with older data, somebody flushes it.
 *
 * After each connection, and when nodes of a cluster come or go, the version of each record that is watched here is
 * compared with the newest that was seen of it. Where they differ, the session is told, reads its record, and writes its
 * tokens if they are the newer ones. On a connection that stands, the marks of the shards tell every half minute whether
 * that is needed.
 *
 * Records that nobody watches are offered from the recent commits: at once where an older record stands, which is worse
 * than the one offered. Where nothing stands, a commit that was outdone elsewhere would do harm, because its refresh
 * token is spent; so that waits until the sessions that may know better have had their time.
 */
export class LostData {
  readonly #client: RedisClient;
  readonly #watchers: Watchers;
  readonly #recent: RecentCommits;
  readonly #questions: LostDataQuestions;
  readonly #stops: readonly (() => void)[];
  readonly #origins = new Map<string, string>();
  readonly #looking: NodeJS.Timeout;
  #settling: NodeJS.Timeout | undefined;
  /** Before its first connection, nobody here knows of anything that could be lost. */
  #wasConnected: boolean;
  /** Counts the times that everything was begun again; what belongs to an earlier one stops. */
  #round = 0;

  constructor(client: RedisClient, watchers: Watchers, recent: RecentCommits, questions: LostDataQuestions) {
    this.#client = client;
    this.#watchers = watchers;
    this.#recent = recent;
    this.#questions = questions;
    this.#wasConnected = client.status === 'ready';
    const events = client.isCluster ? ['ready', '+node', '-node'] : ['ready'];
    this.#stops = events.map((event) => listenTo(client, event, () => this.#recover()));
    this.#looking = setInterval(() => void this.#lookAtMarks(), BETWEEN_LOOKS).unref();
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
        await this.#offer(round, false);
        for (const channel of this.#watchers.channels) await this.#lookAt(channel, round);
        await pause(SESSIONS_FIRST);
        await this.#offer(round, true);
      },
      this.#client.isCluster ? SETTLING : 0,
    ).unref();
  }

  /** Asks until there is an answer; `undefined` when that is no longer of use, or nothing came of many attempts. */
  async #ask<Answer>(round: number, question: () => Promise<Answer>): Promise<Answer | undefined> {
    for (let tries = 0; tries < TRIES && round === this.#round; tries += 1) {
      try {
        return await question();
      } catch {
        await pause(BETWEEN_TRIES);
      }
    }
    return undefined;
  }

  async #offer(round: number, anew: boolean): Promise<void> {
    const records = this.#recent.all;
    for (let at = 0; at < records.length && round === this.#round; at += SLICE) {
      const slice = records.slice(at, at + SLICE).filter((record) => this.#recent.has(record));
      await Promise.all(slice.map((record) => this.#ask(round, () => this.#questions.restore(record, anew))));
    }
  }

  /** Compares the versions of the watched records of a shard, and tells those who watch what is not as they know it. */
  async #lookAt(channel: string, round: number): Promise<void> {
    const keys = this.#watchers.keysOf(channel);
    for (let at = 0; at < keys.length; at += SLICE) {
      const slice = keys.slice(at, at + SLICE);
      const state = await this.#ask(round, () => this.#questions.versionsOf(channel, slice));
      if (state === undefined || round !== this.#round) return;
      if (at === 0) this.#remember(channel, state);
      let told = 0;
      for (const [index, key] of slice.entries()) {
        const version = state.versions[index] ?? 0;
        const newest = this.#watchers.newestOf(channel, key);
        if (newest === undefined || newest === version) continue;
        this.#watchers.tell(channel, key, version);
        told += 1;
      }
      await pause(told * FOR_EACH_TOLD);
    }
  }

  async #lookAtMarks(): Promise<void> {
    if (this.#client.status !== 'ready') return;
    this.#recent.forgetOld();
    const round = this.#round;
    for (const channel of this.#watchers.channels) {
      try {
        const state = await this.#questions.versionsOf(channel, []);
        if (round !== this.#round) return;
        const origin = this.#origins.get(channel) ?? state.origin;
        const isLost = origin !== state.origin || state.highest < this.#watchers.highestOf(channel);
        this.#remember(channel, state);
        if (isLost) await this.#lookAt(channel, round);
      } catch {
        return; // The next look is not far.
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
