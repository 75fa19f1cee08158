import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SessionState } from './session-state.js';
import { addHint, type Hint, removeHint } from './time-index.js';

/** How long a lease that expired is kept as evidence that its work may have been done, even if its record is gone. */
const ABANDONED_LEASE_LIFETIME = 24 * 60 * 60_000;

/**
 * How long a session is kept after its last commit, in milliseconds. A process may read that a session does not exist,
 * and create it with a version of that moment. It would have to pause this long to reuse the version of a removed one.
 */
const MIN_LIFETIME = 5_000;

/** The id of hints for records that were written before records had hint ids. */
const LEGACY_HINT_ID = '0'.repeat(24);

/** Returns the folder of the index of due sessions. */
export function dueIndex(directory: string): string {
  return join(directory, 'due');
}

/** Returns the folder of the index of sessions that may have ended. */
export function expiryIndex(directory: string): string {
  return join(directory, 'expiry');
}

export function newHintId(): string {
  return randomBytes(12).toString('hex');
}

/** Returns the hint for when a session is due; `undefined` if it never is. */
export function dueHint(folder: string, { record }: SessionState): Hint | undefined {
  return record?.due === undefined ? undefined : { at: record.due.at, folder, id: record.due.hint ?? LEGACY_HINT_ID };
}

/**
 * Returns when a session may be removed; `Infinity`: never. A version ahead of the clock does not reveal when it was
 * written.
 */
export function removableAt(state: SessionState, now: number): number {
  return state.version > now ? endOf(state) : Math.max(endOf(state), state.version + MIN_LIFETIME);
}

/** Returns when no part of a state is needed any more; `Infinity`: never. */
function endOf({ record, lease }: SessionState): number {
  const recordEnd = record === null ? 0 : (record.expiresAt ?? Infinity);
  return Math.max(0, recordEnd, lease === null ? 0 : lease.until + ABANDONED_LEASE_LIFETIME);
}

/**
 * Changes a session together with its hints: those of the new state are added before, that of the old state is removed
 * after.
 *
 * @param now - on the storage's clock
 * @param change - resolves to whether the change was made
 */
export async function withHints(
  directory: string,
  folder: string,
  last: SessionState | undefined,
  next: SessionState,
  now: number,
  change: () => Promise<boolean>,
): Promise<boolean> {
  const index = dueIndex(directory);
  const [before, after] = [last && dueHint(folder, last), dueHint(folder, next)];
  const isNew = after !== undefined && after.id !== before?.id;
  // Whether a session has ended is checked later, so one hint is enough, and an early one works as well.
  const wasEndless = last === undefined || endOf(last) === Infinity;
  if (wasEndless && endOf(next) !== Infinity) {
    await addHint(expiryIndex(directory), { at: removableAt(next, now), folder, id: newHintId() });
  }
  if (isNew) await addHint(index, after);
  let made = false;
  try {
    made = await change();
  } finally {
    if (!made && isNew) await removeHint(index, after);
  }
  if (made && before !== undefined && before.id !== after?.id) await removeHint(index, before);
  return made;
}
