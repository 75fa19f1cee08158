import { open, readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSystemError } from './disk-failure.js';
import { PRIVATE_FILE } from './permissions.js';
import { absentAs, makePrivateFolders, syncFolder } from './private-files.js';

/*
 * Which sessions are to be looked at, and when. Each hint is an empty file, in a folder for each ten minutes:
 *
 *     <index>/<number of the ten minutes since 1970>/<milliseconds since 1970>_<the session's folder>_<random part>
 *
 * So what is due is found without a look at what is not. A hint decides nothing: whoever follows it reads the session.
 * It is on the disk before the change that it belongs to, and is removed after a change that it no longer fits. A process
 * that is killed in between leaves a hint too many, and never one too few. Because of the random part no name is used
 * twice, so nobody removes a hint that somebody else has placed again.
 */

export interface Hint {
  readonly at: number;
  /** The name of the session's folder. */
  readonly folder: string;
  /** 24 hexadecimal digits. */
  readonly id: string;
}

const SPAN = 10 * 60_000;

/**
 * A hint that its session does not confirm is kept for so long, because its change may be just about to be made. One of
 * a process that sleeps for longer between the two gets lost; the next change of the session places another.
 */
const GRACE = 60 * 60_000;

/** How often the folder of a hint may be removed, as empty, between its making and its use. */
const TRIES = 20;

/** Places a hint, and returns when the disk has it. */
export async function addHint(index: string, hint: Hint): Promise<void> {
  await syncFolder(await placeHint(index, hint));
}

/** Places a hint, and returns the folder whose names the disk may not have yet. */
export async function placeHint(index: string, hint: Hint): Promise<string> {
  const path = pathOf(index, hint);
  for (let tries = 1; ; tries += 1) {
    try {
      await (await open(path, 'wx', PRIVATE_FILE)).close();
      return dirname(path);
    } catch (error) {
      if (isSystemError(error, 'EEXIST')) return dirname(path);
      if (!isSystemError(error, 'ENOENT') || tries === TRIES) throw error;
      await makePrivateFolders(dirname(path));
    }
  }
}

/** Removes a hint. What fails is left to those who follow it in vain. */
export async function removeHint(index: string, hint: Hint): Promise<void> {
  await unlink(pathOf(index, hint)).catch(() => {});
}

/** Removes a hint that its session does not confirm, unless it is so young that it may be about to. */
export async function dropHint(index: string, hint: Hint): Promise<void> {
  const stats = await stat(pathOf(index, hint)).catch(() => undefined);
  if (stats !== undefined && stats.mtimeMs < Date.now() - GRACE) await removeHint(index, hint);
}

/** The hints up to a time, the earliest first. Folders of the past that are empty are removed on the way. */
export async function* hintsUntil(index: string, now: number): AsyncGenerator<Hint> {
  const current = spanOf(now);
  const spans = (await namesIn(index)).filter((name) => /^-?\d+$/.test(name)).map(Number);
  for (const span of spans.filter((each) => each <= current).sort((one, other) => one - other)) {
    const folder = join(index, String(span));
    const hints = (await namesIn(folder)).flatMap((name) => hintOf(name) ?? []).filter(({ at }) => at <= now);
    yield* hints.sort((one, other) => one.at - other.at);
    if (span < current) await rmdir(folder).catch(() => {});
  }
}

function spanOf(at: number): number {
  return Math.floor(at / SPAN);
}

function pathOf(index: string, { at, folder, id }: Hint): string {
  return join(index, String(spanOf(at)), `${at}_${folder}_${id}`);
}

function hintOf(name: string): Hint | undefined {
  const [, at, folder, id] = /^([^_]+)_([0-9a-f]{64})_([0-9a-f]{24})$/.exec(name) ?? [];
  return folder === undefined || id === undefined || !Number.isFinite(Number(at))
    ? undefined
    : { at: Number(at), folder, id };
}

async function namesIn(folder: string): Promise<string[]> {
  return absentAs([], () => readdir(folder));
}
