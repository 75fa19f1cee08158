/** Numbers in [0, 1), one after the other, the same for the same seed (mulberry32). */
export type RandomNumbers = () => number;

export function randomNumbers(seed: number): RandomNumbers {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The chance that plays a part while a plan is carried out. Each number depends on the seed, the place and the moment
 * alone, and not on how many were drawn before: when an entry is deleted from the plan, what does not depend on it
 * stays as it was, which is what makes shrinking work.
 */
export class Chance {
  readonly #seed: number;
  readonly #places = new Map<string, { readonly hash: number; time: number; draws: number }>();

  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** A number in [0, 1) for what happens in a place at a moment; another one each time within the same moment. */
  draw(place: string, time: number): number {
    let known = this.#places.get(place);
    if (known === undefined) {
      known = { hash: hashOf(place) ^ this.#seed, time, draws: 0 };
      this.#places.set(place, known);
    }
    if (known.time !== time) {
      known.time = time;
      known.draws = 0;
    }
    known.draws += 1;
    const low = time % 2 ** 32;
    const high = Math.floor(time / 2 ** 32);
    return mix(mix(mix(known.hash ^ low) ^ high) ^ known.draws) / 2 ** 32;
  }

  /** A whole number of the span, both ends included. */
  within(place: string, time: number, [least, most]: readonly [number, number]): number {
    return least + Math.floor(this.draw(place, time) * (most - least + 1));
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

/** The finalizer of MurmurHash3: each bit of the input moves each bit of the output. */
function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
