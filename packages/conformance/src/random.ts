/** Returns the next number in [0, 1). */
export type RandomNumbers = () => number;

/**
 * Creates a generator of numbers in [0, 1), the same for the same seed (mulberry32). For tests that try random cases
 * and must be able to repeat a failed one. Not suitable for secrets.
 *
 * @param seed - an integer; its lowest 32 bits count
 */
export function randomNumbers(seed: number): RandomNumbers {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
