import { randomInt } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { absentAs } from './private-files.js';
import { endFolder, isScrapName, readHead, SCRAP_FOLDER, scrap } from './revision-folder.js';
import { dueHint, dueIndex, overAt, overIndex } from './session-hints.js';
import { addHint, dropHint, type Hint, hintsUntil, removeHint } from './time-index.js';
import { rememberVersion } from './version-mark.js';

/** One in so many new sessions looks after so many that may be over: in the long run, at twice the rate of new ones. */
const ONE_IN = 8;
const LOOKS = 16;

/**
 * What lies about for so long was left behind by a process that is gone. If it was only asleep, it finds that its
 * folder is not there, and fails or begins again: nothing depends on this number.
 */
const SCRAP_LIFETIME = 60 * 60_000;

/**
 * Removes a few of the sessions in a directory that are over, and what killed processes left. Sign-ins that nobody
 * finished would pile up otherwise, and a script that runs for a second has no time to look at all of them. What is not
 * over is not looked at, so the cost does not depend on how much there is.
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
      // What cannot be read or removed is left to whoever needs it, and hears of it then.
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
    // First, because the folder was all that knew the version.
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
