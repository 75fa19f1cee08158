import { randomInt } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { absentAs } from './private-files.js';
import { endFolder, isScrapName, readHead, SCRAP_FOLDER, scrap } from './revision-folder.js';
import { dueHint, dueIndex, overAt, overIndex } from './session-hints.js';
import { addHint, dropHint, type Hint, hintsUntil, removeHint } from './time-index.js';
import { rememberVersion } from './version-mark.js';

/**
 * One in `ONE_IN` new sessions checks up to `LOOKS` sessions that may have ended. On average, that is twice the rate of
 * new ones.
 */
const ONE_IN = 8;
const LOOKS = 16;

/**
 * How old scraps must be to be removed, because the process that left them has presumably ended. If it was only
 * suspended, it finds that its folder is gone, and fails or starts over. So correctness does not depend on this number.
 */
const SCRAP_LIFETIME = 60 * 60_000;

/**
 * Removes some of the sessions in a directory that have ended, and what killed processes left behind. Otherwise
 * abandoned sign-ins would accumulate, and a script that runs for a second has no time to check all of them. Sessions
 * that have not ended are not read, so the cost does not depend on their number.
 *
 * @param now - on the storage's clock
 */
export async function forgetSome(directory: string, now: number): Promise<void> {
  if (randomInt(ONE_IN) > 0) return;
  let looks = 0;
  for await (const hint of hintsUntil(overIndex(directory), now)) {
    try {
      await forget(directory, hint, now);
      looks += 1;
    } catch {
      // What cannot be read or removed stays; the caller that needs it gets the error.
    }
    if (looks === LOOKS) break;
  }
  await removeOldScraps(directory);
}

async function forget(directory: string, hint: Hint, now: number): Promise<void> {
  const index = overIndex(directory);
  const folder = join(directory, hint.folder);
  const head = await readHead(folder);
  if (head === undefined) return dropHint(index, hint);
  const end = overAt(head.state, now);
  if (end <= now) {
    // Comes first, because only the folder has the version.
    await rememberVersion(directory, head.state.version);
    await endFolder(directory, folder, head);
    const due = dueHint(hint.folder, head.state);
    if (due !== undefined) await removeHint(dueIndex(directory), due);
  } else if (end !== Infinity) {
    await addHint(index, { ...hint, at: end });
  }
  await removeHint(index, hint);
}

async function removeOldScraps(directory: string): Promise<void> {
  const folder = join(directory, SCRAP_FOLDER);
  for (const name of (await absentAs([], () => readdir(folder))).filter(isScrapName).slice(0, LOOKS)) {
    const { mtimeMs } = await stat(join(folder, name));
    if (mtimeMs < Date.now() - SCRAP_LIFETIME) await scrap(directory, join(folder, name));
  }
}
