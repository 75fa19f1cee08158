import fs from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { fileStorage } from '@frameio-auth/storage-file';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { scratch, stateFile } from './scratch.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let now = Date.now();
const clock = { now: () => now };

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

async function commit(storage: TokenStorage, key: string, dueAt?: number, expiresAt?: number): Promise<void> {
  const { record } = await storage.read(key);
  const when = { ...(dueAt !== undefined && { dueAt }), ...(expiresAt !== undefined && { expiresAt }) };
  const reply = await storage.commit(key, { value: 'value', expectedVersion: record?.version ?? 0, ...when });
  expect(reply.outcome).toBe('committed');
}

async function due(storage: TokenStorage): Promise<readonly string[]> {
  return (await storage.due({ prefix: '', limit: 100 })).keys;
}

async function hints(directory: string): Promise<string[]> {
  return (await readdir(join(directory, 'due'), { recursive: true })).filter((name) => name.includes('_')).sort();
}

/** Records which folders are listed, and which files are opened, from now on. */
function watchReads(): { readonly listed: string[]; readonly opened: string[] } {
  const reads = { listed: [] as string[], opened: [] as string[] };
  const { open, readdir } = fs.promises;
  vi.spyOn(fs.promises, 'readdir').mockImplementation(((path: string, options: object) => {
    reads.listed.push(path);
    return readdir(path, options);
  }) as typeof readdir);
  vi.spyOn(fs.promises, 'open').mockImplementation((path, flags, mode) => {
    if (String(path).endsWith('.json')) reads.opened.push(String(path));
    return open(path, flags, mode);
  });
  syncBuiltinESMExports();
  return reads;
}

describe('what is due', () => {
  it('is found without a look at what is not', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory, clock });
    await commit(storage, 'indexed');
    await due(storage);
    for (let session = 0; session < 30; session += 1) await commit(storage, `later-${session}`, now + HOUR + session);
    for (let session = 0; session < 30; session += 1) await commit(storage, `never-${session}`);
    await commit(storage, 'second', now - 1);
    await commit(storage, 'first', now - HOUR);
    const { listed, opened } = watchReads();

    expect(await due(storage)).toEqual(['first', 'second']);
    expect(listed).not.toContain(directory);
    expect(opened).toHaveLength(2);
  });

  it('is read no further than the limit', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory, clock });
    await commit(storage, 'indexed');
    await due(storage);
    for (let session = 0; session < 20; session += 1) await commit(storage, `${session}`, now - HOUR + session);
    const { opened } = watchReads();

    expect((await storage.due({ prefix: '', limit: 3 })).keys).toEqual(['0', '1', '2']);
    expect(opened).toHaveLength(3);
  });

  it('has one hint, also after many changes of the session and races for it', async () => {
    const { directory } = await scratch();
    const [one, other] = [fileStorage({ directory, clock }), fileStorage({ directory, clock })];
    for (let change = 0; change < 5; change += 1) await commit(one, 'key', now + HOUR + change);
    const { record } = await one.read('key');
    await Promise.all(
      Array.from({ length: 10 }, (_, rival) =>
        (rival % 2 ? one : other).commit('key', {
          value: 'value',
          expectedVersion: record?.version ?? 0,
          dueAt: now + 2 * HOUR,
        }),
      ),
    );
    await one.lease('key', { owner: 'one', ttl: MINUTE, ifVersion: (await one.read('key')).record?.version ?? 0 });

    expect(await hints(directory)).toEqual([expect.stringContaining(`${now + 2 * HOUR}_`)]);
    await commit(one, 'key');
    expect(await hints(directory)).toEqual([]);
  });

  it('is found again when the index is lost, and for sessions from before there was one', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory, clock });
    await commit(storage, 'key', now - MINUTE);
    const file = await stateFile(directory);
    const { hint, ...rest } = JSON.parse(fs.readFileSync(file, 'utf8')).record.due;
    for (const kept of [{ ...rest, hint }, rest]) {
      const state = JSON.parse(fs.readFileSync(file, 'utf8'));
      await writeFile(file, JSON.stringify({ ...state, record: { ...state.record, due: kept } }));
      await rm(join(directory, 'due'), { recursive: true });

      expect(await due(storage)).toEqual(['key']);
      expect(await hints(directory)).toHaveLength(1);
    }
    await commit(storage, 'key', now + HOUR);
    expect(await due(storage)).toEqual([]);
    expect(await hints(directory)).toHaveLength(1);
  });

  it('is what the session says, whatever killed processes have left', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory, clock });
    await commit(storage, 'key', now + HOUR);
    await commit(storage, 'gone', now - MINUTE, now + 1);
    const [hint = ''] = (await hints(directory)).filter((name) => name.includes(`${now + HOUR}_`));
    const [, folder = '', id = ''] = hint.split('_');
    now += 2 * HOUR;
    const at = now - 3 * HOUR;
    const another = id.replace(/./, (digit) => (digit === '0' ? '1' : '0'));
    const left = [`${at}_${folder}_${another}`, `${at}_${'a'.repeat(64)}_${id}`].map((name) =>
      join(directory, 'due', String(Math.floor(at / (10 * MINUTE))), name),
    );
    await mkdir(dirname(left[0] ?? ''), { recursive: true });
    for (const path of left) await writeFile(path, '');

    expect(await due(storage)).toEqual(['key']);
    expect(left.filter((path) => fs.existsSync(path))).toEqual(left);
    for (const path of left) fs.utimesSync(path, 0, 0);
    expect(await due(storage)).toEqual(['key']);
    expect(left.filter((path) => fs.existsSync(path))).toEqual([]);
  });

  it('leads to no file elsewhere, though a record says so', async () => {
    const { root, directory } = await scratch();
    const storage = fileStorage({ directory, clock });
    await commit(storage, 'key', now - MINUTE);
    const file = await stateFile(directory);
    const state = JSON.parse(fs.readFileSync(file, 'utf8'));
    state.record.due.hint = `/../../../${'precious'}`;
    await writeFile(file, JSON.stringify(state));
    await writeFile(join(root, 'precious'), '');

    await expect(storage.read('key')).rejects.toMatchObject({ code: 'record_unreadable' });
    expect(await readdir(root)).toContain('precious');
  });
});

describe('a session that begins', () => {
  it('does not list the others', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory, clock });
    for (let session = 0; session < 20; session += 1) await commit(storage, `before-${session}`, undefined, now + HOUR);
    const { listed } = watchReads();
    for (let session = 0; session < 40; session += 1) await commit(storage, `key-${session}`, undefined, now + HOUR);

    expect(listed).not.toContain(directory);
  });
});
