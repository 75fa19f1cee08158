import { type Clock, systemClock } from '../kernel/clock.js';

/** How often a deadline checks whether the process was awake, in milliseconds. */
const SLICE = 1_000;

/** A timer that is later than this shows that the process was suspended, in milliseconds. */
const LATE = 100;

const SYSTEM = systemClock();

/**
 * For authors of adapters: calls `onPassed` after the process has been awake for `ms` milliseconds. Returns a function
 * that cancels it. Use it for time-outs that would discard a response.
 *
 * A process may be suspended by a signal, the machine's sleep, a freeze or long synchronous work. Afterwards it finds
 * both its timers due and the response in its socket, and timers run first. So the time is counted in slices of about a
 * second. If a slice's timer is late, only half of the slice counts; the rest lets the sockets be read before the
 * deadline passes. A process that is always late still reaches the deadline, because the slices become ever shorter.
 *
 * @param clock - its monotonic clock measures how late a timer is. Default: the system's
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
