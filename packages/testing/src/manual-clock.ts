import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import type { Clock, TimerHandle } from '@frameio-auth/core';

export interface ManualClockOptions {
  /** The first hour it shows, in milliseconds since the Unix epoch. Default: 2026-01-01T00:00:00Z. */
  readonly now?: number;
}

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Moves the time on by `ms` milliseconds and runs the timers that fall due, those set meanwhile too: in the order
   * of their deadlines, equal ones in the order they were set, each at its own time. Between two timers, and at
   * both ends, promise callbacks settle. Network I/O gets turns too but is not waited for: await its result.
   *
   * Rejects with what a timer throws, and when another `advance` is still under way.
   */
  advance(ms: number): Promise<void>;
  /** {@link ManualClock.advance} up to `time`, in milliseconds since the Unix epoch; not into the past. */
  advanceTo(time: number): Promise<void>;
  /**
   * Shows another hour without running anything, as after a process was paused or a machine's clock was set, also
   * backwards. Timers that are overdue then run at the next `advance`, late.
   */
  setNow(time: number): void;
  /** The deadlines of the timers that wait, in the order in which they will run. */
  readonly pendingTimers: readonly number[];
}

interface Timer {
  readonly deadline: number;
  readonly callback: () => void;
}

/** A {@link ManualClock}. */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  let now = options.now ?? Date.UTC(2026, 0, 1);
  let advancing = false;
  const timers = new Set<Timer>();
  // Sorting is stable and a set keeps the order of insertion: equal deadlines stay in the order they were set.
  const inOrder = (): Timer[] => [...timers].sort((one, other) => one.deadline - other.deadline);

  async function advanceTo(time: number): Promise<void> {
    if (!(time >= now)) throw new RangeError(`A manual clock advances into the future only: ${time} is before ${now}`);
    if (advancing) throw new Error('This manual clock is still advancing: await the earlier advance() first');
    advancing = true;
    try {
      await turnOfTheEventLoop();
      for (let next = inOrder()[0]; next !== undefined && next.deadline <= time; next = inOrder()[0]) {
        timers.delete(next);
        now = Math.max(now, next.deadline);
        next.callback();
        await turnOfTheEventLoop();
      }
      now = Math.max(now, time);
    } finally {
      advancing = false;
    }
    await turnOfTheEventLoop();
  }

  return {
    now: () => now,
    setTimeout(callback, delay): TimerHandle {
      if (!Number.isFinite(delay))
        throw new RangeError(`A timer's delay is a finite number of milliseconds, not ${delay}`);
      const timer: Timer = { deadline: now + Math.max(0, delay), callback };
      timers.add(timer);
      return timer;
    },
    clearTimeout(handle) {
      timers.delete(handle as Timer);
    },
    advance: (ms) => advanceTo(now + ms),
    advanceTo,
    setNow(time) {
      now = time;
    },
    get pendingTimers() {
      return inOrder().map(({ deadline }) => deadline);
    },
  };
}
