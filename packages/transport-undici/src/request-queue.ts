import { RateLimitError } from '@frameio-auth/core';
import type { Clock, TimerHandle } from '@frameio-auth/core/adapter';
import { Limit, type LimitRules } from './limit.js';
import type { LimitNotice } from './limit-notice.js';

/** A request that waits to be sent. Neither method throws. */
export interface Sender {
  /** Sends the request, which now has a slot. */
  send(): void;
  /** Rejects the request, because the limit would delay it for too long. */
  reject(error: RateLimitError): void;
}

/** A request in the queue. */
export interface QueuedRequest {
  readonly sender: Sender;
  /** The key of the limit that it counts against. */
  readonly key: string;
  /** Earlier requests have lower numbers. */
  readonly number: number;
  limit: Limit;
  /** Since when its limit delays it, in milliseconds on the monotonic clock; waiting for a slot does not count. */
  heldSince: number | undefined;
  unanswered: boolean;
}

export interface QueueRules extends LimitRules {
  readonly concurrency: number;
  /** In milliseconds. */
  readonly maxWait: number;
  readonly clock: Clock;
}

/** Requests that wait for the same limit, the earliest first; never empty. */
interface ParkedRequests {
  readonly limit: Limit;
  entries: QueuedRequest[];
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
 * Schedules requests to one origin: at most `concurrency` in flight, first in, first out, without head-of-line blocking
 * between rate limits. A request whose limit is exhausted is parked. Parked requests are older than queued ones, so they
 * go first once their limit admits them.
 */
export class RequestQueue {
  readonly #origin: string;
  readonly #rules: QueueRules;
  readonly #limits = new Map<string, Limit>();
  readonly #queued = new Set<QueuedRequest>();
  readonly #parked = new Map<Limit, ParkedRequests>();
  #freeSlots: number;
  #arrivals = 0;
  #advancing = false;
  #sweepAt = MANY_LIMITS;

  constructor(origin: string, rules: QueueRules) {
    this.#origin = origin;
    this.#rules = rules;
    this.#freeSlots = rules.concurrency;
  }

