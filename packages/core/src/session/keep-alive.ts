import type { TimerHandle } from '../kernel/clock.js';
import { randomFraction, randomText } from '../kernel/entropy.js';
import type { Failure } from '../kernel/failure.js';
import type { Lease } from '../kernel/token-storage.js';
import type { Window } from '../machine/policy.js';
import { isShared } from './bounded-queue.js';
import type { CoolDown } from './cool-down.js';
import type { RecordPlace } from './session-record.js';
import { fromStorage } from './storage-failure.js';
import type { StorageKeys } from './storage-keys.js';

export interface KeepAliveOptions extends RecordPlace {
  readonly keepAliveBefore: number;
  readonly keys: StorageKeys;
  readonly coolDown: CoolDown;
  /** Renews a session if that is due, and resolves to what stood in the way. */
  readonly renew: (key: string) => Promise<Failure | null>;
}

/** The longest time between two looks, and so many looks at least in the time that there is, in milliseconds. */
const LONGEST_INTERVAL = 60 * 60_000;
const LOOKS = 8;

/** The first look comes soon: an application that is restarted every day must get to it. In milliseconds. */
const FIRST_LOOK = 60_000;

/** Longer than the renewal of a session and the pause after it take; who dies is replaced after so many milliseconds. */
const LEASE = 5 * 60_000;

/** How many keys are asked for at once. */
const BATCH = 100;

/** How many sessions are renewed between two pauses at most. */
const MOST_AT_ONCE = 32;

/** What lies between two renewals, in milliseconds, so that a server is not flooded. */
const PAUSE: Window = { notBefore: 500, notAfter: 1_500 };

/** So many failures in a row are nobody's but the server's or the storage's. */
const FAILURES = 3;

/**
 * Renews the sessions that nobody uses before their refresh tokens expire: one instance for the whole fleet, one session
 * after the other. As long as more is due than it asks for at once, and the server gives what it is asked for, each list
 * goes twice as quickly as the one before.
 *
 * Each instance looks now and then. The first to come takes the lease on a record of its own, sees to what is due, and
 * leaves the record for some time, by which the others know that they need not. If it dies, its lease ends, and the next
 * to look goes on: what it had renewed is not due any more. Nothing depends on there being one alone, because each
 * session is renewed under its own lease.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #interval: number;
  readonly #owner: string;
  #timer: TimerHandle;
  /** Ends a pause before its time. */
  #wake: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#interval = Math.min(LONGEST_INTERVAL, options.keepAliveBefore / LOOKS);
    this.#owner = randomText(options.entropy, 12);
    this.#lookWithin({ notBefore: 0, notAfter: Math.min(FIRST_LOOK, this.#interval) });
  }

  /** Begins no other renewal; resolves when the one under way is done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#wake?.();
    await this.#looking;
  }

  #lookWithin(window: Window): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      // What fails here is tried again at the next look, and each session tells of its own failures.
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

  /** Resolves to the storage's time when there is nothing more to do for now; `undefined`: somebody else may go on. */
  async #renewAll(lease: Lease): Promise<number | undefined> {
    const { storage, keys, coolDown } = this.#options;
    const seen = new Set<string>();
    let failures = 0;
    let atOnce = 1;
    for (let stuck = 0; ; ) {
      // What could not be renewed stays in the list, and must not hide the others.
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
      // A full list says that more is due than one session after the other may be done with in time.
      atOnce = due.length === limit && failures === 0 ? Math.min(2 * atOnce, MOST_AT_ONCE) : 1;
    }
  }

  /** So that the same few sessions, which cannot be renewed, are not always the first. */
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

  /** A random time in a window. */
  #within({ notBefore, notAfter }: Window): number {
    return notBefore + (notAfter - notBefore) * randomFraction(this.#options.entropy);
  }
}
