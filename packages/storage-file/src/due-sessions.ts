import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isPrivateDirectory } from './private-files.js';
import { isFolderName, readHead } from './revision-folder.js';
import type { SessionState } from './session-state.js';

type Due = NonNullable<NonNullable<SessionState['record']>['due']>;

/**
 * What is due in a directory, the earliest first. Every session is read for it: whoever asks does so now and then, and
 * a list beside the sessions would be one more file that each change has to get right.
 *
 * @param now - on the storage's clock
 */
export async function dueRecords(directory: string, now: number): Promise<Due[]> {
  if (!(await isPrivateDirectory(directory))) return [];
  const due: Due[] = [];
  for (const name of (await readdir(directory)).filter(isFolderName)) {
    const record = await recordIn(join(directory, name));
    if (record?.due === undefined || record.due.at > now) continue;
    if (record.expiresAt === null || now < record.expiresAt) due.push(record.due);
  }
  return due.sort((one, other) => one.at - other.at);
}

/** One session that cannot be read is no reason to list none; whoever needs it hears of it then. */
async function recordIn(folder: string): Promise<SessionState['record'] | undefined> {
  try {
    return (await readHead(folder))?.state.record;
  } catch {
    return undefined;
  }
}
