import { ignoreErrors } from './calls.js';
import type { ReauthenticationReason } from './refresh-token-life.js';

/** A session that needs a new sign-in of its user, because refreshing cannot keep it alive. */
export interface ReauthenticationDue {
  readonly key: string;
  /**
   * When the session ends unless the user signs in first, in milliseconds since the Unix epoch; now, if it has ended.
   */
  readonly by: number;
  readonly reason: ReauthenticationReason;
}

/** The number of remembered sessions that triggers the first removal of those that have ended. */
const FIRST_SWEEP = 64;

/** Tells the application who must sign in again, once per end, even if the session object is recreated in between. */
export class Reauthentications {
  readonly #onDue: ((due: ReauthenticationDue) => unknown) | undefined;
  /** The last reported end, by session key. */
  readonly #told = new Map<string, number>();
  #sweepAt = FIRST_SWEEP;

  constructor(onDue: ((due: ReauthenticationDue) => unknown) | undefined) {
    this.#onDue = onDue;
  }

  tell(due: ReauthenticationDue, now: number): void {
    const onDue = this.#onDue;
    if (onDue === undefined || this.#told.get(due.key) === due.by) return;
    this.#remember(due, now);
    ignoreErrors(() => onDue(due));
  }

  #remember({ key, by }: ReauthenticationDue, now: number): void {
    if (this.#told.size >= this.#sweepAt) {
      for (const [known, end] of this.#told) if (end <= now) this.#told.delete(known);
      this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#told.size);
    }
    this.#told.set(key, by);
  }
}
