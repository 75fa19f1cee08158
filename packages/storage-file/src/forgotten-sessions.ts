import { randomInt } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { endFolder, isFolderName, isScrapName, readHead, scrap } from './revision-folder.js';
import type { SessionState } from './session-state.js';

/** One in so many new sessions looks at so many others: then, in the long run, no more are forgotten than live. */
const ONE_IN = 8;
const LOOKS = 16;

/** A lease that ended by time says for so long that its work may have been done, also when its record is gone. */
const EVIDENCE_LIFETIME = 24 * 60 * 60_000;

/**
 * What lies about for so long was left behind by a process that is gone. If it was only asleep, it finds that its
 * folder is not there, and fails or begins again: nothing depends on this number.
 */
const SCRAP_LIFETIME = 60 * 60_000;

/**
 * Removes what is over among a few of the sessions in a directory, taken at random. Sign-ins that nobody finished would
 * pile up otherwise, and a script that runs for a second has no time to look at all of them.
 *
 * @param now - on the storage's clock
 */
export async function forgetSome(directory: string, now: number): Promise<void> {
  if (randomInt(ONE_IN) > 0) return;
  const names = await readdir(directory);
  const first = randomInt(names.length + 1);
  for (const name of [...names.slice(first), ...names.slice(0, first)].slice(0, LOOKS)) {
    const path = join(directory, name);
    try {
      if (isFolderName(name)) await forget(path, now);
      else if (isScrapName(name)) await removeOldScrap(path, directory);
    } catch {
      // What cannot be read or removed is left to whoever needs it, and hears of it then.
    }
  }
}

async function forget(folder: string, now: number): Promise<void> {
  const head = await readHead(folder);
  if (head !== undefined && isForgettable(head.state, now)) await endFolder(folder, head);
}

/** The versions of a key that is forgotten begin anew at the time of day, so that must be later than the last one. */
function isForgettable({ version, record, lease }: SessionState, now: number): boolean {
  const isOver = record === null || (record.expiresAt !== null && record.expiresAt <= now);
  return isOver && (lease === null || lease.until + EVIDENCE_LIFETIME <= now) && version < now;
}

async function removeOldScrap(path: string, directory: string): Promise<void> {
  const { mtimeMs } = await stat(path);
  if (mtimeMs < Date.now() - SCRAP_LIFETIME) await scrap(path, directory);
}
