import { manualClock } from '@frameio-auth/testing';
import { expect, it } from 'vitest';
import { SessionTimers } from '../../src/session/session-timers.js';

function started() {
  const clock = manualClock();
  const elapsed: string[] = [];
  const timers = new SessionTimers(clock);
  const start = (name: Parameters<SessionTimers['start']>[0], delay: number, mark: string = name) =>
    timers.start(name, delay, () => void elapsed.push(mark));
  return { clock, timers, elapsed, start };
}

it('runs timers of different names side by side, each once', async () => {
  const { clock, elapsed, start } = started();
  start('refresh', 200);
  start('retry', 100);
  await clock.advance(1000);
  expect(elapsed).toEqual(['retry', 'refresh']);
  expect(clock.pendingTimers).toEqual([]);
});

it('runs one timer of a name at a time: the last', async () => {
  const { clock, elapsed, start } = started();
  start('retry', 100, 'first');
  start('retry', 200, 'second');
  expect(clock.pendingTimers).toHaveLength(1);
  await clock.advance(1000);
  expect(elapsed).toEqual(['second']);
});

it('may be started again by its own end', async () => {
  const { clock, timers, elapsed } = started();
  const again = () => {
    elapsed.push('lease');
    if (elapsed.length < 3) timers.start('lease', 10, again);
  };
  timers.start('lease', 10, again);
  await clock.advance(100);
  expect(elapsed).toHaveLength(3);
  expect(clock.pendingTimers).toEqual([]);
});

it('stops one timer, or all; those that do not run are ignored', async () => {
  const { clock, timers, elapsed, start } = started();
  start('poll', 10);
  start('lease', 10);
  start('authorization', 10);
  timers.stop('poll');
  timers.stop('retry');
  expect(clock.pendingTimers).toHaveLength(2);
  timers.stopAll();
  timers.stopAll();
  expect(clock.pendingTimers).toEqual([]);
  await clock.advance(100);
  expect(elapsed).toEqual([]);
});

it('takes a moment that has passed for now', async () => {
  const { clock, elapsed, start } = started();
  start('refresh', -5000);
  expect(clock.pendingTimers).toEqual([clock.now()]);
  await clock.advance(0);
  expect(elapsed).toEqual(['refresh']);
});
