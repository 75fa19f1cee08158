import { chmod, lstat, mkdir, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileStorage } from '@frameio-auth/storage-file';
import { describe, expect, it, vi } from 'vitest';
import { assertTrustedParent } from '../src/permissions.js';
import { startProcess } from './process.js';
import { contents, giveAway, scratch, stateFile } from './scratch.js';

const KEY = 'fictional-session';
const FIRST = { value: 'value', expectedVersion: 0 };

describe('what the storage makes', () => {
  it('is for the owner alone, though the umask would let everybody in', async () => {
    const { root } = await scratch();
    const other = await startProcess({ umask: 0 });
    await other.storage(join(root, 'deep/sessions')).commit(KEY, FIRST);
    await other.kill();
    const modes = new Map<string, number>();
    for (const path of await contents(root)) modes.set(path, (await stat(join(root, path))).mode & 0o777);
    expect(modes.size).toBe(6);
    for (const [path, mode] of modes) expect(mode.toString(8), path).toBe(path.endsWith('.json') ? '600' : '700');
  });
});

describe.each([0o177, 0o277, 0o777])('under the umask %o', (umask) => {
  it('everything that is created is accessible to its owner alone', async () => {
    const { root } = await scratch();
    await giveAway(root);
    const other = await startProcess({ umask, unprivileged: true });
    const storage = other.storage(join(root, 'deep/sessions'));
    const first = await storage.commit(KEY, FIRST);
    const version = first.outcome === 'committed' ? first.version : 0;
    await storage.commit(KEY, { value: 'again', expectedVersion: version });

    expect((await storage.read(KEY)).record?.value).toBe('again');
    for (const path of await contents(root)) {
      const mode = (await stat(join(root, path))).mode & 0o777;
      expect(mode.toString(8), path).toBe(path.endsWith('.json') ? '600' : '700');
    }
    await other.kill();
  });
});

describe('a folder above the directory', () => {
  it.each([
    [0o777, 'chmod o-w'],
    [0o702, 'chmod o-w'],
  ])('of mode %o is refused, because anybody could replace the directory', async (mode, advice) => {
    const { root, directory } = await scratch();
    await fileStorage({ directory }).commit(KEY, FIRST);
    await chmod(root, mode);
    const storage = fileStorage({ directory });
    const refusal = { name: 'StorageError', code: 'parent_too_open' };

    await expect(storage.read(KEY)).rejects.toMatchObject(refusal);
    await expect(storage.commit(KEY, FIRST)).rejects.toThrow(`${advice} ${root}`);
    await expect(fileStorage({ directory: join(root, 'another') }).commit(KEY, FIRST)).rejects.toMatchObject(refusal);
    await chmod(root, 0o700);
    expect((await storage.read(KEY)).record?.value).toBe('value');
  });

  it.each([0o1777, 0o755, 0o775, 0o711])('of mode %o is fine', async (mode) => {
    const { root, directory } = await scratch();
    await chmod(root, mode);
    await fileStorage({ directory }).commit(KEY, FIRST);

    expect((await fileStorage({ directory }).read(KEY)).record?.value).toBe('value');
  });

  it('is judged on both paths when the directory is a symbolic link', async () => {
    const { root, directory } = await scratch();
    for (const [open, disk] of [
      ['elsewhere', 'elsewhere/disk'],
      ['links', 'disk'],
    ] as const) {
      await mkdir(join(root, open));
      await mkdir(join(root, disk), { mode: 0o700 });
      const link = open === 'links' ? join(root, 'links/sessions') : directory;
      await symlink(join(root, disk), link);
      await chmod(join(root, open), 0o777);

      await expect(fileStorage({ directory: link }).commit(KEY, FIRST)).rejects.toThrow(
        `chmod o-w ${join(root, open)}`,
      );
    }
  });

  describe.each([
    ['root', 0, { 0: true, 1000: true, 2000: true }],
    ['the user 1000', 1000, { 0: true, 1000: true, 2000: false }],
  ])('for a process of %s', (_who, user, owners) => {
    it.each(Object.entries(owners))('is judged by its owner %s', (owner, fine) => {
      const geteuid = vi.spyOn(process, 'geteuid').mockReturnValue(user);
      const judge = () => assertTrustedParent('/srv', { mode: 0o755, uid: Number(owner) }, '/srv/sessions');
      if (fine) expect(judge).not.toThrow();
      else expect(judge).toThrow(/The user with the id 2000 owns \/srv/);
      geteuid.mockRestore();
    });
  });
});

