import type { Clock, TimerHandle } from '../kernel/clock.js';
import type { TimerName } from '../machine/effects.js';

/** The timers that one session runs, by name. None of them keeps the process alive. */
export class SessionTimers {
  readonly #clock: Clock;
  readonly #running = new Map<TimerName, TimerHandle>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs a timer in the place of the one of the same name. */
  start(name: TimerName, delay: number, onElapsed: () => void): void {
    this.stop(name);
    const handle = this.#clock.setTimeout(
      () => {
        this.#running.delete(name);
        onElapsed();
      },
      Math.max(0, delay),
    );
    this.#running.set(name, handle);
  }

  stop(name: TimerName): void {
    if (!this.#running.has(name)) return;
    this.#clock.clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  stopAll(): void {
    for (const name of [...this.#running.keys()]) this.stop(name);
  }
}
