import { RateLimitError } from '@frameio-auth/core';
import type { Clock, TimerHandle } from '@frameio-auth/core/adapter';
import { Limit, type LimitRules } from './limit.js';
import type { LimitNotice } from './limit-notice.js';

/** A request that waits to be sent. Neither method throws. */
export interface Waiter {
  /** Sends the request, which now has a place. */
  begin(): void;
  /** Rejects the request, because the limit would delay it for too long. */
  refuse(error: RateLimitError): void;
}

/** A request's turn, and what the line knows about it. */
export interface Turn {
  readonly waiter: Waiter;
  /** The key of the limit that it counts against. */
  readonly key: string;
  /** Earlier turns have lower numbers. */
  readonly number: number;
  limit: Limit;
  /** Since when its limit delays it, in milliseconds on the monotonic clock; waiting for a place does not count. */
  heldSince: number | undefined;
  unanswered: boolean;
}

export interface LineRules extends LimitRules {
  readonly places: number;
  /** In milliseconds. */
  readonly maxWait: number;
  readonly clock: Clock;
}

/** The turns that wait for one limit, the earliest first; never empty. */
interface Queue {
  readonly limit: Limit;
  turns: Turn[];
  /** When to check them. The timer keeps the process alive, as a socket would. */
  timer: TimerHandle;
}

/**
 * How long requests wait for a response that says how many may be sent, before one is sent without it, in milliseconds.
 */
const PATIENCE = 1000;

/** Above this number of limits, those without any knowledge are removed. */
const MANY_LIMITS = 256;

/**
 * Schedules requests to one origin: at most `places` in flight, in order of arrival. No request waits behind another
 * that is delayed by a different limit.
 *
 * New turns join the line. When there is a free place, the turn at its head is sent, or put aside if its limit does not
 * admit it. So turns that were put aside are older than all in the line, and go first once their limit admits them.
 */
export class WaitingLine {
  readonly #origin: string;
  readonly #rules: LineRules;
  readonly #limits = new Map<string, Limit>();
  readonly #line = new Set<Turn>();
  readonly #putAside = new Map<Limit, Queue>();
  #freePlaces: number;
  #arrivals = 0;
  #advancing = false;
  #sweepAt = MANY_LIMITS;

  constructor(origin: string, rules: LineRules) {
    this.#origin = origin;
    this.#rules = rules;
    this.#freePlaces = rules.places;
  }

