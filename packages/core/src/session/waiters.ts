import type { TimerHandle } from '../kernel/clock.js';
import type { Timing } from './session-time.js';

interface Waiter<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

/**
 * The delay of the timer that keeps the process alive while callers wait, in milliseconds; the session's other timers
 * do not.
 */
const LONG = 2 ** 31 - 1;

/** The callers that wait for one outcome. The request that they wait for does not depend on them. */
export class Waiters<Value> {
  readonly #clock: Timing;
  /** Usually absent: of ten thousand sessions, few have waiting callers. */
  #waiting: Set<Waiter<Value>> | undefined;
  #hold: TimerHandle;

  constructor(clock: Timing) {
    this.#clock = clock;
  }

  get areWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Waits for the outcome. A caller that aborts affects no other. */
  wait(signal?: AbortSignal): Promise<Value> {
    // A signal that has already aborted fires no event.
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const waiter: Waiter<Value> = {
        resolve: (value) => leave(() => resolve(value)),
        reject: (error) => leave(() => reject(error)),
      };
      const abort = () => waiter.reject(signal?.reason);
      const leave = (settle: () => void) => {
        signal?.removeEventListener('abort', abort);
        this.#leave(waiter);
        settle();
      };
      this.#enter(waiter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Resolves the wait of all callers. Returns whether there were any. */
  resolveAll(value: Value): boolean {
    const waiting = [...(this.#waiting ?? [])];
    for (const waiter of waiting) waiter.resolve(value);
    return waiting.length > 0;
  }

  /**
   * Rejects all callers. Each gets an error of its own, so that what one adds to it (a stack, a cause) does not affect
   * another.
   */
  rejectAll(error: () => Error): void {
    for (const waiter of [...(this.#waiting ?? [])]) waiter.reject(error());
  }

  #enter(waiter: Waiter<Value>): void {
    this.#hold ??= this.#clock.setTimeout(() => {}, LONG, { keepAlive: true });
    this.#waiting ??= new Set();
    this.#waiting.add(waiter);
  }

  #leave(waiter: Waiter<Value>): void {
    if (!this.#waiting?.delete(waiter) || this.#waiting.size > 0) return;
    this.#clock.clearTimeout(this.#hold);
    this.#hold = undefined;
    this.#waiting = undefined;
  }
}
