import { randomFraction } from '../kernel/entropy.js';
import type { SessionOccurrence } from '../machine/events.js';
import { policy, retryWindow, shift, type Window } from '../machine/policy.js';
import type { EventSink } from './event-sink.js';
import type { RecordPlace } from './record-place.js';
import type { Timing } from './session-time.js';

/**
 * Tracks the storage's hints: which are still to be followed, and when to repeat them. The storage sends a hint once.
 * Without a repeat, one that could not be read would be forgotten, and it may be the only sign of writes that the
 * storage lost.
 */
export class RecordHints {
  readonly #place: Pick<RecordPlace, 'clock' | 'entropy'>;
  readonly #report: EventSink;
  /** The highest version hinted at during other work. */
  #highest = 0;
  /** The version in the storage's last response. */
  #seen = 0;
  /** The last hinted version that differs from it, until the storage responds. */
  #unfollowed: number | undefined;
  #failures = 0;
  #again: ReturnType<Timing['setTimeout']>;

  /** @param report - receives repeated hints */
  constructor(place: Pick<RecordPlace, 'clock' | 'entropy'>, report: EventSink) {
    this.#place = place;
    this.#report = report;
  }

  /** The highest version hinted at and not followed yet. */
  get highest(): number {
    return this.#highest;
  }

  hear(version: number): void {
    if (version > this.#highest) this.#highest = version;
    if (version !== this.#seen) this.#unfollowed = version;
  }

  /** Clears the hints after a response; after a failure, repeats them with backoff. */
  noteResponse(event: SessionOccurrence): void {
    if (event.type === 'storage.failed' && event.failure.version === undefined) {
      if (this.#unfollowed === undefined) return;
      this.#failures += 1;
      this.#repeatIn(retryWindow(event.failure, this.#failures, this.#place.clock.now()));
      return;
    }
    if ('record' in event) this.#seen = event.record.version;
    else if ('version' in event) this.#seen = event.version;
    this.#unfollowed = undefined;
    this.#failures = 0;
    this.close();
  }

  /**
   * Repeats a hint that arrived during other work and was not followed. It repeats once. A hint of an earlier version
   * is repeated after a pause: the storage may have lost that version, and a session that waits for it would request
   * the lease again and again.
   */
  repeat(known: number): void {
    const version = this.#highest;
    this.#highest = 0;
    if (version > known) this.#report({ type: 'record.changed', version });
    else if (this.#unfollowed !== undefined && this.#again === undefined) {
      this.#repeatIn(shift(policy.poll, this.#place.clock.now()));
    }
  }

  /**
   * Discards all hints, because the server issued new tokens. Earlier records are not newer than these, and the write
   * of these detects them.
   */
  forget(): void {
    this.#highest = 0;
    this.#unfollowed = undefined;
    this.close();
  }

  close(): void {
    if (this.#again === undefined) return;
    this.#place.clock.clearTimeout(this.#again);
    this.#again = undefined;
  }

  #repeatIn({ notBefore, notAfter }: Window): void {
    this.close();
    const at = notBefore + (notAfter - notBefore) * randomFraction(this.#place.entropy);
    this.#again = this.#place.clock.setTimeout(
      () => {
        this.#again = undefined;
        if (this.#unfollowed !== undefined) this.#report({ type: 'record.changed', version: this.#unfollowed });
      },
      Math.max(0, at - this.#place.clock.now()),
    );
  }
}
