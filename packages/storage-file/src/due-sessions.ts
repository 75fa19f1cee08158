import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifMissing, isPrivateDirectory, makePrivateFolders, syncFolder } from './private-files.js';
import { isFolderName, type Revision, readRevision } from './revision-folder.js';
import { dueHint, dueIndex } from './session-hints.js';
import { hintsUntil, removeStaleHint, writeHint } from './time-index.js';

/**
 * Yields the keys of the sessions that are due in a directory, the earliest first. Hints find them, so that no other
 * sessions are read. The session's own state decides.
 *
 * @param now - on the storage's clock
 */
export async function* dueKeys(directory: string, now: number): AsyncGenerator<string> {
  if (!(await isPrivateDirectory(directory))) return;
  const index = dueIndex(directory);
  await completeIndex(directory, index);
  for await (const hint of hintsUntil(index, now)) {
    const head = await headIn(join(directory, hint.folder));
    if (head === 'unreadable') continue; // One unreadable session must not hide the others; the caller that needs it gets the error.
    const record = head?.state.record;
    if (head === undefined || record?.due === undefined || dueHint(hint.folder, head.state)?.id !== hint.id) {
      await removeStaleHint(index, hint);
    } else if (record.expiresAt === null || now < record.expiresAt) {
      yield record.due.key;
    }
  }
}

/**
 * Creates the hints of all sessions once, by reading every session. Needed for a directory from before there were
 * hints, or if the index was deleted.
 */
async function completeIndex(directory: string, index: string): Promise<void> {
  const mark = join(index, 'complete');
  if ((await ifMissing(undefined, () => stat(mark))) !== undefined) return;
  const touched = new Set<string>();
  for (const folder of (await readdir(directory)).filter(isFolderName)) {
    const head = await headIn(join(directory, folder));
    const hint = head === undefined || head === 'unreadable' ? undefined : dueHint(folder, head.state);
    if (hint !== undefined) touched.add(await writeHint(index, hint));
  }
  for (const folder of touched) await syncFolder(folder);
  await makePrivateFolders(mark);
}

async function headIn(folder: string): Promise<Revision | undefined | 'unreadable'> {
  try {
    return await readRevision(folder);
  } catch {
    return 'unreadable';
  }
}
