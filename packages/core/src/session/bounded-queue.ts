import type { TimerHandle } from '../kernel/clock.js';
import type { Failure, FailureKind } from '../kernel/failure.js';
import type { Timing } from './session-time.js';

/** One piece of work that needs a slot. */
export interface Work {
  /** When the work should begin at the latest, on the session's time. The earliest deadline goes first. */
  readonly deadline: number;
  /** Called once, when the work gets a slot. Must not throw. */
  begin(): void;
  /** Called instead of `begin()` when recent work failed for a reason that affects this work too. */
  fail(failure: Failure): void;
}

/** What the result of work says about other work: `null` for a success, `undefined` if it says nothing. */
export type Outcome = Failure | null | undefined;

/** How many failures in a row mean an outage of the server or the storage, and not a problem of one session. */
const FAILURES = 8;

/** For a session that sent no request, a lost response of another session is not ambiguous. */
const NOT_TRIED: Partial<Record<FailureKind, Partial<Failure>>> = {
  ambiguous: { kind: 'transient', delivery: 'not_sent' },
};

/**
 * Runs a limited number of pieces of work at once, by earliest deadline first. Nothing waits forever, because work is
 * overtaken only by work with an earlier deadline.
 *
 * Under load, work is late but does not fail. During an outage, waiting would only delay the failure. After several
 * failures in a row the queue fails the waiting work, until a success. Work that finds a free slot always runs.
 */
export class BoundedQueue {
  readonly #time: Timing;
  readonly #limit: number;
  #running = 0;
  #order = 0;
  /** A binary heap: each entry is before its children. Entries with an outdated deadline are skipped. */
  readonly #heap: Entry[] = [];
  #failures = 0;
  #failure: Failure | undefined;
  #failing: TimerHandle;

  /** @param limit - how many pieces of work may run at once: a whole number above 0 */
  constructor(time: Timing, limit: number) {
    this.#time = time;
    this.#limit = limit;
  }

  /** Why waiting work would fail, during an outage. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Queues work. If a slot is free, begins it before this returns. */
  enter(work: Work): Place {
    const place = new Place(work, this);
    this.push(place, work.deadline);
    this.#beginNext();
    return place;
  }

  /** For places: work is done, or was given up. */
  release(outcome: Outcome): void {
    this.#running -= 1;
    if (outcome === null) this.#endOutage();
    else if (outcome !== undefined && isShared(outcome)) {
      this.#failures += 1;
      if (this.#failures >= FAILURES) this.#failure = { ...outcome, ...NOT_TRIED[outcome.kind] };
    }
    this.#beginNext();
    // When nothing runs, there is no evidence that the outage continues.
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

  /** Fails waiting work in small batches, so that an outage with many sessions does not block the process. */
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

  /** For places: queues a place under a deadline. An earlier deadline of the same place is ignored from now on. */
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

  /** Removes and returns the first place that still waits, by its latest deadline. */
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

/** The place of one piece of work in a queue: waiting, running or left. */
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

  /** Gives waiting work an earlier deadline. */
  hurry(deadline: number): void {
    if (this.#state !== 'waiting' || deadline >= this.#deadline) return;
    this.#deadline = deadline;
    this.#queue.push(this, deadline);
  }

  /** Gives up the slot, or leaves the queue. Only the first call has an effect. */
  leave(outcome?: Outcome): void {
    const before = this.#state;
    this.#state = 'left';
    if (before === 'running') this.#queue.release(outcome);
  }

  /** For the queue: the work gets a slot. */
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

/**
 * Returns whether a failure is likely to affect other sessions too. A rejection of this session's credential, or an
 * unreadable record, is not.
 */
export function isShared(failure: Failure): boolean {
  return failure.kind !== 'terminal' && failure.version === undefined;
}
