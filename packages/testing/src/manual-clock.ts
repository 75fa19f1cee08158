import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import type { Clock, TimerHandle } from '@frameio-auth/core/adapter';

export interface ManualClockOptions {
  /** The initial time, in milliseconds since the Unix epoch. Default: 2026-01-01T00:00:00Z. */
  readonly now?: number;
}

/** A wall clock, a monotonic clock and timers that change only when a test advances them. */
export interface ManualClock extends Clock {
  /**
   * Advances both clocks by `ms` milliseconds and runs the timers that become due, including those set meanwhile. They
   * run in order of their deadlines, equal ones in the order they were set, each at its own time. Between two timers,
   * and at both ends, promise callbacks settle. Network I/O gets turns too, but is not waited for: await its result.
   *
   * Rejects with what a timer throws, and if another `advance` is still running.
   */
  advance(ms: number): Promise<void>;
  /**
   * Runs {@link ManualClock.advance} until the wall clock shows `time`, in milliseconds since the Unix epoch; not into
   * the past.
   */
  advanceTo(time: number): Promise<void>;
  /**
   * Advances both clocks by `ms` milliseconds without running timers, as if the process was suspended. Overdue timers
   * run late, at the next `advance`.
   */
  pause(ms: number): void;
  /**
   * Sets only the wall clock, forwards or back, in milliseconds since the Unix epoch. Timers are unaffected, because
   * they wait on the monotonic clock. To a session, a jump forwards looks like a suspended machine.
   */
  setNow(time: number): void;
  /** When the pending timers are due, by the current wall clock, in the order in which they will run. */
  readonly pendingTimers: readonly number[];
}

interface Timer {
  /** On the monotonic clock, in milliseconds. */
  readonly deadline: number;
  readonly callback: () => void;
}

/** Creates a {@link ManualClock}. Its monotonic clock begins at 0. */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  let now = options.now ?? Date.UTC(2026, 0, 1);
  let monotonic = 0;
  let advancing = false;
  const timers = new Set<Timer>();
  // Sorting is stable and a set keeps insertion order, so equal deadlines stay in the order they were set.
  const inOrder = (): Timer[] => [...timers].sort((one, other) => one.deadline - other.deadline);

  function pass(ms: number): void {
    now += ms;
    monotonic += ms;
  }

  async function advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`A manual clock advances into the future only, and not by ${ms} ms`);
    if (advancing) throw new Error('This manual clock is still advancing: await the earlier advance() first');
    advancing = true;
    const end = monotonic + ms;
    try {
      await turnOfTheEventLoop();
      for (let next = inOrder()[0]; next !== undefined && next.deadline <= end; next = inOrder()[0]) {
        timers.delete(next);
        pass(Math.max(0, next.deadline - monotonic));
        next.callback();
        await turnOfTheEventLoop();
      }
      pass(Math.max(0, end - monotonic));
    } finally {
      advancing = false;
    }
    await turnOfTheEventLoop();
  }

  return {
    now: () => now,
    monotonic: () => monotonic,
    setTimeout(callback, delay): TimerHandle {
      if (!Number.isFinite(delay))
        throw new RangeError(`A timer's delay is a finite number of milliseconds, not ${delay}`);
      const timer: Timer = { deadline: monotonic + Math.max(0, delay), callback };
      timers.add(timer);
      return timer;
    },
    clearTimeout(handle) {
      timers.delete(handle as Timer);
    },
    advance,
    advanceTo: (time) => advance(time - now),
    pause: pass,
    setNow(time) {
      now = time;
    },
    get pendingTimers() {
      return inOrder().map(({ deadline }) => deadline - monotonic + now);
    },
  };
}
