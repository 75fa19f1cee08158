import type { TimerHandle } from '../kernel/clock.js';
import type { Failure, FailureKind } from '../kernel/failure.js';
import type { Timing } from './session-time.js';

/** One piece of work that needs a slot. */
export interface Work {
  /** By when it should have begun on the session's time: the earliest deadline goes first. */
  readonly deadline: number;
  /** Called once, when the work has its slot. Must not throw. */
  begin(): void;
  /** Called instead of `begin()` when the work that ran lately failed of something that would meet this work as well. */
  fail(failure: Failure): void;
}

/** What became of work, as far as it says something about other work: `null` when it went well, `undefined` when nothing. */
export type Outcome = Failure | null | undefined;

/** So many failures in a row are not about one session, but about the server or the storage. */
const FAILURES = 8;

/** A request whose answer was lost says nothing about the token of a session that made none. */
const NOT_TRIED: Partial<Record<FailureKind, Partial<Failure>>> = {
  ambiguous: { kind: 'transient', delivery: 'not_sent' },
};

/**
 * Lets a limited number of pieces of work run at once; the others wait, the earliest deadline first, so that nothing
 * waits for ever: work with a late deadline is overtaken only by work whose deadline is earlier.
 *
 * Under load, work is late and does not fail. During an outage it would only wait to fail: after several failures in a
 * row the queue fails the work that waits, until something goes well again. Work that finds a free slot is always tried.
 */
export class BoundedQueue {
  readonly #time: Timing;
  readonly #limit: number;
  #running = 0;
  #order = 0;
  /** A heap: each entry is before the two at twice its index. An entry whose place has moved on is skipped. */
  readonly #heap: Entry[] = [];
  #failures = 0;
  #failure: Failure | undefined;
  #failing: TimerHandle;

  /** @param limit - how many pieces of work may run at once: a whole number above 0 */
  constructor(time: Timing, limit: number) {
    this.#time = time;
    this.#limit = limit;
  }

  /** Why work that waits would fail, during an outage. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Queues work, and begins it before this returns when a slot is free. */
  enter(work: Work): Place {
    const place = new Place(work, this);
    this.push(place, work.deadline);
    this.#beginNext();
    return place;
  }

  /** For places: work is done, or given up. */
  release(outcome: Outcome): void {
    this.#running -= 1;
    if (outcome === null) this.#endOutage();
    else if (outcome !== undefined && isShared(outcome)) {
      this.#failures += 1;
      if (this.#failures >= FAILURES) this.#failure = { ...outcome, ...NOT_TRIED[outcome.kind] };
    }
    this.#beginNext();
    // When nothing runs any more, nothing says that the outage goes on.
    if (this.#running === 0) this.#endOutage();
  }

  #endOutage(): void {
    this.#failures = 0;
    this.#failure = undefined;
  }

  #beginNext(): void {
    while (this.#running < this.#limit) {
      const place = this.#pop();
      if (place === undefined) return;
      this.#running += 1;
      place.begin();
    }
    if (this.#failure !== undefined && this.#heap.length > 0) this.#failSoon();
  }

  /** Fails what waits a few at a time, so that an outage with many sessions does not block the process. */
  #failSoon(): void {
    this.#failing ??= this.#time.setTimeout(() => {
      this.#failing = undefined;
      for (let count = 0; count < this.#limit && this.#failure !== undefined; count += 1) {
        const place = this.#pop();
        if (place === undefined) return;
        place.fail(this.#failure);
      }
      this.#beginNext();
    }, 0);
  }

  /** For places: files a place under a deadline. What it was filed under before does not count any more. */
  push(place: Place, deadline: number): void {
    const heap = this.#heap;
    this.#order += 1;
    const entry = { place, deadline, order: this.#order };
    let at = heap.length;
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(entry, heap[parent] as Entry); parent = (at - 1) >> 1) {
      heap[at] = heap[parent] as Entry;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes the first place that still waits, by its latest deadline. */
  #pop(): Place | undefined {
    for (let first = this.#popEntry(); first !== undefined; first = this.#popEntry()) {
      if (first.place.waitsUntil === first.deadline) return first.place;
    }
    return undefined;
  }

  #popEntry(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      if (child >= heap.length || !isBefore(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

interface Entry {
  readonly place: Place;
  readonly deadline: number;
  readonly order: number;
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.deadline < other.deadline || (one.deadline === other.deadline && one.order < other.order);
}

/** The place of one piece of work in a queue: it waits, runs, and is left. */
export class Place {
  readonly #work: Work;
  readonly #queue: BoundedQueue;
  #state: 'waiting' | 'running' | 'left' = 'waiting';
  #deadline: number;

  constructor(work: Work, queue: BoundedQueue) {
    this.#work = work;
    this.#queue = queue;
    this.#deadline = work.deadline;
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** The deadline, while the work waits. */
  get waitsUntil(): number | undefined {
    return this.#state === 'waiting' ? this.#deadline : undefined;
  }

  /** Gives work that still waits an earlier deadline. */
  hurry(deadline: number): void {
    if (this.#state !== 'waiting' || deadline >= this.#deadline) return;
    this.#deadline = deadline;
    this.#queue.push(this, deadline);
  }

  /** Gives the slot back, or stops waiting for one. Only the first call does anything. */
  leave(outcome?: Outcome): void {
    const before = this.#state;
    this.#state = 'left';
    if (before === 'running') this.#queue.release(outcome);
  }

  /** For the queue: the work has a slot. */
  begin(): void {
    this.#state = 'running';
    this.#work.begin();
  }

  /** For the queue: the work gets no slot. */
  fail(failure: Failure): void {
    this.#state = 'left';
    this.#work.fail(failure);
  }
}

/** Whether a failure is likely to meet other sessions as well: not what the server, or a record, says of this one. */
export function isShared(failure: Failure): boolean {
  return failure.kind !== 'terminal' && failure.version === undefined;
}
