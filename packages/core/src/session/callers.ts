import type { TimerHandle } from '../kernel/clock.js';
import type { Timing } from './session-time.js';

interface Caller {
  resolve(token: string): void;
  reject(error: Error): void;
}

/** A process must not end while somebody waits for a token, although every timer of a session would let it. */
const LONG = 2 ** 31 - 1;

/** Those who wait for one session's token. They come and go; the request they wait for does not depend on them. */
export class Callers {
  readonly #clock: Timing;
  /** Nobody, as a rule: of ten thousand sessions a few are waited for. */
  #waiting: Set<Caller> | undefined;
  #hold: TimerHandle;

  constructor(clock: Timing) {
    this.#clock = clock;
  }

  get areWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Waits until everybody is served or turned away. A caller that aborts leaves alone. */
  wait(signal?: AbortSignal): Promise<string> {
    // An aborted signal says nothing more to those who begin to listen.
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const caller: Caller = {
        resolve: (token) => leave(() => resolve(token)),
        reject: (error) => leave(() => reject(error)),
      };
      const abort = () => caller.reject(signal?.reason);
      const leave = (settle: () => void) => {
        signal?.removeEventListener('abort', abort);
        this.#leave(caller);
        settle();
      };
      this.#enter(caller);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Whether anybody waited. */
  serve(token: string): boolean {
    const waiting = [...(this.#waiting ?? [])];
    for (const caller of waiting) caller.resolve(token);
    return waiting.length > 0;
  }

  /** Each caller gets an error of its own, so that what one adds to it (a stack, a cause) is not seen by another. */
  turnAway(error: () => Error): void {
    for (const caller of [...(this.#waiting ?? [])]) caller.reject(error());
  }

  #enter(caller: Caller): void {
    this.#hold ??= this.#clock.setTimeout(() => {}, LONG, { keepAlive: true });
    this.#waiting ??= new Set();
    this.#waiting.add(caller);
  }

  #leave(caller: Caller): void {
    if (!this.#waiting?.delete(caller) || this.#waiting.size > 0) return;
    this.#clock.clearTimeout(this.#hold);
    this.#hold = undefined;
    this.#waiting = undefined;
  }
}
