import type { TimerHandle } from '../kernel/clock.js';
import type { TimerName } from '../machine/effects.js';
import type { Timing } from './session-time.js';

/** The timers of one session, by name. None of them keeps the process alive. */
export class SessionTimers {
  readonly #clock: Timing;
  /** One field for each instead of a map, because there is one such object per session. */
  readonly #running: Record<TimerName, TimerHandle> = {
    refresh: undefined,
    retry: undefined,
    poll: undefined,
    lease: undefined,
    authorization: undefined,
  };

  constructor(clock: Timing) {
    this.#clock = clock;
  }

  /** Starts a timer, replacing a running one of the same name. */
  start(name: TimerName, delay: number, onElapsed: () => void): void {
    this.stop(name);
    this.#running[name] = this.#clock.setTimeout(
      () => {
        this.#running[name] = undefined;
        onElapsed();
      },
      Math.max(0, delay),
    );
  }

  stop(name: TimerName): void {
    if (this.#running[name] === undefined) return;
    this.#clock.clearTimeout(this.#running[name]);
    this.#running[name] = undefined;
  }

  stopAll(): void {
    for (const name of Object.keys(this.#running) as TimerName[]) this.stop(name);
  }
}
