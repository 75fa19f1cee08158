import { describe, expect, it } from 'vitest';
import { type Entropy, randomFraction, randomText, systemEntropy } from '../../src/kernel/entropy.js';

const filledWith =
  (value: number): Entropy =>
  (length) =>
    new Uint8Array(length).fill(value);

describe('random text', () => {
  it('is base64url without padding, of as many bytes as were asked for (RFC 7636 §4.1)', () => {
    for (const length of [1, 2, 3, 12, 32, 64]) {
      const text = randomText(systemEntropy, length);
      expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
      expect(Buffer.from(text, 'base64url')).toHaveLength(length);
    }
  });

  it('of 32 bytes has the 43 characters that a code verifier needs at least (RFC 7636 §4.1)', () => {
    expect(randomText(systemEntropy, 32)).toHaveLength(43);
  });

  it('is the bytes and nothing else', () => {
    expect(randomText(filledWith(255), 3)).toBe('____');
    expect(randomText(filledWith(251), 3)).toBe('-_v7');
    expect(randomText(filledWith(0), 4)).toBe('AAAAAA');
  });

  it('is another one each time', () => {
    expect(new Set(Array.from({ length: 1000 }, () => randomText(systemEntropy, 16))).size).toBe(1000);
  });
});

describe('a random fraction', () => {
  it('is at least 0 and below 1', () => {
    expect(randomFraction(filledWith(0))).toBe(0);
    expect(randomFraction(filledWith(128))).toBeCloseTo(0.5, 2);
    expect(randomFraction(filledWith(255))).toBe((2 ** 32 - 1) / 2 ** 32);
  });

  it('takes bytes that lie within a larger buffer', () => {
    const whole = Uint8Array.from([255, 255, 255, 255, 0, 0, 0, 0]);
    expect(randomFraction(() => whole.subarray(4))).toBe(0);
  });

  it('falls into each tenth about as often', () => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const tenth = Math.floor(randomFraction(systemEntropy) * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(250);
  });
});
