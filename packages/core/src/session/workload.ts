import type { TokenFacts } from '../kernel/token-set.js';
import type { Window } from '../machine/policy.js';
import { BoundedQueue, type Place } from './bounded-queue.js';
import type { Timing } from './session-time.js';

/** How many sessions of one auth object refresh at the same time, by default. */
export const DEFAULT_CONCURRENCY = 64;

/** The planned time between the refreshes of one auth object's sessions, in milliseconds per session. */
const PLANNED_PACE = 5;

/** No refresh is planned before this share of a token's lifetime has passed, however many sessions there are. */
const EARLIEST = 0.5;

/** How long work without waiting callers may be overtaken, in milliseconds. */
const UNHURRIED = 10_000;

/**
 * How much earlier work with waiting callers counts as due, in milliseconds. So it overtakes sessions without callers,
 * even if those expired long ago because the process could not keep up.
 */
const HEAD_START = 3_600_000;

/**
 * Limits what the sessions of one auth object do at the same time. A refresh holds a slot from the lease to the commit.
 * So time-outs measure work and not queueing, and few refreshes are half done when the process ends.
 *
 * Other storage requests have slots of their own: a caller with a valid token must not wait for a slow authorization
 * server.
 */
export class Workload {
  /** Refreshes, and sign-ins of services, each from its lease to its commit. */
  readonly renewals: BoundedQueue;
  /** Storage requests outside of a refresh, one slot per request. */
  readonly questions: BoundedQueue;
  readonly #time: Timing;
  #sessions = 0;

  constructor(time: Timing, concurrency: number) {
    this.#time = time;
    this.renewals = new BoundedQueue(time, concurrency);
    this.questions = new BoundedQueue(time, concurrency);
  }

  join(): void {
    this.#sessions += 1;
  }

  leave(): void {
    this.#sessions -= 1;
  }

  /**
   * Returns the deadline of a piece of work. Work with waiting callers was due an hour ago, so it runs first, in order
   * of arrival. Other work is due when its token expires, and starves for no longer than that hour.
   *
   * @param expiresIn - the remaining lifetime of the token, in milliseconds
   */
  deadlineOf({ awaited, expiresIn = 0 }: { readonly awaited: boolean; readonly expiresIn?: number }): number {
    return this.#time.now() + (awaited ? -HEAD_START : Math.max(UNHURRIED, expiresIn));
  }

  /**
   * Waits for the turn of a last request to the storage. During an outage it does not wait: what is not written now is
   * lost.
   */
  async lastTurn(): Promise<Place> {
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const turn = this.questions.enter({ deadline: this.deadlineOf({ awaited: true }), begin, fail: begin });
    await begun;
    return turn;
  }

  /**
   * Starts a refresh window earlier when there are many sessions, so that tokens that expire together are not refreshed
   * all at once.
   */
  widen({ notBefore, notAfter }: Window, { issuedAt, expiresAt }: TokenFacts): Window {
    const width = this.#sessions * PLANNED_PACE;
    if (expiresAt === null || notAfter === notBefore || notAfter - notBefore >= width) return { notBefore, notAfter };
    const earliest = Math.max(this.#time.now(), issuedAt + (expiresAt - issuedAt) * EARLIEST, notAfter - width);
    return { notBefore: Math.min(notBefore, earliest), notAfter };
  }
}
