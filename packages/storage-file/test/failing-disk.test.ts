import { inspect } from 'node:util';
import { fileStorage } from '@frameio-auth/storage-file';
import { describe, expect, it } from 'vitest';
import { startProcess } from './process.js';
import { contents, scratch, stateFile } from './scratch.js';

const KEY = 'fictional-session';
const KIBIBYTE = 1024;

describe('a disk that takes no more', () => {
  it('loses nothing, keeps no half of what did not fit, and is named with the reason', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory });
    const first = await storage.commit(KEY, { value: 'fits', expectedVersion: 0 });
    const before = await contents(directory);
    const version = first.outcome === 'committed' ? first.version : 0;

    // Every system has a limit for file sizes, and it fails in the middle of a file like a full disk.
    const limited = await startProcess({ limit: '-f 64' });
    const value = 'fictional-refresh-token '.repeat(100 * KIBIBYTE);
    const failures = await Promise.allSettled([
      limited.storage(directory).commit(KEY, { value, expectedVersion: version }),
      limited.storage(directory).commit('another', { value, expectedVersion: 0 }),
    ]);
    for (const failure of failures) {
      expect(failure).toMatchObject({ status: 'rejected', reason: { name: 'StorageError', code: 'EFBIG' } });
      const shown = inspect(failure, { depth: 9, showHidden: true });
      expect(shown).toContain(directory);
      expect(shown).not.toContain('fictional-refresh');
    }
    expect(await contents(directory)).toStrictEqual(before);
    expect((await storage.read(KEY)).record).toStrictEqual({ value: 'fits', version });
    const after = limited.storage(directory).commit(KEY, { value: 'fits too', expectedVersion: version });
    expect(await after).toMatchObject({ outcome: 'committed' });
    await limited.kill();
  });
});

describe('a process that has too many files open', () => {
  it('is told so, and what it is told of each session is true', async () => {
    const { directory } = await scratch();
    const limited = await startProcess({ limit: '-n 40' });
    const storage = limited.storage(directory);
    await storage.commit(KEY, { value: 'value', expectedVersion: 0 });
    const keys = Array.from({ length: 60 }, (_, index) => `${KEY}-${index}`);
    const replies = await Promise.allSettled(
      keys.map((key) => storage.commit(key, { value: key, expectedVersion: 0 })),
    );
    const refused = replies.flatMap((reply) => (reply.status === 'rejected' ? [reply.reason] : []));
    for (const reason of refused) expect(reason).toMatchObject({ name: 'StorageError', code: 'EMFILE' });
    const here = fileStorage({ directory });
    for (const [index, key] of keys.entries()) {
      const expected = replies[index]?.status === 'fulfilled' ? key : undefined;
      expect((await here.read(key)).record?.value).toBe(expected);
      expect(await storage.commit(key, { value: key, expectedVersion: 0 })).toMatchObject({
        outcome: expected === undefined ? 'committed' : 'conflict',
      });
    }
    expect(refused.length).toBeGreaterThan(0);
    await limited.kill();
  });
});

describe('what is large', () => {
  it('is written whole', async () => {
    const { directory } = await scratch();
    const value = 'Schnittraum 剪辑室 '.repeat(50 * KIBIBYTE);
    await fileStorage({ directory }).commit(KEY, { value, expectedVersion: 0 });
    expect((await fileStorage({ directory }).read(KEY)).record?.value === value).toBe(true);
    expect((await stateFile(directory)).startsWith(directory)).toBe(true);
  });
});
