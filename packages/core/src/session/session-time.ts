import type { Clock, TimerHandle } from '../kernel/clock.js';

/** What sessions need of a clock: a time that never goes back, and timers. */
export type Timing = Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;

/**
 * How far the wall clock may drift from the monotonic clock before that counts as a jump, in milliseconds. The two are
 * read one after the other, are rounded differently, and may run at slightly different rates.
 */
const TOLERANCE = 1_000;

/**
 * The time of all sessions of one auth object, in milliseconds. It starts as the wall clock's time and advances like
 * real time. It never goes back, and it advances when the wall clock is set back. It includes the machine's sleep, in
 * which the monotonic clock may stand still.
 *
 * At each reading it advances by the clock that advanced more, the wall clock or the monotonic clock. A wall clock that
 * is set forward therefore looks like a sleep; the cost is an early refresh.
 */
export class SessionTime implements Timing {
  readonly #clock: Clock;
  /** This time minus the wall clock's. It grows whenever the wall clock falls behind. */
  #shift = 0;
  // The readings that later ones are compared with. They are replaced only at a jump, so small steps back add up.
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

  /**
   * Starts a timer. When it fires, at least `delay` has passed on this time, whatever the clocks say: they may be
   * rounded, set, frozen or faked.
   */
  setTimeout(callback: () => void, delay: number, options?: { keepAlive?: boolean }): TimerHandle {
    const whole = Math.ceil(delay); // Keeps times whole numbers, as the wall clock's are.
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

  /** Converts a moment of this time to the wall clock's. */
  onWall(time: number): number {
    return time - this.#shift;
  }

  /** Converts a moment of the wall clock to this time. */
  fromWall(time: number): number {
    return time + this.#shift;
  }

  /** Returns what the clocks say, which may be up to the tolerance less than the last reading. */
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
