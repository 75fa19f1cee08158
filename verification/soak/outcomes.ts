import type { Outcome } from './oracle.ts';

/** How the requests ended, in a memory that does not grow with them. */
export class Outcomes {
  readonly #kinds: Outcome[] = [];
  /** For each request its kind, counted from 1. */
  readonly #endings: Uint16Array;

  constructor(requests: number) {
    this.#endings = new Uint16Array(requests);
  }

  note(id: number, outcome: Outcome): void {
    if (this.of(id) !== undefined) throw new Error(`Request ${id} ended a second time.`);
    const { kind, status } = outcome;
    const known = this.#kinds.findIndex((each) => each.kind === kind && each.status === status);
    this.#endings[id] = known === -1 ? this.#kinds.push(outcome) : known + 1;
  }

  of(id: number): Outcome | undefined {
    return this.#kinds[(this.#endings[id] ?? 0) - 1];
  }
}
