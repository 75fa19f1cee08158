import type { Clock } from '../kernel/clock.js';
import type { SessionTime } from './session-time.js';

/** A radius that no time lies within. */
const NEVER = -1;

/** How far the wall clock may be set back with the fresh path still open, in milliseconds. */
const SLACK = 1_000;

/**
 * The access token that is served, and whether it is fresh. While it is, a caller costs one reading of the wall clock
 * and one comparison, and gets a promise that exists.
 *
 * The token is fresh while the wall clock is within `#radius` of `#middle`. Outside, the time has passed, the machine
 * slept, or the clock was set back. A timer ends the freshness on the session's own time.
 */
export class FreshToken {
  readonly #time: SessionTime;
  readonly #wallClock: Pick<Clock, 'now'>;
  #middle = 0;
  #radius = NEVER;
  #promise: Promise<string> | undefined;
  /** On the session's time. */
  #until = Number.NEGATIVE_INFINITY;
  /** Whether a caller got this token. */
  isUsed = false;

  constructor(time: SessionTime, wallClock: Pick<Clock, 'now'>) {
    this.#time = time;
    this.#wallClock = wallClock;
  }

  /** Whether the token is fresh by the wall clock alone. */
  get isFresh(): boolean {
    return Math.abs(this.#wallClock.now() - this.#middle) < this.#radius;
  }

  /** The promise of the token, for a caller. Requires that the token is fresh. */
  use(): Promise<string> {
    this.isUsed = true;
    return this.#promise as Promise<string>;
  }

  /**
   * Returns whether the token is fresh on the session's time. It may be although {@link isFresh} is not, when the wall
   * clock was set back.
   */
  checkFreshness(): boolean {
    if (this.#time.now() >= this.#until) return false;
    this.#open();
    return true;
  }

  /** Replaces the token by one that is not fresh yet, or by none. */
  replace(token: string | undefined): void {
    this.#promise = token === undefined ? undefined : Promise.resolve(token);
    this.end();
    this.isUsed = false;
  }

  /** Makes the token fresh until a moment of the session's time. */
  begin(until: number): void {
    this.#until = until;
    this.#open();
  }

  /** Ends the freshness. */
  end(): void {
    this.#until = Number.NEGATIVE_INFINITY;
    this.#radius = NEVER;
  }

  #open(): void {
    const [from, until] = [this.#wallClock.now() - SLACK, this.#time.onWall(this.#until)];
    this.#middle = (from + until) / 2;
    this.#radius = (until - from) / 2;
  }
}
