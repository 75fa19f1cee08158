import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from './disk-failure.js';
import {
  absentAs,
  makePrivateFolder,
  makePrivateFolders,
  readPrivateFile,
  renameFolder,
  syncFolder,
  writePrivateFile,
} from './private-files.js';
import { parse, type SessionState, unreadable, write } from './session-state.js';

/*
 * How one session's state lies on the disk, and how it changes.
 *
 *     <the session's folder>/<revision>/<revision>.json
 *
 * A revision's name is its number, one more than the one before, and a random part that no other has. The name of the
 * inner folder says which of the files in it is the state.
 *
 * To change the state is to lay a new file beside the old one, and to rename the inner folder after it. A folder can be
 * renamed from a name only while it has that name: of all who read the same revision, one succeeds, and the others find
 * that the name is gone. No name comes back, so this holds however long somebody slept in between. A change is made by
 * that one call or not at all; nothing has to be unlocked, waited out or mended after a process that was killed.
 *
 * - Killed before the renaming: a file with a number that is already, or will be, passed over stays in the folder.
 *   Whoever makes the next change removes it.
 * - Killed after it: the change is made, and the next one removes the file before it too.
 * - Power lost: the new file and its name are on the disk before the renaming, the renaming before the old file goes.
 *
 * Two more things can happen to a session's folder, and both are one renaming as well. It begins complete: made under
 * another name, with its first revision in it, and moved to its place, which fails if there is one that is not empty.
 * And it ends by moving its inner folder away, which one of all who would change or end it succeeds in; the empty
 * folder that is left can be removed by anybody, because a folder that is not empty cannot.
 */

/** The latest revision: the name and what it says. */
export interface Head {
  readonly name: string;
  readonly state: SessionState;
}

/** The folder of what is not yet, or no longer, a session's folder. */
export const SCRAP_FOLDER = 'scrap';

/** So often a listing may show no revision, which a renaming in the middle of it can make happen. */
const BLIND_LOOKS = 20;

/**
 * Reads the state of a session; `undefined` when its folder is not there.
 *
 * @throws StorageError `record_unreadable`, `record_too_new`, `permissions_too_open`, `foreign_owner`
 */
export async function readHead(folder: string): Promise<Head | undefined> {
  let missed: string | undefined;
  for (let blind = 0; blind < BLIND_LOOKS; ) {
    const names = await absentAs(undefined, () => readdir(folder));
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
    // Mostly the folder has been renamed in between. But while it has a name, the file of that name is in it.
    if (name === missed) throw unreadable(path, 'is missing');
    missed = name;
  }
  throw unreadable(folder, 'holds something, but not the state of a session');
}

/** Makes the change from one revision to the next; `false`: another was first, and nothing has changed. */
export async function replaceHead(folder: string, head: Head, next: SessionState): Promise<boolean> {
  const name = newName(numberOf(head.name) + 1);
  const file = fileOf(folder, head.name, name);
  try {
    await writePrivateFile(file, write(next));
    await syncFolder(join(folder, head.name));
    await renameFolder(join(folder, head.name), join(folder, name));
  } catch (error) {
    await unlink(file).catch(() => {});
    if (isSystemError(error, 'ENOENT')) return false; // The folder has another name by now.
    throw error;
  }
  await removePassed(folder, name);
  return true;
}

/** Makes the folder of a session, with its first state; `false`: another was first. */
export async function beginFolder(directory: string, folder: string, state: SessionState): Promise<boolean> {
  const made = join(directory, SCRAP_FOLDER, newName(0));
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
    // The folder that was in the way may have been forgotten since. The error that says so differs by platform.
    if (isSystemError(error, 'ENOTEMPTY', 'EEXIST') || (await readHead(folder)) !== undefined) return false;
    throw error;
  }
  return true;
}

/** Ends a session's folder, unless another has changed or ended it since. */
export async function endFolder(directory: string, folder: string, head: Head): Promise<void> {
  await scrap(directory, join(folder, head.name));
  await removeIfEmpty(folder);
}

/** Removes a folder in one step, as far as anybody else can see. */
export async function scrap(directory: string, folder: string): Promise<void> {
  const gone = join(directory, SCRAP_FOLDER, newName(0));
  await makePrivateFolders(dirname(gone));
  await renameFolder(folder, gone);
  await rm(gone, { recursive: true, force: true });
}

/**
 * The name of a session's folder: the SHA-256 of its key. Of UTF-16, which every string is: in UTF-8, strings that are
 * not well-formed have the same bytes as others.
 */
export function folderName(key: string): string {
  return createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('hex');
}

export function isFolderName(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** Whether it is the name of something on its way to be a session's folder, or on its way out. */
export function isScrapName(name: string): boolean {
  return numberOf(name) === 0;
}

function newName(number: number): string {
  return `${number}-${randomBytes(12).toString('hex')}`;
}

/** The number in a revision's name; `NaN` for a name that is none. */
function numberOf(name: string): number {
  return Number(/^(\d+)-[0-9a-f]{24}$/.exec(name)?.[1]);
}

function latest(names: readonly string[]): string | undefined {
  return names.filter((name) => numberOf(name) > 0).sort((one, other) => numberOf(other) - numberOf(one))[0];
}

function fileOf(folder: string, revision: string, file: string): string {
  return join(folder, revision, `${file}.json`);
}

/** Removes the files of revisions that can never be the latest again. What fails here is left to the next change. */
async function removePassed(folder: string, current: string): Promise<void> {
  try {
    for (const file of await readdir(join(folder, current))) {
      const name = basename(file, '.json');
      if (name !== current && numberOf(name) <= numberOf(current)) await unlink(join(folder, current, file));
    }
  } catch {
    // The change is made, whether its traces are gone or not.
  }
}

/** `false`: it is not empty. An empty one that cannot be removed is as good as gone: nobody else can be changing it. */
async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    return !isSystemError(error, 'ENOTEMPTY', 'EEXIST');
  }
}
