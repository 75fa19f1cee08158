/** An action that is scheduled for a moment. */
export interface Appointment {
  readonly time: number;
  /** Of two at the same moment, the one that was scheduled first runs first. */
  readonly order: number;
  /** `undefined` after it was cancelled. */
  run: (() => void) | undefined;
}

/** More appointments at the same moment indicate an endless loop. */
const MOST_AT_ONCE = 20_000;

/**
 * The only clock: it stops while anything runs, and jumps to the next appointment when nothing is left to run.
 * All waiting happens here, so one order of appointments means one order of events.
 */
export class VirtualTime {
  #now: number;
  #orders = 0;
  #heap: Appointment[] = [];
  #atOnce = 0;

  /**
   * @param now - the first moment, in milliseconds since the Unix epoch
   */
  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  /** Schedules an appointment, `delay` milliseconds from now. */
  after(delay: number, run: () => void): Appointment {
    const appointment: Appointment = { time: this.#now + Math.max(0, Math.ceil(delay)), order: this.#orders++, run };
    this.#push(appointment);
    return appointment;
  }

  cancel(appointment: Appointment): void {
    appointment.run = undefined;
  }

  /**
   * Runs all appointments up to a moment, including those scheduled meanwhile, and lets promises settle after each.
   *
   * @param mayContinue - called after each appointment; `false` ends the run there
   * @throws Error if the same moment brings more and more appointments
   */
  async runUntil(end: number, mayContinue: () => boolean = () => true): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.time <= end; next = this.#heap[0]) {
      this.#pop();
      const { run } = next;
      if (run === undefined) continue;
      this.#atOnce = next.time === this.#now ? this.#atOnce + 1 : 0;
      if (this.#atOnce > MOST_AT_ONCE) throw new Error('One moment brings ever more appointments.');
      this.#now = next.time;
      run();
      await settled();
      if (!mayContinue()) return;
    }
    this.#now = Math.max(this.#now, end);
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(appointment);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] as Appointment;
      if (isBefore(above, appointment)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = appointment;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Appointment;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Appointment, heap[child] as Appointment)) child += 1;
      const below = heap[child] as Appointment;
      if (isBefore(last, below)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(one: Appointment, other: Appointment): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}

/**
 * Resolves after all promises that can settle have settled, including a response's body: they use microtasks, and this
 * uses a macrotask.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
