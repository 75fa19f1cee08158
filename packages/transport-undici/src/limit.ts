import type { LimitNotice } from './limit-notice.js';

/** How a server restores a used limit: little by little, or completely after the window has passed. */
export type Refill = 'gradual' | 'at_once';

export interface LimitRules {
  readonly refill: Refill;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

/** The shortest delay after a 429, in milliseconds, as Frame.io requests. */
const SHORTEST_WAIT = 1000;

/** How often the delay after a 429 is doubled at most. It ends at about a minute, Frame.io's longest window. */
const DOUBLINGS = 6;

/** How long one response is relied on at most, in milliseconds. After that, a new request checks the limit. */
const LONGEST_HOLD = 3_600_000;

/** The share by which known delays are extended at random, so that a fleet's processes do not all resume at once. */
const SPREAD = 0.1;

/**
 * Tracks one limit of the server, from its responses alone. As long as nothing is known, it delays no request.
 *
 * - An exhausted limit is held: no request is sent until the server can be expected to accept one.
 * - After that, and whenever fewer requests remain than there are places, the number of requests sent is limited. It
 *   is the known remainder minus the unanswered requests, which may or may not be counted already. So a limit that was
 *   held restarts with one request, and the response says how many may follow.
 */
export class Limit {
  readonly #rules: LimitRules;
  #unanswered = 0;
  /** How many requests may be unanswered at once. */
  #allowance = Number.POSITIVE_INFINITY;
  /** When the allowance becomes too old to use. */
  #allowanceEnds = Number.POSITIVE_INFINITY;
  #heldUntil = Number.NEGATIVE_INFINITY;
  /** Consecutive rejections. Those of requests that were in flight together count as one. */
  #rejections = 0;

  constructor(rules: LimitRules) {
    this.#rules = rules;
  }

  /** When the hold ends, in milliseconds on the monotonic clock; in the past or `-Infinity` if there is none. */
  get heldUntil(): number {
    return this.#heldUntil;
  }

  /** Whether one more request may be sent. */
  admits(now: number): boolean {
    this.#settle(now);
    return now >= this.#heldUntil && this.#unanswered < this.#allowance;
  }

  /** Admits one more request than {@link admits} would, because the responses that would do so are overdue. */
  admitOneMore(): void {
    this.#allowance = this.#unanswered + 1;
  }

  onSent(): void {
    this.#unanswered += 1;
  }

  /** Notes that a request ended without a response, which says nothing about the limit. */
  onNoResponse(): void {
    this.#unanswered -= 1;
  }

  onResponse(notice: LimitNotice, now: number): void {
    this.#settle(now);
    this.#unanswered -= 1;
    const held = now < this.#heldUntil;
    if (notice.rejected) {
      if (!held) this.#rejections += 1;
      this.#hold(now, this.#waitAfterRejection(notice));
    } else if (!held) {
      // During a hold, other responses belong to earlier requests and know less.
      this.#rejections = 0;
      this.#learn(notice, now);
    }
  }

  /** Whether a new object would know as much. */
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
      this.#allow(1, now + LONGEST_HOLD); // The delay is unknown, so each response decides about the next request.
    } else {
      const share = this.#rules.refill === 'gradual' && limit !== undefined && limit > 0 ? window / limit : window;
      this.#hold(now, this.#spread(share));
    }
  }

  #waitAfterRejection({ retryAfter, window }: LimitNotice): number {
    const requested = retryAfter ?? (this.#rules.refill === 'at_once' ? window : undefined);
    if (requested !== undefined) return this.#spread(Math.max(requested, SHORTEST_WAIT));
    const longest = SHORTEST_WAIT * 2 ** Math.min(this.#rejections, DOUBLINGS);
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
