import type { RandomNumbers } from '@frameio-auth/conformance';

/** Random draws for plans. */
export class Draws {
  readonly #random: RandomNumbers;

  constructor(random: RandomNumbers) {
    this.#random = random;
  }

  happens(probability: number): boolean {
    return this.#random() < probability;
  }

  index(length: number): number {
    return Math.floor(this.#random() * length);
  }

  among<Value>(values: readonly Value[]): Value {
    return values[this.index(values.length)] as Value;
  }

  /** Returns an integer; both ends are included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** Returns milliseconds from now: usually a few, and rarely as many as `most`. */
  soon(most: number): number {
    return this.magnitude(1, most) - 1;
  }

  /** Returns a number of any magnitude between the two, small ones as often as large ones; an integer from 1 on. */
  magnitude(least: number, most: number): number {
    const value = least * (most / least) ** this.#random();
    return value < 1 ? value : Math.round(value);
  }
}
