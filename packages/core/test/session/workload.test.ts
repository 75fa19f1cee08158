import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { Workload } from '../../src/session/workload.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function callers(sessions: number) {
  const clock = manualClock();
  const workload = new Workload(clock, 64);
  for (let count = 0; count < sessions; count += 1) workload.join();
  const now = clock.now();
  const tokens = { issuedAt: now, expiresAt: now + HOUR, refreshable: true, scopes: [] };
  const window = { notBefore: tokens.expiresAt - 5 * MINUTE, notAfter: tokens.expiresAt - 2.5 * MINUTE };
  return { clock, now, workload, tokens, window };
}

describe('the window of refreshes', () => {
  it('is left as it is for as many sessions as can be refreshed in it', () => {
    const { workload, tokens, window } = callers(30_000);
    expect(workload.widen(window, tokens)).toEqual(window);
  });

  it('begins earlier for more, so that 200 are planned for each second', () => {
    const { workload, tokens, window } = callers(100_000);
    expect(workload.widen(window, tokens)).toEqual({ ...window, notBefore: window.notAfter - 500 * SECOND });
  });

  it('never begins before half of the life of a token is over, nor in the past', () => {
    const { clock, now, workload, tokens, window } = callers(1_000_000);
    expect(workload.widen(window, tokens)).toEqual({ ...window, notBefore: now + HOUR / 2 });
    clock.pause(40 * MINUTE);
    expect(workload.widen(window, tokens)).toEqual({ ...window, notBefore: now + 40 * MINUTE });
  });

  it('is not widened if there is none: at the end of tokens that nothing refreshes, and of those without an expiry', () => {
    const { workload, tokens } = callers(1_000_000);
    const end = { notBefore: tokens.expiresAt, notAfter: tokens.expiresAt };
    expect(workload.widen(end, tokens)).toEqual(end);
    const never = { notBefore: Number.MAX_SAFE_INTEGER, notAfter: Number.MAX_SAFE_INTEGER };
    expect(workload.widen(never, { ...tokens, expiresAt: null })).toEqual(never);
  });

  it('is narrow again when sessions have been closed', () => {
    const { workload, tokens, window } = callers(100_000);
    for (let count = 0; count < 90_000; count += 1) workload.leave();
    expect(workload.widen(window, tokens)).toEqual(window);
  });
});

describe('a deadline', () => {
  it('was an hour ago if a caller waits, and else is the expiry of the token', () => {
    const { now, workload } = callers(1);
    expect(workload.deadlineOf({ awaited: true, expiresIn: HOUR })).toBe(now - HOUR);
    expect(workload.deadlineOf({ awaited: false, expiresIn: HOUR })).toBe(now + HOUR);
    expect(workload.deadlineOf({ awaited: false, expiresIn: -HOUR })).toBe(now + 10 * SECOND);
    expect(workload.deadlineOf({ awaited: false })).toBe(now + 10 * SECOND);
  });
});
