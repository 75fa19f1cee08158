import fs, { type PathLike } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileStorage } from '@frameio-auth/storage-file';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scratch } from './scratch.js';

const KEY = 'fictional-session';

/**
 * Tracks what a power failure would lose now: files and folders with contents or names that are not known to be on
 * disk. It observes the storage's calls of `node:fs/promises`.
 */
class Volatile {
  readonly #unsynced = new Map<string, string>();

  add(path: string, why: string): void {
    this.#unsynced.set(path, why);
  }

  synced(path: string): void {
    this.#unsynced.delete(path);
  }

  /** Notes that a folder and its contents have another name. */
  renamed(from: string, to: string): void {
    for (const [path, why] of [...this.#unsynced]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#unsynced.delete(path);
      this.#unsynced.set(to + path.slice(from.length), why);
    }
  }

  /** Returns what is unsynced in a folder; the names in the trash folder do not matter. */
  within(folder: string): string[] {
    return [...this.#unsynced].flatMap(([path, why]) =>
      (path === folder || path.startsWith(`${folder}/`)) && basename(path) !== 'trash'
        ? [`${relative(folder, path)}: ${why}`]
        : [],
    );
  }
}

let volatile: Volatile;
/** What was not yet on disk when it was moved to its place, or when its predecessor was removed. */
let early: string[];

beforeEach(() => {
  volatile = new Volatile();
  early = [];
  const { open, rename, unlink, mkdir } = fs.promises;
  vi.spyOn(fs.promises, 'open').mockImplementation(async (path, flags, mode) => {
    const name = String(path);
    const handle = await open(path, flags, mode);
    if (flags === 'wx') volatile.add(dirname(name), 'a new name');
    const { sync, writeFile } = handle;
    handle.writeFile = async (...args) => {
      volatile.add(name, 'written');
      return writeFile.apply(handle, args);
    };
    handle.sync = async () => {
      await sync.call(handle);
      volatile.synced(name);
    };
    return handle;
  });
  vi.spyOn(fs.promises, 'mkdir').mockImplementation((async (path: PathLike, options: object) => {
    const made = await mkdir(path, options);
    volatile.add(dirname(String(path)), 'a new name');
    return made;
  }) as typeof mkdir);
  vi.spyOn(fs.promises, 'rename').mockImplementation(async (from, to) => {
    early.push(...volatile.within(String(from)));
    await rename(from, to);
    volatile.renamed(String(from), String(to));
    volatile.add(dirname(String(to)), 'a renaming');
  });
  vi.spyOn(fs.promises, 'unlink').mockImplementation(async (path) => {
    early.push(...volatile.within(dirname(dirname(String(path)))));
    await unlink(path);
  });
  syncBuiltinESMExports();
});

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('if the power fails', () => {
  it('what a call replied is on the disk, and a name never comes to the disk before what it names', async () => {
    const { root } = await scratch();
    const storage = fileStorage({ directory: join(root, 'deep/sessions') });
    let expectedVersion = 0;
    for (const value of ['first', 'second', 'third']) {
      const reply = await storage.commit(KEY, { value, expectedVersion, dueAt: Date.now() + 60_000 });
      if (reply.outcome === 'committed') expectedVersion = reply.version;

      expect(volatile.within(root)).toEqual([]);
    }
    const leased = await storage.lease(KEY, { owner: 'one', ttl: 60_000, ifVersion: expectedVersion });

    expect(leased.outcome).toBe('granted');
    expect(volatile.within(root)).toEqual([]);
    expect(early).toEqual([]);
  });
});

describe('a folder that the file system cannot rename', () => {
  it('is named, with what to do about it', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory });
    const first = await storage.commit(KEY, { value: 'value', expectedVersion: 0 });
    const version = first.outcome === 'committed' ? first.version : 0;
    vi.spyOn(fs.promises, 'rename').mockImplementation(async (path) => {
      throw Object.assign(new Error('EXDEV: cross-device link not permitted'), {
        code: 'EXDEV',
        syscall: 'rename',
        path,
      });
    });
    syncBuiltinESMExports();
    const failure = storage.commit(KEY, { value: 'again', expectedVersion: version });

    await expect(failure).rejects.toMatchObject({ name: 'StorageError', code: 'EXDEV' });
    await expect(failure).rejects.toThrow(/container image.*`directory` on a volume/);
    expect((await storage.read(KEY)).record?.value).toBe('value');
  });
});

describe('a session that another process began and forgot in the same moment', () => {
  it('is begun, although the folder that was in the way is gone when this one looks again', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory });
    vi.spyOn(fs.promises, 'rename').mockImplementationOnce(async (path) => {
      throw Object.assign(new Error('ENOTEMPTY: directory not empty'), { code: 'ENOTEMPTY', syscall: 'rename', path });
    });
    syncBuiltinESMExports();
    const reply = await storage.commit(KEY, { value: 'value', expectedVersion: 0 });

    expect(reply.outcome).toBe('committed');
    expect((await storage.read(KEY)).record?.value).toBe('value');
  });
});