describe("Node's permission model", () => {
  it('is named when it denies writing, and lets the storage work where it allows the directory alone', async () => {
    const { root, directory } = await scratch();
    await mkdir(directory, { mode: 0o700 });
    const reading = ['--permission', `--allow-fs-read=${join(fileURLToPath(import.meta.url), '../../../..')}/*`];
    const allowed = [...reading, `--allow-fs-read=${directory}/*`, `--allow-fs-write=${directory}/*`];
    const denied = await startProcess({ flags: ['--permission', '--allow-fs-read=*'] });
    const refusal = denied.storage(directory).commit(KEY, FIRST);
    await expect(refusal).rejects.toMatchObject({ name: 'StorageError', code: 'ERR_ACCESS_DENIED' });
    await expect(refusal).rejects.toThrow(/--allow-fs-write/);
    await expect(refusal).rejects.toThrow(root);
    await denied.kill();

    const other = await startProcess({ flags: allowed });
    const storage = other.storage(directory);
    expect(await storage.commit(KEY, FIRST)).toMatchObject({ outcome: 'committed' });
    expect((await storage.read(KEY)).record?.value).toBe('value');
    await other.kill();
  });
});

describe('what others can get at is refused', () => {
  it.each([0o770, 0o750, 0o720, 0o701, 0o777])('a directory of mode %o', async (mode) => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory });
    await storage.commit(KEY, FIRST);
    await chmod(directory, mode);
    const refusal = { name: 'StorageError', code: 'permissions_too_open' };
    await expect(storage.read(KEY)).rejects.toMatchObject(refusal);
    await expect(storage.commit('another', FIRST)).rejects.toMatchObject(refusal);
    await expect(storage.read(KEY)).rejects.toThrow(`chmod 700 ${directory}`);
    await chmod(directory, 0o700);
    expect((await storage.read(KEY)).record?.value).toBe('value');
  });

  it.each([0o640, 0o620, 0o604, 0o666])('a file of mode %o', async (mode) => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory });
    await storage.commit(KEY, FIRST);
    const file = await stateFile(directory);
    await chmod(file, mode);
    await expect(storage.read(KEY)).rejects.toMatchObject({ name: 'StorageError', code: 'permissions_too_open' });
    await expect(storage.read(KEY)).rejects.toThrow(`chmod 600 ${file}`);
    expect(await stateFile(directory)).toBe(file);
  });

  it('a directory that was there before, with what it holds', async () => {
    const { directory } = await scratch();
    await mkdir(directory);
    await chmod(directory, 0o755);
    await writeFile(join(directory, 'notes.txt'), 'fictional');
    await expect(fileStorage({ directory }).commit(KEY, FIRST)).rejects.toMatchObject({ code: 'permissions_too_open' });
    expect(await readdir(directory)).toStrictEqual(['notes.txt']);
  });

  it("another user's directory", async () => {
    const other = await startProcess({ unprivileged: true });
    await expect(other.storage('/').read(KEY)).rejects.toMatchObject({ name: 'StorageError', code: 'foreign_owner' });
    await other.kill();
  });
});

describe('a symbolic link', () => {
  it('as the directory is followed', async () => {
    const { root, directory } = await scratch();
    await mkdir(join(root, 'disk'), { mode: 0o700 });
    await symlink(join(root, 'disk'), directory);
    await fileStorage({ directory }).commit(KEY, FIRST);
    expect((await fileStorage({ directory: join(root, 'disk') }).read(KEY)).record?.value).toBe('value');
    expect((await lstat(directory)).isSymbolicLink()).toBe(true);
  });

  it('as the directory is judged by what it leads to', async () => {
    const { root, directory } = await scratch();
    await mkdir(join(root, 'disk'));
    await chmod(join(root, 'disk'), 0o755);
    await symlink(join(root, 'disk'), directory);
    await expect(fileStorage({ directory }).commit(KEY, FIRST)).rejects.toMatchObject({ code: 'permissions_too_open' });
  });

  it('in the place of a file is refused', async () => {
    const { root, directory } = await scratch();
    const storage = fileStorage({ directory });
    await storage.commit(KEY, FIRST);
    const file = await stateFile(directory);
    await rename(file, join(root, 'moved.json'));
    await symlink(join(root, 'moved.json'), file);
    await expect(storage.read(KEY)).rejects.toMatchObject({ name: 'StorageError', code: 'ELOOP' });
  });
});

describe('a directory', () => {
  it('that is a file is refused', async () => {
    const { directory } = await scratch();
    await writeFile(directory, '', { mode: 0o600 });
    await expect(fileStorage({ directory }).read(KEY)).rejects.toMatchObject({ name: 'StorageError', code: 'ENOTDIR' });
  });

  it('that this process may not write to is told by its path and the reason, and can still be read', async () => {
    const { root, directory } = await scratch();
    await giveAway(root);
    const other = await startProcess({ unprivileged: true });
    const storage = other.storage(directory);
    const first = await storage.commit(KEY, FIRST);
    await chmod(directory, 0o500);
    const failure = storage.commit('another', FIRST);
    await expect(failure).rejects.toMatchObject({ name: 'StorageError', code: 'EACCES' });
    await expect(failure).rejects.toThrow(directory);
    expect(await storage.read(KEY)).toMatchObject({ record: { value: 'value' } });
    await chmod(directory, 0o700);
    expect(await storage.commit('another', FIRST)).toMatchObject({ outcome: first.outcome });
    await other.kill();
  });

  it.each([['' as string], ['a\0b'], [7 as never], [null as never]])('%j is no path', (directory) => {
    expect(() => fileStorage({ directory })).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }),
    );
  });
});
