import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';

const DAY = 24 * 60 * 60_000;
/** The longest delay of the platform's timers: 24.8 days. A longer one fires at once. */
const LONGEST = 2 ** 31 - 1;

describe('the system clock', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) }));
  afterEach(() => void vi.useRealTimers());

  it('shows the time of the platform', () => {
    vi.setSystemTime(1_767_225_600_123);
    expect(systemClock().now()).toBe(1_767_225_600_123);
  });

  it.each([
    ['a millisecond', 1],
    ['a minute', 60_000],
    ['as long as the platform can', LONGEST],
    ['a millisecond longer than the platform can', LONGEST + 1],
    ['60 days', 60 * DAY],
    ['ten years', 3650 * DAY],
  ])('waits %s, to the millisecond, and calls once', (_name, delay) => {
    const clock = systemClock();
    const callback = vi.fn();
    clock.setTimeout(callback, delay);
    vi.advanceTimersByTime(delay - 1);
    expect(callback).toHaveBeenCalledTimes(0);
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(100 * DAY);
    expect(callback).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never hands the platform a delay that it cannot wait', () => {
    const delays: number[] = [];
    const platform = globalThis.setTimeout;
    vi.stubGlobal('setTimeout', (callback: () => void, delay: number) => {
      delays.push(delay);
      return platform(callback, delay);
    });
    systemClock().setTimeout(() => {}, Number.MAX_SAFE_INTEGER - Date.now());
    systemClock().setTimeout(() => {}, -1000);
    vi.advanceTimersByTime(365 * DAY);
    expect(delays.length).toBeGreaterThan(15);
    expect(delays.every((delay) => delay >= 0 && delay <= LONGEST)).toBe(true);
    vi.unstubAllGlobals();
  });

  it.each([
    ['is put back', () => Date.UTC(2025, 0, 1)],
    ['is put forward', () => Date.UTC(2027, 0, 1)],
    ['stands still', () => Date.UTC(2026, 0, 1)],
  ])('waits as long when the wall clock %s meanwhile', (_, now) => {
    const callback = vi.fn();
    systemClock().setTimeout(callback, 60 * DAY);
    vi.spyOn(Date, 'now').mockImplementation(now);
    vi.advanceTimersByTime(60 * DAY - 1);
    expect(callback).toHaveBeenCalledTimes(0);
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
  });

  it('has a monotonic clock that no setting of the wall clock moves', () => {
    const clock = systemClock();
    const before = clock.monotonic();
    vi.setSystemTime(0);
    vi.advanceTimersByTime(250);
    expect(clock.monotonic() - before).toBe(250);
  });

  it('looks the globals up at each call, so that fake ones have effect that are installed or removed later', () => {
    vi.useRealTimers();
    const clock = systemClock();
    vi.useFakeTimers({ now: 5000 });
    const callback = vi.fn();
    clock.setTimeout(callback, 100);
    vi.advanceTimersByTime(100);
    expect(callback).toHaveBeenCalledTimes(1);
    expect(clock.now()).toBe(5100);
    vi.useRealTimers();
    expect(clock.now()).toBeGreaterThan(Date.UTC(2026, 0, 1));
  });

  it('waits where the timers alone are faked', () => {
    vi.useRealTimers();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const callback = vi.fn();
    systemClock().setTimeout(callback, 60 * DAY);
    vi.runAllTimers();
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('forgets a timer, also one that was wound up again on the way', () => {
    const clock = systemClock();
    const callback = vi.fn();
    const handle = clock.setTimeout(callback, 60 * DAY);
    vi.advanceTimersByTime(59 * DAY);
    clock.clearTimeout(handle);
    clock.clearTimeout(handle);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10 * DAY);
    expect(callback).toHaveBeenCalledTimes(0);
  });

  it('ignores a timer that has run, and what is none', () => {
    const clock = systemClock();
    const handle = clock.setTimeout(() => {}, 1);
    vi.advanceTimersByTime(1);
    for (const each of [handle, undefined, null, {}]) expect(() => clock.clearTimeout(each)).not.toThrow();
  });
});

describe('a timer of the system clock', () => {
  /** Records the platform's timers as they are created. */
  function platformTimers(): NodeJS.Timeout[] {
    const made: NodeJS.Timeout[] = [];
    const platform = globalThis.setTimeout;
    vi.stubGlobal('setTimeout', (callback: () => void, delay: number) => {
      const timer = platform(callback, delay);
      made.push(timer);
      return timer;
    });
    return made;
  }
  afterEach(() => void vi.unstubAllGlobals());

  it('lets the process end, unless it is to keep it', () => {
    const made = platformTimers();
    const clock = systemClock();
    const handles = [
      clock.setTimeout(() => {}, 60_000),
      clock.setTimeout(() => {}, 60_000, { keepAlive: false }),
      clock.setTimeout(() => {}, 60_000, { keepAlive: true }),
    ];
    expect(made.map((timer) => timer.hasRef())).toEqual([false, false, true]);
    for (const handle of handles) clock.clearTimeout(handle);
  });

  it('works where timers are numbers, as in browsers', () => {
    const calls: unknown[] = [];
    vi.stubGlobal('setTimeout', () => 42);
    vi.stubGlobal('clearTimeout', (timer: unknown) => calls.push(timer));
    const clock = systemClock();
    clock.clearTimeout(clock.setTimeout(() => {}, 60_000));
    expect(calls).toEqual([42]);
  });
});
