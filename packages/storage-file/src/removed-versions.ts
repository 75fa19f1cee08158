import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from './disk-failure.js';
import { ifMissing, makePrivateFolders, renameFolder, writePrivateFile } from './private-files.js';

/*
 * The highest version of all sessions that were removed: the name of an empty file, `<directory>/version/<version>`. A
 * new session takes a higher version, so no version of a key is ever reused, even if the clock was set back. The mark
 * is raised by renaming, like a change of a session: of all processes that would raise it from one name, one succeeds.
 */

/** How many listings may show no mark, which a concurrent rename can cause. */
const MAX_EMPTY_LISTINGS = 20;

/** Resolves to the highest version of the removed sessions; 0 if there are none. */
export async function highestRemovedVersion(directory: string): Promise<number> {
  const folder = folderIn(directory);
  for (let looks = 0; looks < MAX_EMPTY_LISTINGS; looks += 1) {
    const names = await ifMissing(undefined, () => readdir(folder));
    if (names === undefined) return 0;
    const versions = names.filter((name) => /^\d+$/.test(name)).map(Number);
    if (versions.length > 0) return Math.max(...versions);
  }
  return 0;
}

/** Records the version of a session that is about to be removed, and resolves when it is on disk. */
export async function recordRemovedVersion(directory: string, version: number): Promise<void> {
  const folder = folderIn(directory);
  for (;;) {
    const known = await highestRemovedVersion(directory);
    if (known >= version) return;
    try {
      if (known === 0) {
        await makePrivateFolders(folder);
        await writePrivateFile(join(folder, String(version)), '');
      } else {
        await renameFolder(join(folder, String(known)), join(folder, String(version)));
      }
    } catch (error) {
      if (!isSystemError(error, 'ENOENT', 'EEXIST')) throw error; // Another process raised it.
    }
  }
}

function folderIn(directory: string): string {
  return join(directory, 'version');
}
