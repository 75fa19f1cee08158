import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from './disk-failure.js';
import {
  ifMissing,
  makePrivateFolder,
  makePrivateFolders,
  readPrivateFile,
  renameFolder,
  syncFolder,
  writePrivateFile,
} from './private-files.js';
import { parse, type SessionState, unreadable, write } from './session-state.js';

/*
 * How a session's state is stored on disk, and how it changes.
 *
 *     <the session's folder>/<revision>/<revision>.json
 *
 * A revision's name is its number, one higher than the previous one, and a random part that is never used twice. The
 * name of the inner folder says which of its files is the state.
 *
 * A change writes a new file beside the old one, and then renames the inner folder after it. A folder can be renamed
 * only from its current name. Of all processes that read the same revision, one succeeds, and the others find that the
 * name is gone. No name is ever reused, so this holds however long a process was suspended in between. The rename makes
 * the whole change or none of it. Nothing must be unlocked, awaited or repaired after a process was killed.
 *
 * - Killed before the rename: a file stays in the folder that never becomes the state. The next change removes it.
 * - Killed after the rename: the change is made, and the next one also removes the previous file.
 * - Power lost: the new file and its name are on disk before the rename, and the rename before the old file is
 *   removed.
 *
 * Two more things can happen to a session's folder, and both are single renames as well. It is created complete, under
 * another name and with its first revision, and moved to its place. The move fails if there is already a folder that is
 * not empty. It ends when its inner folder is moved away. Of all processes that would change or end it, one succeeds.
 * Any process can remove the empty folder that remains, because a folder that is not empty cannot be removed.
 */

/** The latest revision: its name and its state. */
export interface Revision {
  readonly name: string;
  readonly state: SessionState;
}

/** The folder for what is not yet, or no longer, a session's folder. */
export const TRASH_FOLDER = 'trash';

/** How many listings may show no revision, which a concurrent rename can cause. */
const MAX_EMPTY_LISTINGS = 20;

/**
 * Reads the state of a session; resolves to `undefined` if its folder does not exist.
 *
 * @throws StorageError `record_unreadable`, `record_too_new`, `permissions_too_open`, `foreign_owner`
 */
export async function readRevision(folder: string): Promise<Revision | undefined> {
  let missed: string | undefined;
  for (let blind = 0; blind < MAX_EMPTY_LISTINGS; ) {
    const names = await ifMissing(undefined, () => readdir(folder));
    if (names === undefined) return undefined;
    const name = latest(names);
    if (name === undefined) {
      if (names.length === 0 && (await removeIfEmpty(folder))) return undefined;
      blind += 1;
      continue;
    }
    const path = fileOf(folder, name, name);
    const text = await readPrivateFile(path);
    if (text !== undefined) return { name, state: parse(text, path) };
    // Usually the folder was renamed in between. But while it has a name, it contains the file of that name.
    if (name === missed) throw unreadable(path, 'is missing');
    missed = name;
  }
  throw unreadable(folder, 'holds something, but not the state of a session');
}

/** Replaces one revision with the next. Resolves to `false` if another process was first; then nothing has changed. */
export async function replaceRevision(folder: string, head: Revision, next: SessionState): Promise<boolean> {
  const name = newName(numberOf(head.name) + 1);
  const file = fileOf(folder, head.name, name);
  try {
    await writePrivateFile(file, write(next));
    await syncFolder(join(folder, head.name));
    await renameFolder(join(folder, head.name), join(folder, name));
  } catch (error) {
    await unlink(file).catch(() => {});
    if (isSystemError(error, 'ENOENT')) return false; // The folder has been renamed.
    throw error;
  }
  await removeOldFiles(folder, name);
  return true;
}

/** Creates the folder of a session with its first state. Resolves to `false` if another process was first. */
export async function createFolder(directory: string, folder: string, state: SessionState): Promise<boolean> {
  const made = join(directory, TRASH_FOLDER, newName(0));
  const name = newName(1);
  try {
    await makePrivateFolders(dirname(made));
    await makePrivateFolder(made);
    await makePrivateFolder(join(made, name));
    await writePrivateFile(fileOf(made, name, name), write(state));
    await syncFolder(join(made, name));
    await syncFolder(made);
    await renameFolder(made, folder);
  } catch (error) {
    await rm(made, { recursive: true, force: true }).catch(() => {});
    // The folder that was in the way may have been removed since. The error for it differs by platform.
    if (isSystemError(error, 'ENOTEMPTY', 'EEXIST') || (await readRevision(folder)) !== undefined) return false;
    throw error;
  }
  return true;
}

/** Ends a session's folder, unless another process has changed or ended it since. */
export async function removeFolder(directory: string, folder: string, head: Revision): Promise<void> {
  await moveToTrash(directory, join(folder, head.name));
  await removeIfEmpty(folder);
}

/** Removes a folder in one step, as other processes see it. */
export async function moveToTrash(directory: string, folder: string): Promise<void> {
  const gone = join(directory, TRASH_FOLDER, newName(0));
  await makePrivateFolders(dirname(gone));
  await renameFolder(folder, gone);
  await rm(gone, { recursive: true, force: true });
}

/**
 * Returns the name of a session's folder: the SHA-256 of its key in UTF-16, which can represent every string. In UTF-8,
 * strings that are not well-formed would have the same bytes as others.
 */
export function folderName(key: string): string {
  return createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('hex');
}

export function isFolderName(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** Whether a name is that of a folder that is about to become a session's folder, or was one. */
export function isTrashName(name: string): boolean {
  return numberOf(name) === 0;
}

function newName(number: number): string {
  return `${number}-${randomBytes(12).toString('hex')}`;
}

/** Returns the number in a revision's name; `NaN` for other names. */
function numberOf(name: string): number {
  return Number(/^(\d+)-[0-9a-f]{24}$/.exec(name)?.[1]);
}

function latest(names: readonly string[]): string | undefined {
  return names.filter((name) => numberOf(name) > 0).sort((one, other) => numberOf(other) - numberOf(one))[0];
}

function fileOf(folder: string, revision: string, file: string): string {
  return join(folder, revision, `${file}.json`);
}

/** Removes the files of revisions that can never be the latest again. If this fails, the next change does it. */
async function removeOldFiles(folder: string, current: string): Promise<void> {
  try {
    for (const file of await readdir(join(folder, current))) {
      const name = basename(file, '.json');
      if (name !== current && numberOf(name) <= numberOf(current)) await unlink(join(folder, current, file));
    }
  } catch {
    // The change is made, even if old files remain.
  }
}

/**
 * Resolves to `false` if the folder is not empty. An empty one that cannot be removed counts as removed, because no
 * other process can be changing it.
 */
async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    return !isSystemError(error, 'ENOTEMPTY', 'EEXIST');
  }
}
