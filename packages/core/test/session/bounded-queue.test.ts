import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/kernel/failure.js';
import { BoundedQueue, type Place } from '../../src/session/bounded-queue.js';

const LIMIT = 4;
const SECOND = 1_000;

const OUTAGE: Failure = {
  kind: 'transient',
  source: 'storage',
  code: 'storage_timeout',
  description: 'The fictional storage did not answer.',
};

function place() {
  const clock = manualClock();
  const queue = new BoundedQueue(clock, LIMIT);
  const running = new Set<Place>();
  const began: string[] = [];
  const failed: string[] = [];
  const enter = (name: string, deadline: number): Place => {
    const entered: Place = queue.enter({
      deadline,
      begin: () => {
        began.push(name);
        queueMicrotask(() => running.add(entered));
      },
      fail: () => failed.push(name),
    });
    return entered;
  };
  const finish = async (outcome: Failure | null | undefined) => {
    await undefined;
    const [first] = running;
    if (first === undefined) throw new Error('Nothing runs.');
    running.delete(first);
    first.leave(outcome);
    await undefined;
  };
  return { clock, queue, running, began, failed, enter, finish };
}

describe('a bounded queue', () => {
  it('begins work at once while there are slots, and runs no more at once than it has', async () => {
    const { began, running, enter, finish } = place();
    for (let index = 0; index < 50; index += 1) {
      enter(`work-${index}`, index);
      expect(began).toHaveLength(Math.min(index + 1, LIMIT));
    }
    for (let done = 0; done < 50; done += 1) {
      await finish(null);
      expect(running.size).toBeLessThanOrEqual(LIMIT);
    }
    expect(began).toHaveLength(50);
  });

  it('begins the earliest deadline first, and equal ones in the order in which they came', async () => {
    const { began, enter, finish } = place();
    for (let index = 0; index < LIMIT; index += 1) enter('first', 0);
    const deadlines = Array.from({ length: 40 }, (_, index) => (index * 7) % 10);
    for (const [index, deadline] of deadlines.entries()) enter(`${deadline}-${index}`, deadline);
    for (let done = 0; done < 44; done += 1) await finish(null);
    const expected = deadlines
      .map((deadline, index) => ({ deadline, index }))
      .sort((one, other) => one.deadline - other.deadline || one.index - other.index)
      .map(({ deadline, index }) => `${deadline}-${index}`);
    expect(began.slice(LIMIT)).toEqual(expected);
  });

  it('lets work that is in a hurry go before what is not, once', async () => {
    const { began, enter, finish } = place();
    for (let index = 0; index < LIMIT; index += 1) enter('first', 0);
    enter('early', 10);
    const late = enter('late', 20);
    late.hurry(5);
    late.hurry(30);
    for (let done = 0; done < LIMIT + 2; done += 1) await finish(null);
    expect(began.slice(LIMIT)).toEqual(['late', 'early']);
  });

  it('never begins what left while it waited, and loses no slot by it', async () => {
    const { began, enter, finish } = place();
    for (let index = 0; index < LIMIT; index += 1) enter('first', 0);
    const gone = enter('gone', 1);
    enter('next', 2);
    gone.leave();
    gone.leave(OUTAGE);
    for (let done = 0; done < LIMIT + 1; done += 1) await finish(null);
    expect(began).toEqual(['first', 'first', 'first', 'first', 'next']);
    for (let index = 0; index < LIMIT; index += 1) enter('after', 3);
    expect(began.slice(-LIMIT)).toEqual(['after', 'after', 'after', 'after']);
  });

  it('starves no work: a late deadline is served before work that came after that deadline', async () => {
    const { clock, began, enter, finish } = place();
    for (let index = 0; index < LIMIT; index += 1) enter('first', clock.now());
    enter('background', clock.now() + 60 * SECOND);
    for (let second = 0; second < 120; second += 1) {
      clock.setNow(clock.now() + SECOND);
      enter(`caller-${second}`, clock.now());
      enter(`another-${second}`, clock.now());
      await finish(null);
    }
    const at = began.indexOf('background');
    expect(at).toBeGreaterThan(60);
    expect(at).toBeLessThan(130);
  });
});

describe('during an outage', () => {
  it('what waits fails with the failure of what ran, and what finds a slot is tried', async () => {
    const { clock, queue, began, failed, enter, finish } = place();
    for (let index = 0; index < 100; index += 1) enter(`work-${index}`, index);
    for (let failure = 0; failure < 7; failure += 1) await finish(OUTAGE);
    await clock.advance(SECOND);
    expect(failed).toEqual([]);
    await finish(OUTAGE);
    await clock.advance(SECOND);
    expect(queue.failure).toEqual(OUTAGE);
    expect(began).toHaveLength(8 + LIMIT);
    expect(failed).toHaveLength(100 - began.length);
    await finish(OUTAGE);
    enter('tried', 1_000);
    expect(began.at(-1)).toBe('tried');
  });

  it('the failure of a request that was never sent is not reported as a lost response', async () => {
    const { queue, enter, finish } = place();
    for (let index = 0; index < 20; index += 1) enter(`work-${index}`, index);
    for (let failure = 0; failure < 8; failure += 1)
      await finish({ ...OUTAGE, kind: 'ambiguous', delivery: 'unknown' });
    expect(queue.failure).toMatchObject({ code: OUTAGE.code, kind: 'transient', delivery: 'not_sent' });
  });

  it('ends with the first success', async () => {
    const { clock, queue, failed, enter, finish } = place();
    for (let index = 0; index < 12; index += 1) enter(`work-${index}`, index);
    for (let failure = 0; failure < 8; failure += 1) await finish(OUTAGE);
    await finish(null);
    expect(queue.failure).toBeUndefined();
    for (let index = 0; index < 10; index += 1) enter(`after-${index}`, index);
    await clock.advance(SECOND);
    expect(failed).toEqual([]);
  });

  it.each([
    ['a refused refresh token', { ...OUTAGE, kind: 'terminal', source: 'server' } as const],
    ['a record that cannot be read', { ...OUTAGE, version: 3 }],
  ])('%s says nothing about other sessions', async (_, failure) => {
    const { clock, queue, failed, enter, finish } = place();
    for (let index = 0; index < 30; index += 1) enter(`work-${index}`, index);
    for (let count = 0; count < 20; count += 1) await finish(failure);
    await clock.advance(SECOND);
    expect(queue.failure).toBeUndefined();
    expect(failed).toEqual([]);
  });
});
