import { manualClock } from '@frameio-auth/testing';
import { expect, it, vi } from 'vitest';
import { startDeadline } from '../../src/http/deadline.js';

function started(ms: number) {
  const clock = manualClock();
  const onPassed = vi.fn();
  const cancel = startDeadline(ms, onPassed, clock);
  return { clock, onPassed, cancel };
}

it.each([0.5, 1, 300, 1_000, 1_001, 15_000])('passes once, after %d ms in which the process was awake', async (ms) => {
  const { clock, onPassed } = started(ms);
  await clock.advance(ms - 0.1);
  expect(onPassed).toHaveBeenCalledTimes(0);
  await clock.advance(1);
  expect(onPassed).toHaveBeenCalledTimes(1);
  await clock.advance(60_000);
  expect(onPassed).toHaveBeenCalledTimes(1);
  expect(clock.pendingTimers).toEqual([]);
});

it('never passes once it was cancelled, in any slice', async () => {
  const { clock, onPassed, cancel } = started(15_000);
  await clock.advance(7_500);
  cancel();
  cancel();
  expect(clock.pendingTimers).toEqual([]);
  await clock.advance(60_000);
  expect(onPassed).toHaveBeenCalledTimes(0);
});

it.each([
  ['at the beginning', 50],
  ['in the middle', 7_500],
  ['at the very end', 14_990],
])('leaves time to read what came when the process stood still %s', async (_, awake) => {
  const { clock, onPassed } = started(15_000);
  await clock.advance(awake);
  clock.pause(20_000);
  await clock.advance(450);
  expect(onPassed).toHaveBeenCalledTimes(0);
  await clock.advance(15_000);
  expect(onPassed).toHaveBeenCalledTimes(1);
});

it('leaves time also for a time-out that is shorter than a slice', async () => {
  const { clock, onPassed } = started(300);
  clock.pause(600);
  await clock.advance(149);
  expect(onPassed).toHaveBeenCalledTimes(0);
  await clock.advance(1);
  expect(onPassed).toHaveBeenCalledTimes(1);
});

it('passes in a process that stands still again and again', async () => {
  const { clock, onPassed } = started(15_000);
  let stops = 0;
  for (; onPassed.mock.calls.length === 0; stops += 1) {
    clock.pause(5_000);
    await clock.advance(0);
  }
  expect(stops).toBeLessThan(50);
});

it('does not notice that the wall clock is set, in either direction', async () => {
  const { clock, onPassed } = started(15_000);
  clock.setNow(clock.now() - 3_600_000);
  await clock.advance(10_000);
  clock.setNow(clock.now() + 86_400_000);
  await clock.advance(4_999);
  expect(onPassed).toHaveBeenCalledTimes(0);
  await clock.advance(2);
  expect(onPassed).toHaveBeenCalledTimes(1);
});

it('keeps the process alive, as the request that it is for does', () => {
  const clock = manualClock();
  const options: unknown[] = [];
  const watched = { ...clock, setTimeout: (...[, , kept]: Parameters<typeof clock.setTimeout>) => options.push(kept) };
  startDeadline(15_000, () => {}, watched);
  expect(options).toEqual([{ keepAlive: true }]);
});

it('looks the globals of the system up when it begins, so that fake timers reach it', async () => {
  vi.useFakeTimers();
  try {
    const onPassed = vi.fn();
    startDeadline(15_000, onPassed);
    await vi.advanceTimersByTimeAsync(14_999);
    expect(onPassed).toHaveBeenCalledTimes(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(onPassed).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});

it('passes where the timers alone are faked, and where the clocks stand still', async () => {
  for (const toFake of [
    ['setTimeout', 'clearTimeout'],
    ['performance', 'setTimeout', 'clearTimeout'],
  ] as const) {
    vi.useFakeTimers({ toFake: [...toFake] });
    try {
      const onPassed = vi.fn();
      startDeadline(15_000, onPassed);
      await vi.advanceTimersByTimeAsync(15_000);
      expect(onPassed).toHaveBeenCalledTimes(1);
    } finally {
      vi.useRealTimers();
    }
  }
});
