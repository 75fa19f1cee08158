import { type Clock, systemClock } from '../kernel/clock.js';

/** A deadline looks this often whether the process was awake, in milliseconds. */
const SLICE = 1_000;

/** A timer that is late by more than this shows that the process stood still, in milliseconds. */
const LATE = 100;

const SYSTEM = systemClock();

/**
 * For writers of adapters: calls `onPassed` once the process has been awake for `ms` milliseconds, and returns what
 * cancels that. It is for time-outs that would throw an answer away.
 *
 * A process that stood still (a signal, the sleep of the machine, a freeze, long synchronous work) finds both its timers
 * due and the answer in its socket, and timers go first. So the time is counted in slices of about a second. Of a slice
 * whose timer is late only half is counted: what remains of it lets the sockets be read before the deadline passes.
 * A process that is late every time ends it all the same, because the slices become ever shorter.
 *
 * @param clock - default: the system's. Its monotonic clock measures how late a timer is
 */
export function startDeadline(ms: number, onPassed: () => void, clock: Clock = SYSTEM): () => void {
  let left = ms;
  let timer: unknown;
  const wait = (): void => {
    const slice = left / Math.max(1, Math.ceil(left / SLICE));
    const begun = clock.monotonic();
    const elapsed = (): void => {
      const took = clock.monotonic() - begun;
      left -= took > slice + LATE ? slice / 2 : Math.max(slice, took);
      if (left < 1) onPassed();
      else wait();
    };
    timer = clock.setTimeout(elapsed, slice, { keepAlive: true });
  };
  wait();
  return () => clock.clearTimeout(timer);
}
