import type { Clock, TimerHandle } from '../kernel/clock.js';

/** What sessions need of a clock: one time that passes, and timers. */
export type Timing = Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;

/**
 * How far the wall clock may drift from the monotonic clock before that counts as a jump, in milliseconds. The two are
 * read one after the other, are rounded differently, and may run at slightly different rates.
 */
const TOLERANCE = 1_000;

/**
 * The time that the sessions of one auth object live by, in milliseconds. It begins as the wall clock's time and passes
 * like real time: it never goes back, it goes on when the wall clock is put back, and a machine's sleep counts although
 * the monotonic clock may stand still then.
 *
 * At each reading it has passed by what the wall clock or the monotonic clock says, whichever is more. A wall clock that
 * is put forward therefore looks like a sleep; the cost is an early renewal.
 */
export class SessionTime implements Timing {
  readonly #clock: Clock;
  /** This time less the wall clock's. It grows whenever the wall clock falls behind. */
  #shift = 0;
  // The readings that the next ones are compared with. They stay for long, so that small steps back add up.
  #wall: number;
  #monotonic: number;
  #latest: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wall = clock.now();
    this.#monotonic = clock.monotonic();
    this.#latest = this.#wall;
  }

  now(): number {
    return this.#reach(this.#read());
  }

  /** When it fires, at least `delay` has passed, whatever the clocks say: they may be rounded, set, frozen or faked. */
  setTimeout(callback: () => void, delay: number, options?: { keepAlive?: boolean }): TimerHandle {
    const whole = Math.ceil(delay); // So that times stay whole numbers, as the wall clock's are.
    const due = this.#read() + whole;
    const elapsed = () => {
      const missing = due - this.#read();
      if (missing > TOLERANCE) this.#shift += Math.round(missing);
      this.#reach(due);
      callback();
    };
    return this.#clock.setTimeout(elapsed, whole, options);
  }

  clearTimeout(handle: TimerHandle): void {
    this.#clock.clearTimeout(handle);
  }

  /** What the wall clock shows at a moment of this time, for those outside to read. */
  onWall(time: number): number {
    return time - this.#shift;
  }

  /** The moment of this time at which the wall clock shows `time`. */
  fromWall(time: number): number {
    return time + this.#shift;
  }

  /** What the clocks say; up to the tolerance less than what was said before. */
  #read(): number {
    const wall = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const lag = monotonic - this.#monotonic - (wall - this.#wall);
    if (Math.abs(lag) > TOLERANCE) {
      this.#wall = wall;
      this.#monotonic = monotonic;
      if (lag > 0) this.#shift += Math.round(lag);
    }
    return wall + this.#shift;
  }

  #reach(time: number): number {
    if (time > this.#latest) this.#latest = time;
    return this.#latest;
  }
}
