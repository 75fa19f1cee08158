import { randomInt } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifMissing } from './private-files.js';
import { recordRemovedVersion } from './removed-versions.js';
import { isTrashName, moveToTrash, readRevision, removeFolder, TRASH_FOLDER } from './revision-folder.js';
import { dueHint, dueIndex, expiryIndex, removableAt } from './session-hints.js';
import { addHint, type Hint, hintsUntil, removeHint, removeStaleHint } from './time-index.js';

/**
 * One in `ONE_IN` new sessions checks up to `MAX_CHECKS` sessions that may have ended. On average, that is twice the rate of
 * new ones.
 */
const ONE_IN = 8;
const MAX_CHECKS = 16;

/**
 * How old trash must be to be removed: the process that left it has presumably ended. If it was only
 * suspended, it finds that its folder is gone, and fails or starts over. So correctness does not depend on this number.
 */
const TRASH_LIFETIME = 60 * 60_000;

/**
 * Removes some of the sessions in a directory that have ended, and what killed processes left behind. Otherwise
 * abandoned sign-ins would accumulate, and a script that runs for a second has no time to check all of them. Sessions
 * that have not ended are not read, so the cost does not depend on their number.
 *
 * @param now - on the storage's clock
 */
export async function removeExpired(directory: string, now: number): Promise<void> {
  if (randomInt(ONE_IN) > 0) return;
  let looks = 0;
  for await (const hint of hintsUntil(expiryIndex(directory), now)) {
    try {
      await forget(directory, hint, now);
      looks += 1;
    } catch {
      // What cannot be read or removed stays; the caller that needs it gets the error.
    }
    if (looks === MAX_CHECKS) break;
  }
  await emptyTrash(directory);
}

async function forget(directory: string, hint: Hint, now: number): Promise<void> {
  const index = expiryIndex(directory);
  const folder = join(directory, hint.folder);
  const head = await readRevision(folder);
  if (head === undefined) return removeStaleHint(index, hint);
  const end = removableAt(head.state, now);
  if (end <= now) {
    // Comes first, because only the folder has the version.
    await recordRemovedVersion(directory, head.state.version);
    await removeFolder(directory, folder, head);
    const due = dueHint(hint.folder, head.state);
    if (due !== undefined) await removeHint(dueIndex(directory), due);
  } else if (end !== Infinity) {
    await addHint(index, { ...hint, at: end });
  }
  await removeHint(index, hint);
}

async function emptyTrash(directory: string): Promise<void> {
  const folder = join(directory, TRASH_FOLDER);
  for (const name of (await ifMissing([], () => readdir(folder))).filter(isTrashName).slice(0, MAX_CHECKS)) {
    const { mtimeMs } = await stat(join(folder, name));
    if (mtimeMs < Date.now() - TRASH_LIFETIME) await moveToTrash(directory, join(folder, name));
  }
}