  /** Creates a turn for a request that arrives now; {@link join} it next. */
  turn(waiter: Waiter, key: string): Turn {
    this.#arrivals += 1;
    const limit = this.#limitOf(key);
    return { waiter, key, number: this.#arrivals, limit, heldSince: undefined, unanswered: false };
  }

  join(turn: Turn): void {
    this.#line.add(turn);
    this.#advance();
  }

  /** Removes a turn that no longer waits. */
  leave(turn: Turn): void {
    const queue = this.#putAside.get(turn.limit);
    if (this.#line.delete(turn) || queue === undefined) return;
    queue.turns = queue.turns.filter((other) => other !== turn);
    this.#removeIfEmpty(queue);
  }

  /**
   * Notes the head of a response. The request keeps its place until it has {@link ended} or is {@link repeated}.
   *
   * @returns whether its limit allows a retry in time
   */
  answered(turn: Turn, notice: LimitNotice): boolean {
    const now = this.#rules.clock.monotonic();
    turn.unanswered = false;
    turn.limit.answered(notice, now);
    if (notice.refused) turn.heldSince ??= now;
    const queue = this.#putAside.get(turn.limit);
    if (queue !== undefined) {
      this.#schedule(queue, now);
      if (turn.limit.heldUntil > now) this.#refuseLate(queue, now);
    }
    this.#advance();
    return !this.#isLate(turn, now);
  }

  /** Frees the place. */
  ended(turn: Turn): void {
    this.#giveBack(turn);
    this.#advance();
  }

  /** Frees the place, and waits for another one. */
  repeated(turn: Turn): void {
    this.#giveBack(turn);
    this.#putBy(turn, this.#rules.clock.monotonic());
    this.#advance();
  }

  #giveBack(turn: Turn): void {
    this.#freePlaces += 1;
    if (turn.unanswered) turn.limit.unanswered();
    turn.unanswered = false;
  }

  /** Sends all turns that it can. The running loop handles turns that arrive or end because of that. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      for (let turn = this.#next(); turn !== undefined; turn = this.#next()) {
        this.#freePlaces -= 1;
        turn.unanswered = true;
        turn.limit.sent();
        turn.waiter.begin();
      }
    } finally {
      this.#advancing = false;
    }
  }

  #next(): Turn | undefined {
    if (this.#freePlaces === 0) return undefined;
    const now = this.#rules.clock.monotonic();
    return this.#nextPutAside(now) ?? this.#nextInLine(now);
  }

  #nextPutAside(now: number): Turn | undefined {
    if (this.#putAside.size === 0) return undefined; // The usual case.
    const admitted = [...this.#putAside.values()].filter(({ limit }) => limit.admits(now));
    const first = admitted.reduce<Queue | undefined>(
      (one, other) => (one && isEarlier(one, other) ? one : other),
      undefined,
    );
    const turn = first?.turns.shift();
    if (first !== undefined) this.#removeIfEmpty(first);
    return turn;
  }

  #nextInLine(now: number): Turn | undefined {
    for (const turn of this.#line) {
      this.#line.delete(turn);
      turn.limit = this.#limitOf(turn.key); // Its limit may have been removed while it was in line.
      if (turn.limit.admits(now)) return turn;
      this.#putBy(turn, now);
    }
    return undefined;
  }

  /** Lets a turn wait for its limit, ordered by number, because a retry is earlier than most. */
  #putBy(turn: Turn, now: number): void {
    turn.heldSince ??= now;
    if (this.#isLate(turn, now)) {
      turn.waiter.refuse(this.#tooLate(turn.limit, now));
      return;
    }
    const queue = this.#putAside.get(turn.limit);
    if (queue === undefined) {
      const created: Queue = { limit: turn.limit, turns: [turn], timer: undefined };
      this.#putAside.set(turn.limit, created);
      this.#schedule(created, now);
    } else {
      const later = queue.turns.findIndex(({ number }) => number > turn.number);
      queue.turns.splice(later === -1 ? queue.turns.length : later, 0, turn);
    }
  }

  #schedule(queue: Queue, now: number): void {
    const { clock } = this.#rules;
    const { heldUntil } = queue.limit;
    const delay = heldUntil > now ? heldUntil - now : PATIENCE;
    clock.clearTimeout(queue.timer);
    queue.timer = clock.setTimeout(() => this.#lookAfter(queue), delay, { keepAlive: true });
  }

  #lookAfter(queue: Queue): void {
    const now = this.#rules.clock.monotonic();
    this.#schedule(queue, now);
    if (!queue.limit.admits(now)) {
      this.#refuseLate(queue, now);
      queue.limit.admitOneMore();
    }
    this.#advance();
  }

  #refuseLate(queue: Queue, now: number): void {
    const late = queue.turns.filter((turn) => this.#isLate(turn, now));
    queue.turns = queue.turns.filter((turn) => !this.#isLate(turn, now));
    this.#removeIfEmpty(queue);
    for (const turn of late) turn.waiter.refuse(this.#tooLate(turn.limit, now));
  }

  #removeIfEmpty(queue: Queue): void {
    if (queue.turns.length > 0) return;
    this.#putAside.delete(queue.limit);
    this.#rules.clock.clearTimeout(queue.timer);
  }

  /** Whether the limit delays it, or has delayed it, for longer than it may wait. */
  #isLate({ limit, heldSince }: Turn, now: number): boolean {
    return heldSince !== undefined && Math.max(limit.heldUntil, now) > heldSince + this.#rules.maxWait;
  }

  #tooLate({ heldUntil }: Limit, now: number): RateLimitError {
    const retryAfter = heldUntil > now ? Math.ceil((heldUntil - now) / 1000) : undefined;
    const wait = retryAfter === undefined ? 'for a while' : `for ${retryAfter} s`;
    return new RateLimitError(
      `The request was not carried out: the rate limit of ${this.#origin} asks to wait ${wait}, and \`maxWait\` lets it ` +
        `wait ${this.#rules.maxWait} ms in all. Try again later, or raise \`maxWait\`.`,
      { retryAfter },
    );
  }

  #limitOf(key: string): Limit {
    const known = this.#limits.get(key);
    if (known !== undefined) return known;
    if (this.#limits.size >= this.#sweepAt) this.#sweep();
    const limit = new Limit(this.#rules);
    this.#limits.set(key, limit);
    return limit;
  }

  #sweep(): void {
    const now = this.#rules.clock.monotonic();
    for (const [key, limit] of this.#limits) {
      if (limit.isForgettable(now)) this.#limits.delete(key);
    }
    this.#sweepAt = Math.max(MANY_LIMITS, 2 * this.#limits.size);
  }
}

function isEarlier(one: Queue, other: Queue): boolean {
  return (one.turns[0]?.number ?? 0) < (other.turns[0]?.number ?? 0);
}
