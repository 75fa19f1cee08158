import { describe, expect, it } from 'vitest';
import { systemEntropy } from '../../src/kernel/entropy.js';

describe("the platform's entropy", () => {
  it('gives as many bytes as it is asked for, also more than it keeps ready', () => {
    for (const length of [0, 1, 4, 12, 32, 1_023, 1_024, 1_025, 10_000]) {
      expect(systemEntropy(length)).toHaveLength(length);
    }
  });

  it('gives no bytes twice', () => {
    const seen = new Set<string>();
    for (let turn = 0; turn < 10_000; turn += 1) seen.add(systemEntropy(12).join());
    expect(seen.size).toBe(10_000);
  });

  it("gives bytes that are the caller's own", () => {
    const bytes = systemEntropy(32);
    const copy = bytes.slice();
    for (let turn = 0; turn < 200; turn += 1) systemEntropy(32);
    expect(bytes).toStrictEqual(copy);
    expect(bytes.buffer.byteLength).toBe(32);
  });
});
