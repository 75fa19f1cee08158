import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { chmod, mkdir, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from '@frameio-auth/core';
import { DENIED, isSystemError } from './disk-failure.js';
import { assertPrivate, assertTrustedParent, PRIVATE_FILE, PRIVATE_FOLDER } from './permissions.js';
import { unreadable } from './session-state.js';

const WINDOWS_PATIENCE = { tries: 100, pause: 10 };

/**
 * Whether the directory of all sessions is there, and private. A symbolic link is followed, and what it leads to is
 * judged.
 */
export async function isPrivateDirectory(directory: string): Promise<boolean> {
  const stats = await absentAs(undefined, () => stat(directory));
  if (stats === undefined) return false;
  if (!stats.isDirectory()) {
    throw new StorageError('ENOTDIR', `${directory} is no directory. Give fileStorage() another \`directory\`.`);
  }
  assertPrivate(directory, stats, PRIVATE_FOLDER);
  return true;
}

/** Makes the directory of all sessions and those above it, where they are not there, for the owner alone. */
export async function makePrivateDirectory(directory: string): Promise<void> {
  if (await isPrivateDirectory(directory)) return;
  await makePrivateFolders(directory);
}

/**
 * Makes a folder and those above it, where they are not there, and returns when the disk has their names. From the top
 * down, because below a folder that a umask has closed to its owner nothing can be made.
 */
export async function makePrivateFolders(path: string): Promise<void> {
  try {
    await makePrivateFolder(path);
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return; // Another process was quicker.
    if (!isSystemError(error, 'ENOENT') || dirname(path) === path) throw error;
    await makePrivateFolders(dirname(path));
    await makePrivateFolders(path);
    return;
  }
  // What is above may be for others to read, and then it is for them to sync.
  await syncFolder(dirname(path)).catch(() => {});
}

/** Makes a folder that is not there, for the owner alone, whatever the umask takes away from its mode. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { mode: PRIVATE_FOLDER });
  await chmod(path, PRIVATE_FOLDER);
}

/**
 * Judges the folders above a directory: those on the path that was given, and those on the path that its links lead to.
 *
 * @throws StorageError `parent_too_open`
 */
export async function assertTrustedParents(directory: string): Promise<void> {
  const real = await unseenAs(directory, () => realpath(directory));
  for (const path of new Set([...foldersAbove(directory), ...foldersAbove(real)])) {
    const stats = await unseenAs(undefined, () => stat(path));
    if (stats !== undefined) assertTrustedParent(path, stats, directory);
  }
}

/** What is absent, or out of sight for this process: Node's permission model may show the directory alone. */
async function unseenAs<Reply, Instead>(instead: Instead, call: () => Promise<Reply>): Promise<Reply | Instead> {
  try {
    return await call();
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EACCES', DENIED)) return instead;
    throw error;
  }
}

function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersAbove(above)];
}

/** The text of a private file; `undefined` when there is none. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  const file = await absentAs(undefined, () => open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)));
  if (file === undefined) return undefined;
  try {
    assertPrivate(path, await file.stat(), PRIVATE_FILE);
    const bytes = await file.readFile();
    if (!isUtf8(bytes)) throw unreadable(path, 'is damaged');
    return bytes.toString('utf8');
  } finally {
    await file.close();
  }
}

/** Writes a file that is not there yet, and returns when the disk has it; whatever goes wrong, no part of it stays. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE);
  try {
    // By its path, because Node's permission model allows no changes of modes by handles.
    if (((await file.stat()).mode & PRIVATE_FILE) !== PRIVATE_FILE) await chmod(path, PRIVATE_FILE);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(path).catch(() => {});
    throw Object.assign(error as Error, { path }); // An open file does not know its name.
  } finally {
    await file.close();
  }
}

/** Returns when the disk has the names in a folder. */
export async function syncFolder(path: string): Promise<void> {
  await (await folderSync(path))();
}

/**
 * Renames a folder, and returns when the disk has its new name. All that needs resources is done before, so that a
 * renaming that happened is not reported as a failure for the lack of them.
 */
export async function renameFolder(from: string, to: string): Promise<void> {
  const sync = await folderSync(dirname(to));
  try {
    await patientRename(from, to);
  } catch (error) {
    await sync().catch(() => {});
    throw error;
  }
  await sync();
}

/** Opens a folder, for what is returned to be called once. Windows, and some file systems, have nothing to wait for. */
async function folderSync(path: string): Promise<() => Promise<void>> {
  if (process.platform === 'win32') return async () => {};
  const folder = await open(path, constants.O_RDONLY);
  return async () => {
    try {
      await folder.sync();
    } catch (error) {
      if (!isSystemError(error, 'EINVAL', 'ENOTSUP')) throw error;
    } finally {
      await folder.close();
    }
  };
}

/** Windows renames no folder in which a reader has a file open, which is over in a moment. */
async function patientRename(from: string, to: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await rename(from, to);
    } catch (error) {
      const inUse = process.platform === 'win32' && isSystemError(error, 'EPERM', 'EACCES', 'EBUSY');
      if (!inUse || tries === WINDOWS_PATIENCE.tries) throw error;
      await delay(WINDOWS_PATIENCE.pause);
    }
  }
}

/** The reply of a call, or `instead` when what it is about is not there. */
export async function absentAs<Reply, Instead>(instead: Instead, call: () => Promise<Reply>): Promise<Reply | Instead> {
  try {
    return await call();
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return instead;
    throw error;
  }
}
