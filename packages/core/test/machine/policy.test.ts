import { describe, expect, it } from 'vitest';
import { expiryWindow, policy, renewalWindow, retryWindow, shift } from '../../src/machine/policy.js';
import { failures, HOUR, MINUTE, SECOND, START, tokens } from './fixtures.js';

describe('when tokens are refreshed', () => {
  it.each([
    ['an hour, with a buffer of five minutes', HOUR, 5 * MINUTE, 55 * MINUTE, 57.5 * MINUTE],
    ['a day, with a buffer of five minutes', 24 * HOUR, 5 * MINUTE, 24 * HOUR - 5 * MINUTE, 24 * HOUR - 2.5 * MINUTE],
    ['as long as the buffer: the last quarter', 5 * MINUTE, 5 * MINUTE, 225 * SECOND, 262.5 * SECOND],
    ['shorter than the buffer: the last quarter', MINUTE, 5 * MINUTE, 45 * SECOND, 52.5 * SECOND],
    ['four times the buffer', 20 * MINUTE, 5 * MINUTE, 15 * MINUTE, 17.5 * MINUTE],
    ['an hour, without a buffer: at expiry', HOUR, 0, HOUR, HOUR],
    [
      'an hour, with a buffer without end: the last quarter',
      HOUR,
      Number.POSITIVE_INFINITY,
      45 * MINUTE,
      52.5 * MINUTE,
    ],
    ['a second', SECOND, 5 * MINUTE, 750, 875],
    ['no time at all: at once', 0, 5 * MINUTE, 0, 0],
  ])('for a lifetime of %s', (_, lifetime, buffer, notBefore, notAfter) => {
    const facts = tokens(START, { expiresAt: START + lifetime });
    expect(renewalWindow(facts, buffer)).toEqual({ notBefore: START + notBefore, notAfter: START + notAfter });
  });

  it('never, if the server did not say when they expire', () => {
    const facts = tokens(START, { expiresAt: null });
    expect(renewalWindow(facts, 5 * MINUTE).notBefore).toBe(Number.MAX_SAFE_INTEGER);
    expect(expiryWindow(facts).notBefore).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('never after their expiry, whatever the buffer', () => {
    for (const lifetime of [0, 1, 999, MINUTE, HOUR, 365 * 24 * HOUR]) {
      for (const buffer of [0, 1, MINUTE, HOUR, 24 * HOUR]) {
        const { notBefore, notAfter } = renewalWindow(tokens(START, { expiresAt: START + lifetime }), buffer);
        expect(notBefore).toBeLessThanOrEqual(notAfter);
        expect(notAfter).toBeLessThanOrEqual(START + lifetime);
        expect(notBefore - START).toBeGreaterThanOrEqual(lifetime * policy.earliestRenewal);
      }
    }
  });

  it('only at their expiry without a refresh token', () => {
    expect(expiryWindow(tokens(START))).toEqual({ notBefore: START + HOUR, notAfter: START + HOUR });
  });
});

describe('when a failed attempt is retried', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 8],
    [5, 16],
    [6, 32],
    [7, 60],
    [8, 60],
    [9, 60],
    [10, 60],
    [2_000, 60],
  ])('after attempt %i: at a random moment in the next %i s', (attempt, seconds) => {
    for (const failure of [failures.unreachable, failures.lost]) {
      expect(retryWindow(failure, attempt, START)).toEqual({ notBefore: START, notAfter: START + seconds * SECOND });
    }
  });

  it.each([
    [1, 1],
    [3, 4],
    [4, 5],
    [2_000, 5],
  ])('after attempt %i of the storage: at a random moment in the next %i s', (attempt, seconds) => {
    const window = { notBefore: START, notAfter: START + seconds * SECOND };
    expect(retryWindow(failures.storage, attempt, START)).toEqual(window);
  });

  it.each([
    ['nothing', 0, 0],
    ['two minutes', 2 * MINUTE, 2 * MINUTE],
    ['an hour', HOUR, HOUR],
    ['more than an hour', HOUR + 1, HOUR],
    ['68 years', 2 ** 31 * 1000, HOUR],
  ])('after the Retry-After: %s (RFC 9110 §10.2.3)', (_, retryAfter, wait) => {
    expect(retryWindow({ ...failures.busy, retryAfter }, 1, START)).toEqual({
      notBefore: START + wait,
      notAfter: START + wait + SECOND,
    });
  });

  it('after a pause that does not grow, if a retry does not help', () => {
    for (const attempt of [1, 10]) {
      for (const failure of [failures.misconfigured, failures.refused]) {
        expect(retryWindow(failure, attempt, START)).toEqual({
          notBefore: START + 30 * SECOND,
          notAfter: START + 60 * SECOND,
        });
      }
    }
  });
});

it('counts a window from the given moment', () => {
  expect(shift({ notBefore: 1, notAfter: 2 }, START)).toEqual({ notBefore: START + 1, notAfter: START + 2 });
});

it('renews a lease twice before it ends', () => {
  expect(policy.leaseRenewal * 3).toBeLessThanOrEqual(policy.leaseTtl);
});
