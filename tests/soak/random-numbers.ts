/** Numbers in [0, 1), the same for the same seed. */
export type RandomNumbers = () => number;

/** mulberry32 */
export function randomNumbers(seed: number): RandomNumbers {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of some things, each as likely as its weight says. */
export function chosen<Thing extends string>(weights: Readonly<Record<Thing, number>>, random: RandomNumbers): Thing {
  const entries = Object.entries(weights) as [Thing, number][];
  let rest = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [thing, weight] of entries) {
    rest -= weight;
    if (rest < 0) return thing;
  }
  throw new Error('Nothing to choose from.');
}
