import { type Clock, systemClock } from '@frameio-auth/core/adapter';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
  readonly keepAlive: boolean;
  handle: unknown;
}

/** A running clock that can be moved ahead: then everything that becomes due on the way becomes due at once. */
export class MovableClock implements Clock {
  readonly #system = systemClock();
  readonly #timers = new Set<Timer>();
  #ahead: number;

  /** @param ahead - how far it is ahead of the system's clock, in milliseconds */
  constructor(ahead = 0) {
    this.#ahead = ahead;
  }

  get ahead(): number {
    return this.#ahead;
  }

  now(): number {
    return this.#system.now() + this.#ahead;
  }

  monotonic(): number {
    return this.#system.monotonic() + this.#ahead;
  }

  setTimeout(callback: () => void, delay: number, { keepAlive = false } = {}): Timer {
    const timer: Timer = {
      at: this.monotonic() + delay,
      keepAlive,
      handle: undefined,
      fire: () => {
        this.#timers.delete(timer);
        callback();
      },
    };
    this.#timers.add(timer);
    this.#schedule(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    const timer = handle as Timer | undefined;
    if (timer === undefined || !this.#timers.delete(timer)) return;
    this.#system.clearTimeout(timer.handle);
  }

  advance(ms: number): void {
    this.#ahead += ms;
    for (const timer of this.#timers) {
      this.#system.clearTimeout(timer.handle);
      this.#schedule(timer);
    }
  }

  #schedule(timer: Timer): void {
    timer.handle = this.#system.setTimeout(timer.fire, timer.at - this.monotonic(), { keepAlive: timer.keepAlive });
  }
}
