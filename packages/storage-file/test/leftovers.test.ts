import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileStorage } from '@frameio-auth/storage-file';
import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { expiryIndex } from '../src/session-hints.js';
import { hintsUntil } from '../src/time-index.js';
import { contents, scratch, stateFile } from './scratch.js';

const KEY = 'fictional-session';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('at rest', () => {
  it('a session has one file, and of a token that was replaced nothing is left', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory });
    let expectedVersion = 0;
    for (const value of ['first-token', 'second-token', 'third-token']) {
      const lease = await storage.lease(KEY, { owner: 'one', ttl: MINUTE, ifVersion: expectedVersion });
      if (lease.outcome !== 'granted') throw new Error('The lease was free.');
      await storage.renew(lease.lease);
      const reply = await storage.commit(KEY, { value, expectedVersion, lease: lease.lease });
      if (reply.outcome === 'committed') expectedVersion = reply.version;
    }
    expect(await readFile(await stateFile(directory), 'utf8')).toContain('third-token');
  });

  it('losers of a race have left nothing', async () => {
    const { directory } = await scratch();
    const [one, other] = [fileStorage({ directory }), fileStorage({ directory })];
    for (const round of [0, 1]) {
      const { record } = await one.read(KEY);
      const commits = Array.from({ length: 20 }, (_, rival) =>
        (rival % 2 === 0 ? one : other).commit(KEY, { value: `${round}`, expectedVersion: record?.version ?? 0 }),
      );
      expect((await Promise.all(commits)).filter(({ outcome }) => outcome === 'committed')).toHaveLength(1);
    }
    await stateFile(directory);
    expect(await readdir(join(directory, 'trash'))).toEqual([]);
    expect(await contents(directory)).toHaveLength(4);
  });
});

describe('what a killed process leaves', () => {
  it('beside the state goes with the next change', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory });
    await storage.commit(KEY, { value: 'value', expectedVersion: 0 });
    const file = await stateFile(directory);
    const [number] = basename(file).split('-');
    for (const left of [Number(number), Number(number) + 1]) {
      await writeFile(join(dirname(file), `${left}-${'0'.repeat(24)}.json`), '{"form', { mode: 0o600 });
    }
    const { record } = await storage.read(KEY);
    expect(record?.value).toBe('value');
    await storage.lease(KEY, { owner: 'one', ttl: MINUTE, ifVersion: record?.version ?? 0 });
    expect(await readFile(await stateFile(directory), 'utf8')).toContain('"one"');
  });

  it('that is not yet a session goes when it is old, and stays while it may become one, as does what is not ours', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory });
    const [old, young] = [`0-${'0'.repeat(24)}`, `0-${'1'.repeat(24)}`];
    const trash = join(directory, 'trash');
    for (const name of [old, young, 'notes']) {
      await mkdir(join(trash, name, `1-${'2'.repeat(24)}`), { recursive: true, mode: 0o700 });
      await writeFile(join(trash, name, `1-${'2'.repeat(24)}`, `1-${'2'.repeat(24)}.json`), '{"form');
    }
    await chmod(directory, 0o700);
    const hoursAgo = new Date(Date.now() - 2 * HOUR);
    for (const name of [old, 'notes']) await utimes(join(trash, name), hoursAgo, hoursAgo);
    for (let session = 0; (await readdir(trash)).includes(old); session += 1) {
      expect(session).toBeLessThan(500);
      await storage.commit(`${KEY}-${session}`, { value: 'value', expectedVersion: 0 });
    }
    for (let session = 0; session < 50; session += 1)
      await storage.commit(`${session}`, { value: 'value', expectedVersion: 0 });
    expect(await contents(join(trash, young))).toHaveLength(2);
    expect(await readdir(trash)).toContain('notes');
  });

  it('as an empty folder is no session, and does no harm', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory });
    await storage.commit(KEY, { value: 'value', expectedVersion: 0 });
    const [name = ''] = await readdir(directory);
    const { directory: another } = await scratch();
    await mkdir(join(another, name), { recursive: true, mode: 0o700 });
    const fresh = fileStorage({ directory: another });
    expect(await fresh.read(KEY)).toStrictEqual({ now: expect.any(Number) });
    await mkdir(join(another, name), { recursive: true, mode: 0o700 });
    expect(await fresh.commit(KEY, { value: 'value', expectedVersion: 0 })).toMatchObject({ outcome: 'committed' });
  });
});

describe('sessions that are over', () => {
  it('are removed as new ones begin, and what lives stays', async () => {
    const { directory } = await scratch();
    const clock = manualClock();
    const storage = fileStorage({ directory, clock });
    const kept = await storage.commit(KEY, { value: 'kept', expectedVersion: 0 });
    await storage.lease('leased', { owner: 'one', ttl: 1000, ifVersion: 0 });
    const lived = 10;
    let most = 0;
    for (let signIn = 0; signIn < 400; signIn += 1) {
      await storage.commit(`state-${signIn}`, {
        value: 'pending',
        expectedVersion: 0,
        expiresAt: clock.now() + lived * 100,
      });
      most = Math.max(most, (await readdir(directory)).length);
      await clock.advance(100);
    }
    expect(most).toBeGreaterThan(lived);
    // Chance decides which of them cleans up; this fails only if none of 190 in a row does.
    expect(most).toBeLessThan(250);
    expect(await storage.commit(KEY, { value: 'again', expectedVersion: 0 })).toMatchObject({
      outcome: 'conflict',
      record: { value: 'kept', version: kept.outcome === 'committed' ? kept.version : 0 },
    });
    expect(await storage.lease('leased', { owner: 'two', ttl: MINUTE, ifVersion: 0 })).toMatchObject({
      outcome: 'granted',
      abandoned: true,
    });
  });

  it('are looked at once, when they may be removed, and not before', async () => {
    const { directory } = await scratch();
    const storage = fileStorage({ directory, clock: manualClock({ now: 1_000_000 }) });
    await storage.commit(KEY, { value: 'pending', expectedVersion: 0, expiresAt: 1_001_000 });
    const looksUntil = async (time: number) => {
      let looks = 0;
      for await (const { at } of hintsUntil(expiryIndex(directory), time)) looks += Number(at <= time);
      return looks;
    };
    expect([await looksUntil(1_004_999), await looksUntil(1_005_000)]).toEqual([0, 1]);
  });

  it('never give a version twice, though the clock was put back after they were forgotten', async () => {
    const { directory } = await scratch();
    let now = Date.now();
    const storage = fileStorage({ directory, clock: { now: () => now } });
    const folder = createHash('sha256').update(Buffer.from(KEY, 'utf16le')).digest('hex');
    let last = 0;
    for (let round = 0; round < 3; round += 1) {
      const { record } = await storage.read(KEY);
      const expectedVersion = record?.version ?? 0;
      const reply = await storage.commit(KEY, { value: 'value', expectedVersion, expiresAt: now + 1 });
      const version = reply.outcome === 'committed' ? reply.version : 0;
      expect(version).toBeGreaterThan(last);
      last = version;
      now += MINUTE;
      for (let other = 0; (await readdir(directory)).includes(folder); other += 1) {
        expect(other).toBeLessThan(1000);
        await storage.commit(`${round}-${other}`, { value: 'value', expectedVersion: 0, expiresAt: now });
      }
      now -= 2 * HOUR;
    }
    expect(await readdir(join(directory, 'version'))).toHaveLength(1);
  });
});
