import { type EventEmitter, getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** How often at most, and with what pauses in milliseconds, memory is looked at until there is no more to be freed. */
const LOOKS = 5;
const PAUSE = 20;
const LONGEST_PAUSE = 500;

/** As much may come and go between two looks, in bytes. */
const NOISE = 2 ** 16;

/** Resolves to the memory of the process, in bytes, after a garbage collection. */
export async function heldMemory(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  // What finalizers free is garbage in the next round.
  for (let look = 0; look < LOOKS; look += 1) {
    collectGarbage();
    await delay(PAUSE);
    const { heapUsed, external } = process.memoryUsage();
    const held = heapUsed + external;
    const freed = least - held;
    least = Math.min(least, held);
    if (freed < NOISE) break;
  }
  return least;
}

/** Sockets, timers and whatever else keeps the process alive, each kind with its number. */
export function activeResources(): Readonly<Record<string, number>> {
  const count: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) count[kind] = (count[kind] ?? 0) + 1;
  return count;
}

/** How many listeners there are on all that lives longer than a request. */
export function listeners(
  emitters: Readonly<Record<string, EventEmitter>>,
  signal: AbortSignal,
): Record<string, number> {
  const counts: Record<string, number> = { 'shared signal': getEventListeners(signal, 'abort').length };
  for (const [name, emitter] of Object.entries(emitters)) {
    counts[name] = emitter.eventNames().reduce((sum, event) => sum + emitter.listenerCount(event), 0);
  }
  return counts;
}

/**
 * Looks again and again until something holds, for as long as `patience` in milliseconds; says whether it did. The pauses
 * grow, because a look may cost much.
 */
export async function eventually(holds: () => boolean | Promise<boolean>, patience: number): Promise<boolean> {
  const deadline = performance.now() + patience;
  for (let pause = PAUSE; ; pause = Math.min(pause * 3, LONGEST_PAUSE)) {
    if (await holds()) return true;
    if (performance.now() > deadline) return false;
    await delay(pause);
  }
}
