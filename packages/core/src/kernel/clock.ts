/** A running timer, as its clock names it. */
export type TimerHandle = unknown;

/**
 * Time as a value: what the session asks for the hour and for a call at a later one. Tests hand in a clock of
 * their own (`manualClock()` of `@frameio-auth/testing`).
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Calls `callback` once, `delay` milliseconds from now; any finite delay, also beyond the 2^31 - 1 ms that
   * the platform's own `setTimeout` can wait. A timer lets the process end unless `keepAlive` is set.
   */
  setTimeout(callback: () => void, delay: number, options?: { keepAlive?: boolean }): TimerHandle;
  /** Forgets a timer; one that has run or is unknown is ignored. */
  clearTimeout(handle: TimerHandle): void;
}

/** The longest delay that the platform's timers can wait; a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The platform's clock and timers, for delays of any length. */
export function systemClock(): Clock {
  return {
    now: Date.now,
    setTimeout(callback, delay, { keepAlive = false } = {}) {
      const timer: { current?: ReturnType<typeof setTimeout> } = {};
      const deadline = Date.now() + delay;
      // The platform wakes a timer a moment early now and then, and cannot wait longer than its limit in one go.
      const elapsed = (): void => (Date.now() < deadline ? wait() : callback());
      const wait = (): void => {
        timer.current = setTimeout(elapsed, Math.min(Math.max(0, deadline - Date.now()), LONGEST_DELAY));
        // Browsers number their timers; only where a timer is an object can it be told to let the process go.
        if (!keepAlive && typeof timer.current === 'object') (timer.current as { unref?(): void }).unref?.();
      };
      wait();
      return timer;
    },
    clearTimeout(handle) {
      clearTimeout((handle as { current?: ReturnType<typeof setTimeout> } | undefined)?.current);
    },
  };
}
