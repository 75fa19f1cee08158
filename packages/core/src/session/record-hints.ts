import { type Entropy, randomFraction } from '../kernel/entropy.js';
import type { SessionOccurrence } from '../machine/events.js';
import { policy, retryWindow, shift, type Window } from '../machine/policy.js';
import type { Timing } from './session-time.js';

/**
 * What the storage hinted at: which of it is still to be followed, and when it is told again. A hint comes once, so one
 * whose reading failed would be forgotten, and with it perhaps the only word of writes that the storage lost.
 */
export class RecordHints {
  readonly #clock: Timing;
  readonly #entropy: Entropy;
  readonly #tell: (version: number) => void;
  /** The highest version that was hinted at while something was under way. */
  #highest = 0;
  /** The version that the storage's last answer was about. */
  #seen = 0;
  /** The last version hinted at that was another one, until the storage answers. */
  #unfollowed: number | undefined;
  #failures = 0;
  #again: ReturnType<Timing['setTimeout']>;

  /** @param tell - hears hints once more */
  constructor(clock: Timing, entropy: Entropy, tell: (version: number) => void) {
    this.#clock = clock;
    this.#entropy = entropy;
    this.#tell = tell;
  }

  /** The highest version that was hinted at and nobody followed yet. */
  get highest(): number {
    return this.#highest;
  }

  hear(version: number): void {
    if (version > this.#highest) this.#highest = version;
    if (version !== this.#seen) this.#unfollowed = version;
  }

  /** After an answer there is nothing to follow; after a failure there is, with a backoff. */
  noteAnswer(event: SessionOccurrence): void {
    if (event.type === 'storage.failed' && event.failure.version === undefined) {
      if (this.#unfollowed === undefined) return;
      this.#failures += 1;
      this.#repeatIn(retryWindow(event.failure, this.#failures, this.#clock.now()));
      return;
    }
    if ('record' in event) this.#seen = event.record.version;
    else if ('version' in event) this.#seen = event.version;
    this.#unfollowed = undefined;
    this.#failures = 0;
    this.close();
  }

  /**
   * Tells once more of a hint that nobody followed when it came, because something was under way. Once, and one of an
   * earlier version after a pause: a storage may have lost what it hinted at, and who waits for that would ask for the
   * lease again without end.
   */
  repeat(known: number): void {
    const version = this.#highest;
    this.#highest = 0;
    if (version > known) this.#tell(version);
    else if (this.#unfollowed !== undefined && this.#again === undefined) {
      this.#repeatIn(shift(policy.poll, this.#clock.now()));
    }
  }

  /** The server gave tokens: what was written before is no newer than these, and the write of these will meet it. */
  forget(): void {
    this.#highest = 0;
    this.#unfollowed = undefined;
    this.close();
  }

  close(): void {
    if (this.#again === undefined) return;
    this.#clock.clearTimeout(this.#again);
    this.#again = undefined;
  }

  #repeatIn({ notBefore, notAfter }: Window): void {
    this.close();
    const at = notBefore + (notAfter - notBefore) * randomFraction(this.#entropy);
    this.#again = this.#clock.setTimeout(
      () => {
        this.#again = undefined;
        if (this.#unfollowed !== undefined) this.#tell(this.#unfollowed);
      },
      Math.max(0, at - this.#clock.now()),
    );
  }
}
