/** A running timer, as its clock names it. */
export type TimerHandle = unknown;

/**
 * Time as a port: two clocks and timers. Tests pass one of their own (`manualClock()` of `@frameio-auth/testing`).
 *
 * The wall clock says what to call a moment when others are told of it, and anybody may set it. The monotonic clock
 * says how long something takes, and nobody can set it; it may stand still while the machine sleeps.
 */
export interface Clock {
  /** The wall clock: milliseconds since the Unix epoch. It may jump, forwards and back. */
  now(): number;
  /** The monotonic clock: milliseconds from any origin. It never goes back, and setting the wall clock does not move it. */
  monotonic(): number;
  /**
   * Calls `callback` once, when `delay` milliseconds have passed on the monotonic clock; any finite delay, also beyond
   * the 2^31 - 1 ms that the platform's own `setTimeout` can wait. A timer lets the process end unless `keepAlive` is
   * set.
   */
  setTimeout(callback: () => void, delay: number, options?: { keepAlive?: boolean }): TimerHandle;
  /** Forgets a timer; one that has run or is unknown is ignored. */
  clearTimeout(handle: TimerHandle): void;
}

/** The longest delay that the platform's timers can wait; a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * The platform's clocks and timers, for delays of any length. `Date`, `performance`, `setTimeout` and `clearTimeout` are
 * looked up at each call, so fake ones that are installed later have effect.
 */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimeout(callback, delay, { keepAlive = false } = {}) {
      const timer: { current?: ReturnType<typeof setTimeout> } = {};
      // The delay is counted down and never compared with a clock: a clock may be faked without the timers, or set.
      const wait = (left: number): void => {
        const part = Math.min(Math.max(0, left), LONGEST_DELAY);
        timer.current = setTimeout(() => (left > part ? wait(left - part) : callback()), part);
        // Browsers number their timers; only where a timer is an object can it be told to let the process go.
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
