import type { TimerHandle } from '../kernel/clock.js';
import type { Timing } from './session-time.js';

interface Caller {
  resolve(token: string): void;
  reject(error: Error): void;
}

/**
 * The delay of the timer that keeps the process alive while callers wait, in milliseconds; the session's other timers
 * do not.
 */
const LONG = 2 ** 31 - 1;

/** The callers that wait for one session's token. The request that they wait for does not depend on them. */
export class Callers {
  readonly #clock: Timing;
  /** Usually absent: of ten thousand sessions, few have waiting callers. */
  #waiting: Set<Caller> | undefined;
  #hold: TimerHandle;

  constructor(clock: Timing) {
    this.#clock = clock;
  }

  get areWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Waits for a token. A caller that aborts affects no other. */
  wait(signal?: AbortSignal): Promise<string> {
    // A signal that has already aborted fires no event.
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

  /** Serves all waiting callers. Returns whether there were any. */
  serve(token: string): boolean {
    const waiting = [...(this.#waiting ?? [])];
    for (const caller of waiting) caller.resolve(token);
    return waiting.length > 0;
  }

  /**
   * Rejects all waiting callers. Each gets an error of its own, so that what one adds to it (a stack, a cause) does not
   * affect another.
   */
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
