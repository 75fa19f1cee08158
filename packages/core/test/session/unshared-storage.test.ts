import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { unsharedStorage } from '../../src/session/unshared-storage.js';

const request = { owner: 'one.fictional', ttl: 30_000, ifVersion: 0 };

describe('the storage of a session that shares none', () => {
  it('keeps records with versions that grow, over all keys', async () => {
    const clock = manualClock();
    const storage = unsharedStorage(clock);
    expect(await storage.read('a')).toEqual({ now: clock.now() });
    expect(await storage.commit('a', { value: 'one', expectedVersion: 0 })).toEqual({
      outcome: 'committed',
      version: 1,
      now: clock.now(),
    });
    expect(await storage.commit('b', { value: 'two', expectedVersion: 0 })).toMatchObject({ version: 2 });
    expect(await storage.commit('a', { value: 'three', expectedVersion: 1 })).toMatchObject({ version: 3 });
    expect(await storage.read('a')).toMatchObject({ record: { value: 'three', version: 3 } });
  });

  it('replaces only the named version, and otherwise returns the current record', async () => {
    const storage = unsharedStorage(manualClock());
    await storage.commit('a', { value: 'one', expectedVersion: 0 });
    for (const expectedVersion of [0, 2]) {
      expect(await storage.commit('a', { value: 'no', expectedVersion })).toMatchObject({
        outcome: 'conflict',
        record: { value: 'one', version: 1 },
      });
    }
    expect(await storage.commit('b', { value: 'no', expectedVersion: 1 })).not.toHaveProperty('record');
  });

  it('lets one of many writers in, when they all write at once', async () => {
    const storage = unsharedStorage(manualClock());
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => storage.commit('a', { value: String(index), expectedVersion: 0 })),
    );
    expect(replies.filter(({ outcome }) => outcome === 'committed')).toHaveLength(1);
  });

  it('grants each lease at once, with the record, unless the record has moved on', async () => {
    const clock = manualClock();
    const storage = unsharedStorage(clock);
    await storage.commit('a', { value: 'one', expectedVersion: 0 });
    const reply = await storage.lease('a', { ...request, ifVersion: 1 });
    expect(reply).toMatchObject({
      outcome: 'granted',
      record: { value: 'one', version: 1 },
      until: clock.now() + 30_000,
      abandoned: false,
    });
    if (reply.outcome !== 'granted') throw new Error('It was not granted');
    expect(await storage.renew(reply.lease)).toBe(true);
    await storage.release(reply.lease);
    const other = { ...request, owner: 'other.fictional' };
    expect(await storage.lease('a', { ...other, ifVersion: 1 })).toMatchObject({ outcome: 'granted' });
    expect(await storage.lease('a', other)).toMatchObject({ outcome: 'moved', record: { value: 'one', version: 1 } });
  });

  it('forgets a record at its time, and never uses its version again', async () => {
    const clock = manualClock();
    const storage = unsharedStorage(clock);
    await storage.commit('a', { value: 'one', expectedVersion: 0, expiresAt: clock.now() + 100 });
    clock.setNow(clock.now() + 99);
    expect(await storage.read('a')).toHaveProperty('record');
    clock.setNow(clock.now() + 1);
    expect(await storage.read('a')).toEqual({ now: clock.now() });
    expect(await storage.commit('a', { value: 'two', expectedVersion: 0 })).toMatchObject({ version: 2 });
  });

  it('continues with records that expired among thousands that did not', async () => {
    const clock = manualClock();
    const storage = unsharedStorage(clock);
    for (let index = 0; index < 5000; index += 1) {
      const expiresAt = clock.now() + (index % 2 === 0 ? 1 : 1_000_000);
      await storage.commit(`key-${index}`, { value: 'one', expectedVersion: 0, expiresAt });
      clock.setNow(clock.now() + 1);
    }
    expect(await storage.read('key-4998')).not.toHaveProperty('record');
    expect(await storage.read('key-4999')).toHaveProperty('record');
  });

  it('lists what is due, the earliest first, unless it was forgotten or written again', async () => {
    const clock = manualClock();
    const storage = unsharedStorage(clock);
    const now = clock.now();
    const write = (key: string, times: { dueAt?: number; expiresAt?: number }) =>
      storage.commit(key, { value: 'one', expectedVersion: 0, ...times });
    await write('s/later', { dueAt: now + 1 });
    await write('s/second', { dueAt: now });
    await write('s/first', { dueAt: now - 1 });
    await write('s/never', {});
    await write('s/gone', { dueAt: now, expiresAt: now });
    await write('another', { dueAt: now });
    expect(await storage.due({ prefix: 's/', limit: 9 })).toEqual({ keys: ['s/first', 's/second'], now });
    expect(await storage.due({ prefix: 's/', limit: 1 })).toEqual({ keys: ['s/first'], now });
    await storage.commit('s/first', { value: 'two', expectedVersion: 3 });
    expect(await storage.due({ prefix: 's/', limit: 9 })).toEqual({ keys: ['s/second'], now });
  });

  it('has no watcher to notify, and nothing after it was closed', async () => {
    const storage = unsharedStorage(manualClock());
    const hints: number[] = [];
    const unwatch = storage.watch('a', (version) => void hints.push(version));
    await storage.commit('a', { value: 'one', expectedVersion: 0 });
    unwatch();
    expect(hints).toEqual([]);
    await storage.close();
    expect(await storage.read('a')).not.toHaveProperty('record');
  });
});