  /** Creates the entry of a request that arrives now; {@link add} it next. */
  entry(sender: Sender, key: string): QueuedRequest {
    this.#arrivals += 1;
    const limit = this.#limitOf(key);
    return { sender, key, number: this.#arrivals, limit, heldSince: undefined, unanswered: false };
  }

  add(entry: QueuedRequest): void {
    this.#queued.add(entry);
    this.#advance();
  }

  /** Removes a request that no longer waits. */
  remove(entry: QueuedRequest): void {
    const parked = this.#parked.get(entry.limit);
    if (this.#queued.delete(entry) || parked === undefined) return;
    parked.entries = parked.entries.filter((other) => other !== entry);
    this.#removeIfEmpty(parked);
  }

  /**
   * Notes the head of a response. The request keeps its slot until it ends ({@link onEnd}) or is queued again ({@link requeue}).
   *
   * @returns whether its limit allows a retry in time
   */
  onResponse(entry: QueuedRequest, notice: LimitNotice): boolean {
    const now = this.#rules.clock.monotonic();
    entry.unanswered = false;
    entry.limit.onResponse(notice, now);
    if (notice.rejected) entry.heldSince ??= now;
    const parked = this.#parked.get(entry.limit);
    if (parked !== undefined) {
      this.#schedule(parked, now);
      if (entry.limit.heldUntil > now) this.#rejectLate(parked, now);
    }
    this.#advance();
    return !this.#isLate(entry, now);
  }

  /** Frees the slot. */
  onEnd(entry: QueuedRequest): void {
    this.#freeSlot(entry);
    this.#advance();
  }

  /** Frees the slot, and waits for another one. */
  requeue(entry: QueuedRequest): void {
    this.#freeSlot(entry);
    this.#park(entry, this.#rules.clock.monotonic());
    this.#advance();
  }

  #freeSlot(entry: QueuedRequest): void {
    this.#freeSlots += 1;
    if (entry.unanswered) entry.limit.onNoResponse();
    entry.unanswered = false;
  }

  /** Sends all requests that it can. The running loop handles requests that arrive or end because of that. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      for (let entry = this.#next(); entry !== undefined; entry = this.#next()) {
        this.#freeSlots -= 1;
        entry.unanswered = true;
        entry.limit.onSent();
        entry.sender.send();
      }
    } finally {
      this.#advancing = false;
    }
  }

  #next(): QueuedRequest | undefined {
    if (this.#freeSlots === 0) return undefined;
    const now = this.#rules.clock.monotonic();
    return this.#nextParked(now) ?? this.#nextQueued(now);
  }

  #nextParked(now: number): QueuedRequest | undefined {
    if (this.#parked.size === 0) return undefined; // The usual case.
    const admitted = [...this.#parked.values()].filter(({ limit }) => limit.admits(now));
    const first = admitted.reduce<ParkedRequests | undefined>(
      (one, other) => (one && isEarlier(one, other) ? one : other),
      undefined,
    );
    const entry = first?.entries.shift();
    if (first !== undefined) this.#removeIfEmpty(first);
    return entry;
  }

  #nextQueued(now: number): QueuedRequest | undefined {
    for (const entry of this.#queued) {
      this.#queued.delete(entry);
      entry.limit = this.#limitOf(entry.key); // Its limit may have been removed while it was queued.
      if (entry.limit.admits(now)) return entry;
      this.#park(entry, now);
    }
    return undefined;
  }

  /** Lets a request wait for its limit, ordered by number, because a retry is earlier than most. */
  #park(entry: QueuedRequest, now: number): void {
    entry.heldSince ??= now;
    if (this.#isLate(entry, now)) {
      entry.sender.reject(this.#rateLimitError(entry.limit, now));
      return;
    }
    const parked = this.#parked.get(entry.limit);
    if (parked === undefined) {
      const created: ParkedRequests = { limit: entry.limit, entries: [entry], timer: undefined };
      this.#parked.set(entry.limit, created);
      this.#schedule(created, now);
    } else {
      const later = parked.entries.findIndex(({ number }) => number > entry.number);
      parked.entries.splice(later === -1 ? parked.entries.length : later, 0, entry);
    }
  }

  #schedule(parked: ParkedRequests, now: number): void {
    const { clock } = this.#rules;
    const { heldUntil } = parked.limit;
    const delay = heldUntil > now ? heldUntil - now : PATIENCE;
    clock.clearTimeout(parked.timer);
    parked.timer = clock.setTimeout(() => this.#onTimer(parked), delay, { keepAlive: true });
  }

  #onTimer(parked: ParkedRequests): void {
    const now = this.#rules.clock.monotonic();
    this.#schedule(parked, now);
    if (!parked.limit.admits(now)) {
      this.#rejectLate(parked, now);
      parked.limit.admitOneMore();
    }
    this.#advance();
  }

  #rejectLate(parked: ParkedRequests, now: number): void {
    const late = parked.entries.filter((entry) => this.#isLate(entry, now));
    parked.entries = parked.entries.filter((entry) => !this.#isLate(entry, now));
    this.#removeIfEmpty(parked);
    for (const entry of late) entry.sender.reject(this.#rateLimitError(entry.limit, now));
  }

  #removeIfEmpty(parked: ParkedRequests): void {
    if (parked.entries.length > 0) return;
    this.#parked.delete(parked.limit);
    this.#rules.clock.clearTimeout(parked.timer);
  }

  /** Whether the limit delays it, or has delayed it, for longer than it may wait. */
  #isLate({ limit, heldSince }: QueuedRequest, now: number): boolean {
    return heldSince !== undefined && Math.max(limit.heldUntil, now) > heldSince + this.#rules.maxWait;
  }

  #rateLimitError({ heldUntil }: Limit, now: number): RateLimitError {
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

function isEarlier(one: ParkedRequests, other: ParkedRequests): boolean {
  return (one.entries[0]?.number ?? 0) < (other.entries[0]?.number ?? 0);
}
