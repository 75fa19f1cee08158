/**
 * The random numbers during a run. Each depends only on the seed, the place and the moment, not on how many were drawn
 * before. When an entry is deleted from the plan, everything that does not depend on it stays the same, which makes
 * shrinking possible.
 */
export class Chance {
  readonly #seed: number;
  readonly #places = new Map<string, { readonly hash: number; time: number; draws: number }>();

  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** Returns a number in [0, 1) for a place and a moment; a new one at each call for the same moment. */
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

  /** Returns an integer of the span, both ends included. */
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
