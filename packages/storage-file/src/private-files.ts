import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from '@frameio-auth/core';
import { isSystemError } from './disk-failure.js';
import { assertPrivate, PRIVATE_FILE, PRIVATE_FOLDER } from './permissions.js';
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
  if (!(await isPrivateDirectory(directory))) await mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
}

/** Makes a folder that is not there, for the owner alone. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { mode: PRIVATE_FOLDER });
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
