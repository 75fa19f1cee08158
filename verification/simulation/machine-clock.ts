import type { Clock, TimerHandle } from '@frameio-auth/core/adapter';
import type { Receiver } from './receiver.ts';
import type { Appointment, VirtualTime } from './virtual-time.ts';

/** The errors of a machine's clocks: milliseconds ahead of the true time, and parts per million faster than it. */
export interface ClockError {
  readonly ahead: number;
  readonly fast: number;
}

/**
 * The clocks of one machine. The wall clock can be set, in either direction and at any moment. The monotonic clock
 * cannot be set, but it stops while the machine sleeps.
 */
export class MachineClock {
  readonly #time: VirtualTime;
  readonly #beginning: number;
  readonly #speed: number;
  #ahead: number;
  #slept = 0;
  #asleepSince: number | undefined;

  /**
   * @param beginning - the start of the simulation, in milliseconds since the Unix epoch
   */
  constructor(time: VirtualTime, beginning: number, { ahead, fast }: ClockError) {
    this.#time = time;
    this.#beginning = beginning;
    this.#speed = 1 + fast / 1_000_000;
    this.#ahead = ahead;
  }

  /** Returns milliseconds since the Unix epoch, by the machine's own clock. */
  get wall(): number {
    return Math.floor(this.#beginning + this.#ahead + (this.#time.now - this.#beginning) * this.#speed);
  }

  /** Returns the milliseconds for which the machine was awake. */
  get monotonic(): number {
    return ((this.#asleepSince ?? this.#time.now) - this.#beginning - this.#slept) * this.#speed;
  }

  /** Returns the true time that passes while the monotonic clock advances by `duration`, if the machine stays awake. */
  trueDuration(duration: number): number {
    return duration / this.#speed;
  }

  set(by: number): void {
    this.#ahead += by;
  }

  fallAsleep(): void {
    this.#asleepSince ??= this.#time.now;
  }

  wakeUp(): void {
    if (this.#asleepSince === undefined) return;
    this.#slept += this.#time.now - this.#asleepSince;
    this.#asleepSince = undefined;
  }
}

interface Timer {
  appointment?: Appointment;
}

/**
 * Creates the clock of one instance: its timers use the machine's monotonic clock, and fire when the instance can run.
 */
export function instanceClock(time: VirtualTime, machine: MachineClock, receiver: Pick<Receiver, 'deliver'>): Clock {
  return clockOf(time, machine, receiver, () => machine.monotonic);
}

/**
 * Creates a clock that measures durations on the wall clock, like programs that compare `Date.now()` with a deadline.
 */
export function wallClock(time: VirtualTime, machine: MachineClock, receiver: Pick<Receiver, 'deliver'>): Clock {
  return clockOf(time, machine, receiver, () => machine.wall);
}

function clockOf(
  time: VirtualTime,
  machine: MachineClock,
  receiver: Pick<Receiver, 'deliver'>,
  monotonic: () => number,
): Clock {
  return {
    now: () => machine.wall,
    monotonic,
    setTimeout(callback, delay): TimerHandle {
      const deadline = monotonic() + delay;
      const timer: Timer = {};
      const wait = () => {
        timer.appointment = time.after(machine.trueDuration(Math.max(0, deadline - monotonic())), () =>
          receiver.deliver('timer', () => {
            if (timer.appointment?.run === undefined) return;
            if (monotonic() < deadline) wait();
            else callback();
          }),
        );
      };
      wait();
      return timer;
    },
    clearTimeout(handle) {
      const { appointment } = handle as Timer;
      if (appointment !== undefined) time.cancel(appointment);
    },
  };
}
