/** The next number in [0, 1). */
export type RandomNumbers = () => number;

/**
 * Returns numbers in [0, 1), one after the other, the same for the same seed (mulberry32): for a test that tries random
 * cases and must be able to try the one that failed again. They are not fit for secrets.
 *
 * @param seed - a whole number; its lowest 32 bits count
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
