import type { TimerHandle } from '../kernel/clock.js';
import { randomFraction, randomText } from '../kernel/entropy.js';
import type { Failure } from '../kernel/failure.js';
import type { Lease } from '../kernel/token-storage.js';
import type { Window } from '../machine/policy.js';
import { isShared } from './bounded-queue.js';
import type { CoolDown } from './cool-down.js';
import type { RecordPlace } from './record-place.js';
import { refreshTokenEnd } from './refresh-token-life.js';
import type { SessionRunner } from './session-runner.js';
import { fromStorage } from './storage-failure.js';
import type { StorageKeys } from './storage-keys.js';

export interface KeepAliveOptions extends RecordPlace {
  readonly keepAliveBefore: number;
  readonly keys: StorageKeys;
  readonly coolDown: CoolDown;
  /** Refreshes a session if that is due. Resolves to the failure that prevented it, or `null`. */
  readonly renew: (key: string) => Promise<Failure | null>;
}

/** The longest time between two runs, in milliseconds, and the least number of runs within `keepAliveBefore`. */
const LONGEST_INTERVAL = 60 * 60_000;
const LOOKS = 8;

/** The first run is soon, so that an application that restarts every day reaches it. In milliseconds. */
const FIRST_LOOK = 60_000;

/**
 * Longer than one refresh and the pause after it. An instance that dies is replaced after this time, in milliseconds.
 */
const LEASE = 5 * 60_000;

/** How many keys are requested at once. */
const BATCH = 100;

/** How many sessions are refreshed between two pauses, at most. */
const MOST_AT_ONCE = 32;

/** The pause between refreshes, in milliseconds, so that the server is not flooded. */
const PAUSE: Window = { notBefore: 500, notAfter: 1_500 };

/** How many failures in a row mean an outage of the server or the storage. */
const FAILURES = 3;

/**
 * Refreshes unused sessions before their refresh tokens expire. One instance of the fleet does it, one session after
 * the other. While more sessions are due than one list holds, and the refreshes succeed, the number of concurrent
 * refreshes doubles with each list.
 *
 * Every instance tries periodically. The first takes the lease on a record of its own and refreshes what is due. It
 * then leaves the record for some time, so that the others skip their runs. If it dies, its lease expires, and the next
 * instance continues: sessions that were refreshed are not due any more. A second runner does no harm, because each
 * session is refreshed under its own lease.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #interval: number;
  readonly #owner: string;
  #timer: TimerHandle;
  /** Ends a pause early. */
  #wake: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#interval = Math.min(LONGEST_INTERVAL, options.keepAliveBefore / LOOKS);
    this.#owner = randomText(options.entropy, 12);
    this.#lookWithin({ notBefore: 0, notAfter: Math.min(FIRST_LOOK, this.#interval) });
  }

  /** Begins no other refresh. Resolves when the one in progress is done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#wake?.();
    await this.#looking;
  }

  #lookWithin(window: Window): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      // Failures are retried at the next run; each session reports its own.
      this.#looking = this.#look()
        .catch(() => {})
        .then(() => {
          if (!this.#closed) this.#lookWithin({ notBefore: this.#interval / 2, notAfter: this.#interval });
        });
    }, this.#within(window));
  }

  async #look(): Promise<void> {
    const { storage, keys, coolDown } = this.#options;
    coolDown.begin();
    if (coolDown.failure !== undefined) return;
    const request = { owner: this.#owner, ttl: LEASE, ifVersion: 0 };
    const reply = await fromStorage(() => storage.lease(keys.keepAlive, request));
    if (reply.outcome !== 'granted') return;
    const { lease } = reply;
    let done: number | undefined;
    try {
      done = await this.#renewAll(lease);
    } finally {
      if (done === undefined) await storage.release(lease);
    }
    if (done === undefined) return;
    await storage.commit(keys.keepAlive, {
      value: JSON.stringify({ format: 1, lookedAt: done }),
      expectedVersion: 0,
      lease,
      expiresAt: done + this.#interval / 2,
    });
  }

  /** Resolves to the storage's time when nothing more is due, or `undefined` if another instance may continue. */
  async #renewAll(lease: Lease): Promise<number | undefined> {
    const { storage, keys, coolDown } = this.#options;
    const seen = new Set<string>();
    let failures = 0;
    let atOnce = 1;
    for (let stuck = 0; ; ) {
      // Sessions that could not be refreshed stay in the list, and must not hide the others.
      const limit = BATCH + stuck;
      const { keys: due, now } = await fromStorage(() => storage.due({ prefix: keys.sessions, limit }));
      const unseen = this.#shuffled(due.filter((key) => !seen.has(key)));
      stuck = due.length - unseen.length;
      if (unseen.length === 0 && due.length < limit) return now;
      for (let at = 0; at < unseen.length; at += atOnce) {
        if (this.#closed || !(await storage.renew(lease))) return undefined;
        const round = unseen.slice(at, at + atOnce);
        for (const key of round) seen.add(key);
        const known = round.map((key) => keys.sessionOf(key)).filter((key) => key !== undefined);
        for (const failure of await Promise.all(known.map((key) => this.#options.renew(key)))) {
          failures = failure !== null && isShared(failure) ? failures + 1 : 0;
          if (failures === FAILURES || failure?.status === 429) return now;
        }
        if (coolDown.failure !== undefined) return now;
        await this.#pause();
      }
      // A full list means that one session at a time may be too slow.
      atOnce = due.length === limit && failures === 0 ? Math.min(2 * atOnce, MOST_AT_ONCE) : 1;
    }
  }

  /** Shuffles the keys, so that the same failing sessions do not always come first. */
  #shuffled(keys: readonly string[]): readonly string[] {
    return keys
      .map((key) => ({ key, at: randomFraction(this.#options.entropy) }))
      .sort((one, other) => one.at - other.at)
      .map(({ key }) => key);
  }

  async #pause(): Promise<void> {
    if (this.#closed) return;
    const { clock } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, this.#within(PAUSE));
      this.#wake = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Returns a random delay in a window. */
  #within({ notBefore, notAfter }: Window): number {
    return notBefore + (notAfter - notBefore) * randomFraction(this.#options.entropy);
  }
}

/**
 * Refreshes a session's tokens if their refresh token is about to expire and no instance has refreshed them since. This
 * does not count as use, so the session is not refreshed again when the access token expires.
 *
 * @returns the failure that prevented it, or `null`
 */
export async function refreshUnused(session: SessionRunner): Promise<Failure | null> {
  await session.read();
  await session.rest();
  if (session.isClosed) return null;
  if (session.obstacle !== null) return session.obstacle;
  // After a failure there is a pause for every caller.
  if (session.snapshot.matches({ refreshing: 'backingOff' })) return session.snapshot.context.failure;
  if (!isToBeKeptAlive(session)) return null;
  session.send({ type: 'refresh.requested' });
  return (await session.until(({ context }) => !context.requested)).context.failure;
}

function isToBeKeptAlive({ snapshot, dependencies }: SessionRunner): boolean {
  const { tokens } = snapshot.context;
  const { refreshTokenLifetime, keepAliveBefore, clock } = dependencies;
  if (!tokens?.refreshable || refreshTokenLifetime === undefined || keepAliveBefore === undefined) return false;
  return clock.now() >= refreshTokenEnd(tokens, refreshTokenLifetime) - keepAliveBefore;
}
