import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { NOBODY } from './process.js';

/** A folder for a test's files, with the path of a directory that does not exist yet. */
export interface Scratch {
  readonly root: string;
  readonly directory: string;
  remove(): Promise<void>;
}

export async function makeScratch(): Promise<Scratch> {
  const root = await mkdtemp(join(tmpdir(), 'storage-file-'));
  return { root, directory: join(root, 'sessions'), remove: () => rm(root, { recursive: true, force: true }) };
}

/** A scratch folder for one test. */
export async function scratch(): Promise<Scratch> {
  const made = await makeScratch();
  onTestFinished(made.remove);
  return made;
}

/** Gives a path to the user of unprivileged processes: the one who runs the tests, unless that is root. */
export async function giveAway(path: string): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, NOBODY, NOBODY);
}

/** Returns everything below a directory, as sorted relative paths. */
export async function contents(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).sort();
}

/** Returns the only file with a session's state. */
export async function stateFile(directory: string): Promise<string> {
  const files = (await contents(directory)).filter((path) => path.endsWith('.json'));
  if (files.length !== 1) throw new Error(`There are ${files.length} files of sessions, not 1.`);
  return join(directory, files[0] ?? '');
}
