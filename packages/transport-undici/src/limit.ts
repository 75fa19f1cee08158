import type { LimitNotice } from './limit-notice.js';

/** How a server gives back what was used of a limit: little by little, or all at once when the window has passed. */
export type Refill = 'gradual' | 'at_once';

export interface LimitRules {
  readonly refill: Refill;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** The shortest wait after a 429, as Frame.io asks for. */
const SHORTEST_WAIT = 1000;

/** How often the wait after a 429 is doubled at most: it ends at about a minute, Frame.io's longest window. */
const DOUBLINGS = 6;

/** The longest time for which the word of one answer is taken: after it, a request asks again. */
const LONGEST_HOLD = 3_600_000;

/** By how much waits of a known length are stretched at random, so that the processes of a fleet do not return at once. */
const SPREAD = 0.1;

/**
 * What is known of one limit of the server, by its answers alone. Nothing known, nothing held up.
 *
 * - A limit that is used up is held: nobody is sent until the server can be expected to let one request through.
 * - After that, and wherever fewer requests are left than there are places, no more are sent than are known to be
 *   left, less those that are not answered yet, for they may or may not be counted already. So a limit that was held
 *   begins again with one request, whose answer says how many may follow.
 */
export class Limit {
  readonly #rules: LimitRules;
  #unanswered = 0;
  /** How many requests may be unanswered at once. */
  #allowance = Number.POSITIVE_INFINITY;
  /** When that is too old to mean anything. */
  #allowanceEnds = Number.POSITIVE_INFINITY;
  #heldUntil = Number.NEGATIVE_INFINITY;
  /** Refusals in a row. Those of requests that were under way together count as one. */
  #refusals = 0;

  constructor(rules: LimitRules) {
    this.#rules = rules;
  }

  /** When the hold ends, in milliseconds on the monotonic clock; in the past or `-Infinity` when there is none. */
  get heldUntil(): number {
    return this.#heldUntil;
  }

  /** Whether one more request may be sent. */
  admits(now: number): boolean {
    this.#settle(now);
    return now >= this.#heldUntil && this.#unanswered < this.#allowance;
  }

  /** Lets one more go than it {@link admits}, because the answers that would do so do not come. */
  admitOneMore(): void {
    this.#allowance = this.#unanswered + 1;
  }

  sent(): void {
    this.#unanswered += 1;
  }

  /** A request ended without an answer, which says nothing about the limit. */
  unanswered(): void {
    this.#unanswered -= 1;
  }

  answered(notice: LimitNotice, now: number): void {
    this.#settle(now);
    this.#unanswered -= 1;
    const held = now < this.#heldUntil;
    if (notice.refused) {
      if (!held) this.#refusals += 1;
      this.#hold(now, this.#waitAfterRefusal(notice));
    } else if (!held) {
      // While it is held, other answers are to requests that were sent before, and know less.
      this.#refusals = 0;
      this.#learn(notice, now);
    }
  }

  /** Whether a new one would know as much. */
  isForgettable(now: number): boolean {
    this.#settle(now);
    return this.#unanswered === 0 && this.#allowance === Number.POSITIVE_INFINITY && now >= this.#heldUntil;
  }

  #settle(now: number): void {
    if (now >= this.#heldUntil && this.#heldUntil !== Number.NEGATIVE_INFINITY) {
      this.#heldUntil = Number.NEGATIVE_INFINITY;
      this.#allow(this.#unanswered + 1, now + LONGEST_HOLD);
    } else if (now >= this.#allowanceEnds) {
      this.#allow(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    }
  }

  #learn({ remaining = Number.POSITIVE_INFINITY, limit, window }: LimitNotice, now: number): void {
    if (remaining > 0) {
      this.#allow(remaining, now + Math.min(window ?? LONGEST_HOLD, LONGEST_HOLD));
    } else if (window === undefined) {
      this.#allow(1, now + LONGEST_HOLD); // Nothing says how long to wait, so each answer decides about the next request.
    } else {
      const share = this.#rules.refill === 'gradual' && limit !== undefined && limit > 0 ? window / limit : window;
      this.#hold(now, this.#spread(share));
    }
  }

  #waitAfterRefusal({ retryAfter, window }: LimitNotice): number {
    const told = retryAfter ?? (this.#rules.refill === 'at_once' ? window : undefined);
    if (told !== undefined) return this.#spread(Math.max(told, SHORTEST_WAIT));
    const longest = SHORTEST_WAIT * 2 ** Math.min(this.#refusals, DOUBLINGS);
    return SHORTEST_WAIT + this.#rules.random() * (longest - SHORTEST_WAIT);
  }

  #spread(wait: number): number {
    return wait * (1 + SPREAD * this.#rules.random());
  }

  #hold(now: number, wait: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, now + Math.min(wait, LONGEST_HOLD));
  }

  #allow(allowance: number, until: number): void {
    this.#allowance = allowance;
    this.#allowanceEnds = until;
  }
}
