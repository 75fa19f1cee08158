import type { Clock, TimerHandle } from '../kernel/clock.js';

interface Caller {
  resolve(token: string): void;
  reject(error: Error): void;
}

/** A process must not end while somebody waits for a token, although every timer of a session would let it. */
const LONG = 2 ** 31 - 1;

/** Those who wait for one session's token. They come and go; the request they wait for does not depend on them. */
export class Callers {
  readonly #clock: Clock;
  readonly #waiting = new Set<Caller>();
  #hold: TimerHandle;

  constructor(clock: Clock) {
    this.#clock = clock;
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
        this.#waiting.delete(caller);
        if (this.#waiting.size === 0) this.#clock.clearTimeout(this.#hold);
        settle();
      };
      if (this.#waiting.size === 0) this.#hold = this.#clock.setTimeout(() => {}, LONG, { keepAlive: true });
      this.#waiting.add(caller);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Whether anybody waited. */
  serve(token: string): boolean {
    const served = this.#waiting.size > 0;
    for (const caller of [...this.#waiting]) caller.resolve(token);
    return served;
  }

  /** Each caller gets an error of its own, so that what one adds to it (a stack, a cause) is not seen by another. */
  turnAway(error: () => Error): void {
    for (const caller of [...this.#waiting]) caller.reject(error());
  }
}
