import { open, readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSystemError } from './disk-failure.js';
import { PRIVATE_FILE } from './permissions.js';
import { ifMissing, makePrivateFolders, syncFolder } from './private-files.js';

/*
 * An index of the sessions to check, by time. Each hint is an empty file, in a folder for each ten minutes:
 *
 *     <index>/<number of the ten minutes since 1970>/<milliseconds since 1970>_<the session's folder>_<random part>
 *
 * So finding due sessions does not require reading the others. A hint decides nothing: the process that follows it
 * reads the session. It is on disk before the change that it belongs to, and is removed after a change that invalidates
 * it. So a process that is killed in between leaves one hint too many, never one too few. The random part ensures that
 * no name is used twice, so no process removes a hint that another has added again.
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
 * How long to keep a hint that its session does not confirm, because its change may be about to be made. If a process
 * pauses longer between the two, the hint is lost; the next change of the session adds another.
 */
const GRACE = 60 * 60_000;

/** How often the folder of a hint may be removed as empty between its creation and its use. */
const TRIES = 20;

/** Adds a hint, and resolves when it is on disk. */
export async function addHint(index: string, hint: Hint): Promise<void> {
  await syncFolder(await writeHint(index, hint));
}

/** Adds a hint, and resolves to the folder that still has to be synced. */
export async function writeHint(index: string, hint: Hint): Promise<string> {
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

/** Removes a hint. If this fails, the hint only costs a later check. */
export async function removeHint(index: string, hint: Hint): Promise<void> {
  await unlink(pathOf(index, hint)).catch(() => {});
}

/** Removes a hint that its session does not confirm, unless it is so recent that its change may still follow. */
export async function removeStaleHint(index: string, hint: Hint): Promise<void> {
  const stats = await stat(pathOf(index, hint)).catch(() => undefined);
  if (stats !== undefined && stats.mtimeMs < Date.now() - GRACE) await removeHint(index, hint);
}

/** Yields the hints up to a time, the earliest first, and removes empty folders of the past. */
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
  return ifMissing([], () => readdir(folder));
}
