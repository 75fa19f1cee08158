/**
 * The seeds of every random test. `npm test` uses the same seed each time, so a test that failed fails again. Other
 * seeds come from the commands: `npm run fuzz` and `npm run torture` set `SEED` and `TIMES`, and a failure names them.
 */
import { randomNumbers } from '@frameio-auth/conformance';

/** The seed of this run. */
export const SEED = wholeNumber('SEED', 2030);

/** How many times as many cases as usual a random test tries. */
const TIMES = wholeNumber('TIMES', 1);

/** For the name of a random test: how to run it again. */
export const AGAIN = `SEED=${SEED}`;

/** Returns the parameters for fast-check's `fc.assert()`: the number of cases, and their seed. */
export function runs(count: number): { readonly seed: number; readonly numRuns: number } {
  return { seed: SEED, numRuns: count * TIMES };
}

/** As many different seeds as that, in a random test that runs by several. */
export function seeds(count: number): number[] {
  const random = randomNumbers(SEED);
  return Array.from({ length: count * TIMES }, () => Math.floor(random() * 2 ** 31));
}

/**
 * Returns random bytes by the seed, for the `entropy` of sessions under test. Sessions that meet share one source, so that
 * no two have the same name.
 */
export function seededEntropy(): (length: number) => Uint8Array {
  const random = randomNumbers(SEED);
  return (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

function wholeNumber(name: 'SEED' | 'TIMES', usual: number): number {
  const text = process.env[name] ?? String(usual);
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${name} is "${text}". Set it to a whole number, such as ${name}=1.`);
  return Number(text);
}
