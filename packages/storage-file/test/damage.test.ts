import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { fileStorage } from '@frameio-auth/storage-file';
import { beforeEach, describe, expect, it } from 'vitest';
import { scratch, stateFile } from './scratch.js';

const KEY = 'fictional-session';
const SECRET = 'fictional-refresh-token';

let directory: string;
let file: string;
let storage: TokenStorage;
let version: number;

beforeEach(async () => {
  ({ directory } = await scratch());
  storage = fileStorage({ directory });
  const reply = await storage.commit(KEY, { value: SECRET, expectedVersion: 0 });
  version = reply.outcome === 'committed' ? reply.version : 0;
  await storage.lease(KEY, { owner: 'one', ttl: 60_000, ifVersion: version });
  file = await stateFile(directory);
});

/** Asserts that every call is rejected, that the file stays, and that no error shows its contents. */
async function assertRefused(code: string): Promise<void> {
  const before = await readFile(file);
  const calls = [
    storage.read(KEY),
    storage.lease(KEY, { owner: 'two', ttl: 1000, ifVersion: 0 }),
    storage.commit(KEY, { value: 'another', expectedVersion: 0 }),
    storage.commit(KEY, { value: 'another', expectedVersion: version }),
    storage.renew({ key: KEY, owner: 'one', ttl: 1000, id: 'fictional' }),
    storage.release({ key: KEY, owner: 'one', ttl: 1000, id: 'fictional' }),
  ];
  for (const outcome of await Promise.allSettled(calls)) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'StorageError', code } });
    const shown = inspect(outcome, { depth: 9, showHidden: true });
    expect(shown).toContain(file);
    expect(shown).not.toContain('fictional-r');
  }
  expect(await stateFile(directory)).toBe(file);
  expect(await readFile(file)).toStrictEqual(before);
}

describe('a damaged file is never taken for a session that is not there', () => {
  it('when it is truncated, at any byte', async () => {
    const whole = await readFile(file);
    expect(whole.length).toBeGreaterThan(100);
    for (let length = whole.length - 1; length >= 0; length -= 1) {
      await truncate(file, length);
      await expect(storage.read(KEY), `${length} bytes`).rejects.toMatchObject({ code: 'record_unreadable' });
    }
    await assertRefused('record_unreadable');
    await writeFile(file, whole);
    expect((await storage.read(KEY)).record).toStrictEqual({ value: SECRET, version });
  });

  it.each([
    ['zeros, as a loss of power leaves them', (bytes: Buffer) => Buffer.alloc(bytes.length)],
    ['bytes that are no UTF-8', (bytes: Buffer) => Buffer.from(bytes).fill(0xff, 60, 61)],
    ['JSON of something else', () => Buffer.from('{"refresh_token":"fictional-refresh-token"}')],
    ['JSON that is no object', () => Buffer.from('null')],
    ['a format that is no number', (bytes: Buffer) => replaced(bytes, '"format":1', '"format":"1"')],
    ['a version that is none', (bytes: Buffer) => replaced(bytes, /"version":\d+/, '"version":-1')],
    ['a record without its value', (bytes: Buffer) => replaced(bytes, '"value"', '"other"')],
    ['a record without its expiry', (bytes: Buffer) => replaced(bytes, '"expiresAt"', '"other"')],
    ['a lease without an end', (bytes: Buffer) => replaced(bytes, '"until"', '"other"')],
  ])('when it holds %s', async (_, damage) => {
    const whole = await readFile(file);
    const damaged = damage(whole);
    expect(damaged).not.toStrictEqual(whole);
    await writeFile(file, damaged);
    await assertRefused('record_unreadable');
  });

  it('when it is missing in its folder', async () => {
    await rm(file);
    await expect(storage.read(KEY)).rejects.toMatchObject({ name: 'StorageError', code: 'record_unreadable' });
    await expect(storage.commit(KEY, { value: 'another', expectedVersion: 0 })).rejects.toThrow(file);
  });

  it("when a session's folder holds something else", async () => {
    const folder = dirname(dirname(file));
    await rename(dirname(file), join(folder, 'notes'));
    await expect(storage.read(KEY)).rejects.toMatchObject({ name: 'StorageError', code: 'record_unreadable' });
    await expect(storage.commit(KEY, { value: 'another', expectedVersion: 0 })).rejects.toThrow(folder);
    await rename(join(folder, 'notes'), dirname(file));
    expect((await storage.read(KEY)).record?.value).toBe(SECRET);
  });
});

describe('a file of another version of the package', () => {
  it('is refused and kept', async () => {
    await writeFile(file, replaced(await readFile(file), '"format":1', '"format":2'));
    await assertRefused('record_too_new');
  });

  it('is read when it says nothing of what is due, and not listed', async () => {
    const { now } = await storage.read(KEY);
    await storage.commit(KEY, { value: SECRET, expectedVersion: version, dueAt: now });
    expect((await storage.due({ prefix: KEY, limit: 1 })).keys).toEqual([KEY]);
    file = await stateFile(directory);
    await writeFile(file, replaced(await readFile(file), /,"due":\{[^}]*\}/, ''));
    expect((await storage.read(KEY)).record?.value).toBe(SECRET);
    expect((await storage.due({ prefix: KEY, limit: 1 })).keys).toEqual([]);
  });
});

describe('what is due', () => {
  it('is listed although another session cannot be read', async () => {
    const { now } = await storage.read(KEY);
    await storage.commit('another', { value: 'due', expectedVersion: 0, dueAt: now });
    await truncate(file, 10);
    expect((await storage.due({ prefix: '', limit: 9 })).keys).toEqual(['another']);
  });
});

describe('a session that was moved away', () => {
  it('begins anew', async () => {
    await rename(dirname(dirname(file)), `${directory}-kept`);
    expect(await storage.read(KEY)).toStrictEqual({ now: expect.any(Number) });
    expect(await storage.commit(KEY, { value: 'anew', expectedVersion: 0 })).toMatchObject({ outcome: 'committed' });
    await rm(`${directory}-kept`, { recursive: true });
  });
});

function replaced(bytes: Buffer, what: string | RegExp, by: string): Buffer {
  return Buffer.from(bytes.toString().replace(what, by));
}
