import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from './disk-failure.js';
import { absentAs, makePrivateFolders, renameFolder, writePrivateFile } from './private-files.js';

/*
 * The highest version of all sessions that were forgotten: the name of an empty file, `<directory>/version/<version>`.
 * A session that begins takes a higher one, so no version of a key comes back, not even when the clock was put back.
 * The mark is raised by renaming, as a session is changed: of all who would raise it from one name, one succeeds.
 */

/** So often a listing may show no mark, which a renaming in the middle of it can make happen. */
const BLIND_LOOKS = 20;

/** The highest version of a session that is forgotten; 0 when none is. */
export async function forgottenVersion(directory: string): Promise<number> {
  const folder = folderIn(directory);
  for (let looks = 0; looks < BLIND_LOOKS; looks += 1) {
    const names = await absentAs(undefined, () => readdir(folder));
    if (names === undefined) return 0;
    const versions = names.filter((name) => /^\d+$/.test(name)).map(Number);
    if (versions.length > 0) return Math.max(...versions);
  }
  return 0;
}

/** Remembers the version of a session that is about to be forgotten, and returns when the disk has it. */
export async function rememberVersion(directory: string, version: number): Promise<void> {
  const folder = folderIn(directory);
  for (;;) {
    const known = await forgottenVersion(directory);
    if (known >= version) return;
    try {
      if (known === 0) {
        await makePrivateFolders(folder);
        await writePrivateFile(join(folder, String(version)), '');
      } else {
        await renameFolder(join(folder, String(known)), join(folder, String(version)));
      }
    } catch (error) {
      if (!isSystemError(error, 'ENOENT', 'EEXIST')) throw error; // Another raised it.
    }
  }
}

function folderIn(directory: string): string {
  return join(directory, 'version');
}
