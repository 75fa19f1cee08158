import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { chmod, mkdir, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from '@frameio-auth/core';
import { DENIED, isSystemError } from './disk-failure.js';
import { assertPrivate, assertTrustedParent, PRIVATE_FILE, PRIVATE_FOLDER } from './permissions.js';
import { unreadable } from './session-state.js';

const WINDOWS_RETRIES = { tries: 100, pause: 10 };

/**
 * Whether the directory of all sessions exists; rejects if it is not private. A symbolic link is followed, and its
 * target is checked.
 */
export async function isPrivateDirectory(directory: string): Promise<boolean> {
  const stats = await ifMissing(undefined, () => stat(directory));
  if (stats === undefined) return false;
  if (!stats.isDirectory()) {
    throw new StorageError('ENOTDIR', `${directory} is no directory. Give fileStorage() another \`directory\`.`);
  }
  assertPrivate(directory, stats, PRIVATE_FOLDER);
  return true;
}

/** Creates the directory of all sessions and its parents, if they do not exist, for the owner alone. */
export async function makePrivateDirectory(directory: string): Promise<void> {
  if (await isPrivateDirectory(directory)) return;
  await makePrivateFolders(directory);
}

/**
 * Creates a folder and its parents, if they do not exist, and resolves when their names are on disk. From the top down,
 * because nothing can be created inside a folder that a umask has closed to its owner.
 */
export async function makePrivateFolders(path: string): Promise<void> {
  try {
    await makePrivateFolder(path);
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return; // Another process created it first.
    if (!isSystemError(error, 'ENOENT') || dirname(path) === path) throw error;
    await makePrivateFolders(dirname(path));
    await makePrivateFolders(path);
    return;
  }
  // The parent may be readable to others, and then its owner has to sync it.
  await syncFolder(dirname(path)).catch(() => {});
}

/** Creates a new folder for the owner alone, even if the umask removes bits from its mode. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { mode: PRIVATE_FOLDER });
  await chmod(path, PRIVATE_FOLDER);
}

/**
 * Checks the folders above a directory, both on the given path and on the path that its links resolve to.
 *
 * @throws StorageError `parent_too_open`
 */
export async function assertTrustedParents(directory: string): Promise<void> {
  const real = await ifInvisible(directory, () => realpath(directory));
  for (const path of new Set([...foldersAbove(directory), ...foldersAbove(real)])) {
    const stats = await ifInvisible(undefined, () => stat(path));
    if (stats !== undefined) assertTrustedParent(path, stats, directory);
  }
}

/**
 * Resolves to `instead` for what does not exist or is not visible to this process. Node's permission model may expose
 * only the directory.
 */
async function ifInvisible<Reply, Instead>(instead: Instead, call: () => Promise<Reply>): Promise<Reply | Instead> {
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

/** Resolves to the text of a private file; `undefined` if there is none. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  const file = await ifMissing(undefined, () => open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)));
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

/** Writes a new file, and resolves when it is on disk. If anything fails, no part of the file remains. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE);
  try {
    // By path, because Node's permission model does not allow mode changes by handle.
    if (((await file.stat()).mode & PRIVATE_FILE) !== PRIVATE_FILE) await chmod(path, PRIVATE_FILE);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(path).catch(() => {});
    throw Object.assign(error as Error, { path }); // Errors of an open file lack its path.
  } finally {
    await file.close();
  }
}

/** Resolves when the names in a folder are on disk. */
export async function syncFolder(path: string): Promise<void> {
  await (await folderSync(path))();
}

/**
 * Renames a folder, and resolves when its new name is on disk. All resources are acquired before, so that a completed
 * rename is not reported as a failure for lack of them.
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

/**
 * Opens a folder and resolves to a function that syncs it, to be called once. Windows and some file systems cannot sync
 * folders, so there it does nothing.
 */
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

/**
 * Renames a folder, with retries: Windows does not rename a folder while a reader has a file in it open, which takes
 * only a moment.
 */
async function patientRename(from: string, to: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await rename(from, to);
    } catch (error) {
      const inUse = process.platform === 'win32' && isSystemError(error, 'EPERM', 'EACCES', 'EBUSY');
      if (!inUse || tries === WINDOWS_RETRIES.tries) throw error;
      await delay(WINDOWS_RETRIES.pause);
    }
  }
}

/** Resolves to the result of a call, or to `instead` if its file or folder does not exist. */
export async function ifMissing<Reply, Instead>(
  instead: Instead,
  call: () => Promise<Reply>,
): Promise<Reply | Instead> {
  try {
    return await call();
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return instead;
    throw error;
  }
}
