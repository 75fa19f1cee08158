import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { Waiters } from '../../src/session/waiters.js';

describe('callers', () => {
  it('are all served at once, and differ from no callers', async () => {
    const callers = new Waiters<string>(manualClock());
    expect(callers.resolveAll('unwanted.fictional')).toBe(false);
    const waiting = [callers.wait(), callers.wait()];
    expect(callers.resolveAll('a-token.fictional')).toBe(true);
    expect(await Promise.all(waiting)).toEqual(['a-token.fictional', 'a-token.fictional']);
    expect(callers.resolveAll('another.fictional')).toBe(false);
  });

  it('are rejected with an error each', async () => {
    const callers = new Waiters<string>(manualClock());
    const waiting = [callers.wait(), callers.wait()].map((each) => each.catch((error: unknown) => error));
    callers.rejectAll(() => new Error('Not today'));
    const [one, other] = await Promise.all(waiting);
    expect([one, other]).toEqual([new Error('Not today'), new Error('Not today')]);
    expect(one).not.toBe(other);
  });

  it('leave alone when they abort, with the reason of their signal', async () => {
    const callers = new Waiters<string>(manualClock());
    const abortion = new AbortController();
    const leaving = callers.wait(abortion.signal);
    const staying = callers.wait();
    abortion.abort('a reason');
    await expect(leaving).rejects.toBe('a reason');
    expect(callers.resolveAll('a-token.fictional')).toBe(true);
    expect(await staying).toBe('a-token.fictional');
  });

  it('do not begin to wait with a signal that is aborted', async () => {
    const clock = manualClock();
    const callers = new Waiters<string>(clock);
    await expect(callers.wait(AbortSignal.abort('a reason'))).rejects.toBe('a reason');
    expect(callers.resolveAll('a-token.fictional')).toBe(false);
    expect(clock.pendingTimers).toEqual([]);
  });

  it('who come while others are served wait for the next time', async () => {
    const callers = new Waiters<string>(manualClock());
    const late: Promise<string>[] = [];
    const first = callers.wait().then((token) => {
      late.push(callers.wait());
      return token;
    });
    callers.resolveAll('one.fictional');
    expect(await first).toBe('one.fictional');
    callers.resolveAll('two.fictional');
    expect(await Promise.all(late)).toEqual(['two.fictional']);
  });

  it('keep the process for as long as one of them waits', async () => {
    const clock = manualClock();
    const kept: (boolean | undefined)[] = [];
    const callers = new Waiters<string>({
      ...clock,
      setTimeout(callback, delay, options) {
        kept.push(options?.keepAlive);
        return clock.setTimeout(callback, delay);
      },
    });
    for (let time = 0; time < 3; time += 1) {
      const abortion = new AbortController();
      const waiting = [callers.wait(), callers.wait(abortion.signal).catch(() => 'left')];
      expect(clock.pendingTimers).toHaveLength(1);
      abortion.abort();
      expect(clock.pendingTimers).toHaveLength(1);
      callers.resolveAll('a-token.fictional');
      expect(clock.pendingTimers).toEqual([]);
      await Promise.all(waiting);
    }
    expect(kept).toEqual([true, true, true]);
  });

  it('wait on when the timer that keeps the process has come to its end', async () => {
    const clock = manualClock();
    const callers = new Waiters<string>(clock);
    const waiting = callers.wait();
    await clock.advance(2 ** 31);
    expect(clock.pendingTimers).toEqual([]);
    callers.resolveAll('a-token.fictional');
    expect(await waiting).toBe('a-token.fictional');
  });

  it('in numbers are served in no time that grows faster than they do', async () => {
    const callers = new Waiters<string>(systemClock());
    const waiting = Array.from({ length: 50_000 }, () => callers.wait());
    callers.resolveAll('a-token.fictional');
    expect(new Set(await Promise.all(waiting)).size).toBe(1);
  });
});
