import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';

const START = Date.UTC(2026, 0, 1);

describe('manualClock', () => {
  it('stands still until it is moved, from the hour it was given', async () => {
    const clock = manualClock({ now: 5000 });
    expect(clock.now()).toBe(5000);
    await clock.advance(250);
    expect(clock.now()).toBe(5250);
    await clock.advanceTo(9000);
    expect(clock.now()).toBe(9000);
    expect(manualClock().now()).toBe(START);
  });

  it('runs timers in the order of their deadlines, each at its own time', async () => {
    const clock = manualClock({ now: 0 });
    const ran: [string, number][] = [];
    clock.setTimeout(() => ran.push(['late', clock.now()]), 300);
    clock.setTimeout(() => ran.push(['early', clock.now()]), 100);
    clock.setTimeout(() => ran.push(['not yet', clock.now()]), 1001);
    await clock.advance(1000);
    expect(ran).toEqual([
      ['early', 100],
      ['late', 300],
    ]);
    expect(clock.pendingTimers).toEqual([1001]);
  });

  it('runs timers of the same deadline in the order in which they were set', async () => {
    const clock = manualClock({ now: 0 });
    const ran: string[] = [];
    clock.setTimeout(() => ran.push('first'), 100);
    await clock.advance(50);
    clock.setTimeout(() => ran.push('second'), 50);
    clock.setTimeout(() => ran.push('third'), 50);
    await clock.advance(50);
    expect(ran).toEqual(['first', 'second', 'third']);
  });

  it('runs a timer that another timer sets within the span, at its own time', async () => {
    const clock = manualClock({ now: 0 });
    const ran: number[] = [];
    const tick = (): void => {
      ran.push(clock.now());
      clock.setTimeout(tick, 100);
    };
    clock.setTimeout(tick, 100);
    await clock.advance(350);
    expect(ran).toEqual([100, 200, 300]);
    expect(clock.now()).toBe(350);
    expect(clock.pendingTimers).toEqual([400]);
  });

  it('does not run a timer that an earlier one clears when both are due', async () => {
    const clock = manualClock({ now: 0 });
    const ran: string[] = [];
    clock.setTimeout(() => {
      ran.push('clears');
      clock.clearTimeout(cleared);
    }, 10);
    const cleared = clock.setTimeout(() => ran.push('cleared'), 10);
    await clock.advance(10);
    expect(ran).toEqual(['clears']);
  });

  it('ignores clearing a timer that ran, and one that it does not know', async () => {
    const clock = manualClock({ now: 0 });
    const ran: string[] = [];
    const handle = clock.setTimeout(() => ran.push('ran'), 10);
    clock.setTimeout(() => ran.push('other'), 20);
    await clock.advance(10);
    clock.clearTimeout(handle);
    clock.clearTimeout(undefined);
    clock.clearTimeout({});
    await clock.advance(10);
    expect(ran).toEqual(['ran', 'other']);
  });

  it('lets promise callbacks settle between two timers, however many follow each other', async () => {
    const clock = manualClock({ now: 0 });
    const seen: string[] = [];
    clock.setTimeout(async () => {
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
      seen.push(`settled at ${clock.now()}`);
    }, 10);
    clock.setTimeout(() => seen.push('second timer'), 20);
    await clock.advance(20);
    expect(seen).toEqual(['settled at 10', 'second timer']);
  });

  it('runs a timer that is set by the promise callbacks before it started to move', async () => {
    const clock = manualClock({ now: 0 });
    const ran: number[] = [];
    void Promise.resolve().then(() => clock.setTimeout(() => ran.push(clock.now()), 10));
    await clock.advance(10);
    expect(ran).toEqual([10]);
  });

  it('runs what is due at once when it is advanced by nothing', async () => {
    const clock = manualClock({ now: 0 });
    const ran: string[] = [];
    clock.setTimeout(() => ran.push('no delay'), 0);
    clock.setTimeout(() => ran.push('negative delay'), -5);
    expect(ran).toEqual([]);
    await clock.advance(0);
    expect(ran).toEqual(['no delay', 'negative delay']);
  });

  it('waits any finite delay, also beyond the 24.8 days of the platform', async () => {
    const clock = manualClock({ now: 0 });
    const ran: number[] = [];
    const days = 100 * 86_400_000;
    clock.setTimeout(() => ran.push(clock.now()), days);
    await clock.advance(days - 1);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual([days]);
    expect(() => clock.setTimeout(() => {}, Number.NaN)).toThrow(RangeError);
  });

  it('jumps over timers without running them, as a paused process does, and runs them late afterwards', async () => {
    const clock = manualClock({ now: 0 });
    const ran: number[] = [];
    clock.setTimeout(() => ran.push(clock.now()), 100);
    clock.pause(5000);
    expect(clock.now()).toBe(5000);
    expect(ran).toEqual([]);
    await clock.advance(10);
    expect(ran).toEqual([5000]);
    expect(clock.now()).toBe(5010);
  });

  it('has a monotonic clock that time moves, and setting the wall clock does not', async () => {
    const clock = manualClock({ now: 5000 });
    expect(clock.monotonic()).toBe(0);
    await clock.advance(250);
    clock.pause(50);
    expect(clock.monotonic()).toBe(300);
    clock.setNow(90_000);
    clock.setNow(1000);
    expect(clock.monotonic()).toBe(300);
    expect(clock.now()).toBe(1000);
  });

  it.each([
    ['back', -3_600_000],
    ['forwards', 3_600_000],
  ])('runs timers after their delay, however far the wall clock is put %s meanwhile', async (_, by) => {
    const clock = manualClock({ now: START });
    const ran: number[] = [];
    clock.setTimeout(() => ran.push(clock.monotonic()), 100);
    clock.setNow(START + by);
    expect(clock.pendingTimers).toEqual([START + by + 100]);
    await clock.advance(99);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual([100]);
    expect(clock.now()).toBe(START + by + 100);
  });

  it('refuses to advance into the past, and twice at a time', async () => {
    const clock = manualClock({ now: 1000 });
    await expect(clock.advanceTo(999)).rejects.toThrow('into the future only');
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow('still advancing');
    await first;
    expect(clock.now()).toBe(1010);
  });

  it('rejects with what a timer throws, and can be advanced again', async () => {
    const clock = manualClock({ now: 0 });
    clock.setTimeout(() => {
      throw new Error('thrown by a timer');
    }, 10);
    await expect(clock.advance(20)).rejects.toThrow('thrown by a timer');
    await clock.advance(20);
    expect(clock.now()).toBe(30);
  });
});
