import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SessionState } from './session-state.js';
import { addHint, type Hint, removeHint } from './time-index.js';

/** A lease that ended by time says for so long that its work may have been done, also when its record is gone. */
const EVIDENCE_LIFETIME = 24 * 60 * 60_000;

/**
 * A session is kept for so long after its last commit. A process that read that there is none, and begins it with a
 * version of that moment, must stand still for this long before it could use the version of a forgotten one again. In
 * milliseconds.
 */
const REST = 5_000;

/** The id of hints for records that were written before records had them. */
const UNNAMED = '0'.repeat(24);

/** Where it stands which sessions are due. */
export function dueIndex(directory: string): string {
  return join(directory, 'due');
}

/** Where it stands which sessions may be over. */
export function overIndex(directory: string): string {
  return join(directory, 'over');
}

export function newHintId(): string {
  return randomBytes(12).toString('hex');
}

/** The hint at when a session is due; `undefined` when it never is. */
export function dueHint(folder: string, { record }: SessionState): Hint | undefined {
  return record?.due === undefined ? undefined : { at: record.due.at, folder, id: record.due.hint ?? UNNAMED };
}

/** When a session may be forgotten: `Infinity` for never. A version that is ahead of the clock does not tell its time. */
export function overAt(state: SessionState, now: number): number {
  return state.version > now ? endOf(state) : Math.max(endOf(state), state.version + REST);
}

/** When nothing of a state is needed any more: `Infinity` for never. */
function endOf({ record, lease }: SessionState): number {
  const recordEnd = record === null ? 0 : (record.expiresAt ?? Infinity);
  return Math.max(0, recordEnd, lease === null ? 0 : lease.until + EVIDENCE_LIFETIME);
}

/**
 * Makes a change of a session with the hints that it needs: those of the new state before it, and without that of the
 * old state after it.
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
  // That a session may be over is looked at later, so one hint for it is enough, and an early one is as good.
  const wasEndless = last === undefined || endOf(last) === Infinity;
  if (wasEndless && endOf(next) !== Infinity) {
    await addHint(overIndex(directory), { at: overAt(next, now), folder, id: newHintId() });
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
