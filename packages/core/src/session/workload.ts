import type { TokenFacts } from '../kernel/token-set.js';
import type { Window } from '../machine/policy.js';
import { BoundedQueue } from './bounded-queue.js';
import type { Timing } from './session-time.js';

/** How many renewals run at once in one auth object, unless the application says otherwise. */
export const DEFAULT_CONCURRENCY = 64;

/** The pace at which the sessions of one auth object plan their renewals: so many milliseconds for each. */
const PLANNED_PACE = 5;

/** No renewal is planned before this share of a token's life is over, however many sessions there are. */
const EARLIEST = 0.5;

/** Work that nobody waits for may be overtaken for this long, in milliseconds. */
const UNHURRIED = 10_000;

/**
 * What the sessions of one auth object do at once. A session that renews has a slot from the lease to the commit, so
 * that a time-out counts work and not the wait for it, and so that few renewals are half done when the process ends.
 *
 * Other questions to the storage have slots of their own: a caller whose token is alive must not wait for a slow
 * authorization server.
 */
export class Workload {
  /** Renewals and sign-ins of services: each from its lease to its commit. */
  readonly renewals: BoundedQueue;
  /** Questions to the storage outside of a renewal, each by itself. */
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
   * The deadline of work. What callers wait for is due now, so it goes in the order in which they
   * came; what nobody waits for is due when its token expires.
   *
   * @param expiresIn - how long the token lives from now on, in milliseconds
   */
  deadlineOf({ awaited, expiresIn = 0 }: { readonly awaited: boolean; readonly expiresIn?: number }): number {
    return this.#time.now() + (awaited ? 0 : Math.max(UNHURRIED, expiresIn));
  }

  /**
   * Begins a window of renewals earlier when there are many sessions, so that tokens that expire together are not
   * renewed all at once.
   */
  widen({ notBefore, notAfter }: Window, { issuedAt, expiresAt }: TokenFacts): Window {
    const width = this.#sessions * PLANNED_PACE;
    if (expiresAt === null || notAfter === notBefore || notAfter - notBefore >= width) return { notBefore, notAfter };
    const earliest = Math.max(this.#time.now(), issuedAt + (expiresAt - issuedAt) * EARLIEST, notAfter - width);
    return { notBefore: Math.min(notBefore, earliest), notAfter };
  }
}
