/** A running timer; only its clock reads it. */
export type TimerHandle = unknown;

/**
 * Time as a port: two clocks and timers. Tests pass their own (`manualClock()` of `@frameio-auth/testing`).
 *
 * The wall clock dates moments for others, and anyone may set it. The monotonic clock measures durations, and cannot be
 * set; it may stand still while the machine sleeps.
 */
export interface Clock {
  /** Returns the wall clock's time: milliseconds since the Unix epoch. It may jump, forwards and back. */
  now(): number;
  /**
   * Returns the monotonic clock's time: milliseconds from any origin. It never goes back, and setting the wall clock
   * does not affect it.
   */
  monotonic(): number;
  /**
   * Calls `callback` once, when `delay` milliseconds have passed on the monotonic clock. Any finite delay works, also
   * beyond the 2^31 - 1 ms of the platform's own `setTimeout`. A timer does not keep the process alive unless
   * `keepAlive` is set.
   */
  setTimeout(callback: () => void, delay: number, options?: { keepAlive?: boolean }): TimerHandle;
  /** Cancels a timer. Does nothing if it has run or is unknown. */
  clearTimeout(handle: TimerHandle): void;
}

/** The longest delay that the platform's timers support, in milliseconds; a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * Returns the platform's clocks and timers, for delays of any length. `Date`, `performance`, `setTimeout` and
 * `clearTimeout` are looked up at each call, so fakes that are installed later take effect.
 */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimeout(callback, delay, { keepAlive = false } = {}) {
      const timer: { current?: ReturnType<typeof setTimeout> } = {};
      // The delay is counted down and never compared with a clock, because clocks may be faked without the timers, or
      // set.
      const wait = (left: number): void => {
        const part = Math.min(Math.max(0, left), LONGEST_DELAY);
        timer.current = setTimeout(() => (left > part ? wait(left - part) : callback()), part);
        // Browsers return a number, which has no `unref`.
        if (!keepAlive && typeof timer.current === 'object') (timer.current as { unref?(): void }).unref?.();
      };
      wait(delay);
      return timer;
    },
    clearTimeout(handle) {
      clearTimeout((handle as { current?: ReturnType<typeof setTimeout> } | undefined)?.current);
    },
  };
}
