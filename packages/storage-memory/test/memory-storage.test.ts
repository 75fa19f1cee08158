import { StorageError } from '@frameio-auth/core';
import type { Lease, LeaseReply, TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { beforeEach, describe, expect, it, vi } from 'vitest';

const START = Date.UTC(2030, 0, 1);
const KEY = 'session:fictional-user';

let now: number;
let storage: TokenStorage;

beforeEach(() => {
  now = START;
  storage = memoryStorage({ clock: { now: () => now } });
});

/** Writes a record for a key without one, and returns its version. */
async function write(value: string, options: { key?: string; expiresAt?: number } = {}): Promise<number> {
  const { key = KEY, ...rest } = options;
  const reply = await storage.commit(key, { value, expectedVersion: 0, ...rest });
  if (reply.outcome !== 'committed') throw new Error('The test expected an empty key.');
  return reply.version;
}

async function leaseAs(owner: string, ifVersion = 0): Promise<LeaseReply> {
  return storage.lease(KEY, { owner, ttl: 1000, ifVersion });
}

async function grantTo(owner: string, ifVersion = 0): Promise<Lease> {
  const reply = await leaseAs(owner, ifVersion);
  if (reply.outcome !== 'granted') throw new Error(`The test expected a free lease, but it is ${reply.outcome}.`);
  return reply.lease;
}

describe('read', () => {
  it('gives the time alone for a key that was never written', async () => {
    expect(await storage.read(KEY)).toStrictEqual({ now: START });
  });

  it('gives the value and its version', async () => {
    const version = await write('one');
    expect(await storage.read(KEY)).toStrictEqual({ record: { value: 'one', version }, now: START });
  });

  it('tells the time of the system when it is given no clock', async () => {
    const before = Date.now();
    const reading = await memoryStorage().read(KEY);
    expect(reading.now).toBeGreaterThanOrEqual(before);
    expect(reading.now).toBeLessThanOrEqual(Date.now());
  });

  it('returns records that cannot be changed', async () => {
    await write('one');
    const { record } = await storage.read(KEY);
    expect(() => Object.assign(record ?? {}, { value: 'two' })).toThrow(TypeError);
    expect((await storage.read(KEY)).record?.value).toBe('one');
  });

  it('keeps nothing from one storage in another', async () => {
    await write('one');
    expect(await memoryStorage({ clock: { now: () => now } }).read(KEY)).toStrictEqual({ now: START });
  });
});

describe('commit', () => {
  it('writes a first record when none is expected, with a positive version', async () => {
    const reply = await storage.commit(KEY, { value: 'one', expectedVersion: 0 });
    expect(reply).toStrictEqual({ outcome: 'committed', version: 1, now: START });
  });

  it('gives every commit of a key a higher version', async () => {
    const first = await write('one');
    const second = await storage.commit(KEY, { value: 'two', expectedVersion: first });
    expect(second).toStrictEqual({ outcome: 'committed', version: first + 1, now: START });
  });

  it('writes nothing over another version, and shows the record that is there', async () => {
    const version = await write('one');
    for (const expectedVersion of [0, version + 1]) {
      expect(await storage.commit(KEY, { value: 'two', expectedVersion })).toStrictEqual({
        outcome: 'conflict',
        record: { value: 'one', version },
        now: START,
      });
    }
    expect((await storage.read(KEY)).record).toStrictEqual({ value: 'one', version });
  });

  it('writes nothing for a record that is gone', async () => {
    expect(await storage.commit(KEY, { value: 'two', expectedVersion: 7 })).toStrictEqual({
      outcome: 'conflict',
      now: START,
    });
  });

  it('lets one of two writers win that saw the same version', async () => {
    const replies = await Promise.all([
      storage.commit(KEY, { value: 'one', expectedVersion: 0 }),
      storage.commit(KEY, { value: 'two', expectedVersion: 0 }),
    ]);
    expect(replies.map((reply) => reply.outcome)).toStrictEqual(['committed', 'conflict']);
    expect((await storage.read(KEY)).record?.value).toBe('one');
  });

  it('ends the lease of the one who commits', async () => {
    const lease = await grantTo('a');
    await storage.commit(KEY, { value: 'one', expectedVersion: 0, lease });
    expect(await storage.renew(lease)).toBe(false);
    expect(await leaseAs('b', 1)).toMatchObject({ outcome: 'granted', abandoned: false });
  });

  it('ends the lease of another instance, which works in vain then', async () => {
    const lease = await grantTo('a');
    await write('one');
    expect(await storage.renew(lease)).toBe(false);
    expect(await leaseAs('b', 1)).toMatchObject({ outcome: 'granted', abandoned: false });
  });

  it('leaves the lease alone when it conflicts', async () => {
    const lease = await grantTo('a');
    await storage.commit(KEY, { value: 'one', expectedVersion: 7 });
    expect(await leaseAs('b')).toMatchObject({ outcome: 'held' });
    expect(await storage.renew(lease)).toBe(true);
  });

  it('is not helped by a lease against a newer version', async () => {
    const lease = await grantTo('a');
    const version = await write('one');
    const reply = await storage.commit(KEY, { value: 'two', expectedVersion: 0, lease });
    expect(reply).toStrictEqual({ outcome: 'conflict', record: { value: 'one', version }, now: START });
  });

  it('is not hindered by a lease that was lost, while the version is the expected one', async () => {
    const lost = await grantTo('a');
    now += 1000;
    await grantTo('b');
    expect(await storage.commit(KEY, { value: 'one', expectedVersion: 0, lease: lost })).toMatchObject({
      outcome: 'committed',
    });
  });
});

describe('expiry', () => {
  it('keeps a record until the time named, and no longer', async () => {
    await write('one', { expiresAt: START + 500 });
    now += 499;
    expect((await storage.read(KEY)).record?.value).toBe('one');
    now += 1;
    expect(await storage.read(KEY)).toStrictEqual({ now: START + 500 });
  });

  it('keeps a record for ever when no time is named, also after one that expired', async () => {
    await write('one', { expiresAt: START + 500 });
    now += 500;
    await write('two');
    now += 1e12;
    expect((await storage.read(KEY)).record?.value).toBe('two');
  });

  it('never uses a version twice for a key', async () => {
    const first = await write('one', { expiresAt: START + 500 });
    now += 500;
    expect(await write('two')).toBeGreaterThan(first);
  });

  it('treats an expired record as absent in a commit', async () => {
    const version = await write('one', { expiresAt: START + 500 });
    now += 500;
    expect(await storage.commit(KEY, { value: 'two', expectedVersion: version })).toStrictEqual({
      outcome: 'conflict',
      now,
    });
  });

  it('treats an expired record as absent for a lease', async () => {
    const version = await write('one', { expiresAt: START + 500 });
    now += 500;
    expect(await leaseAs('a', version)).toStrictEqual({ outcome: 'moved', now });
    expect(await leaseAs('a')).toMatchObject({ outcome: 'granted', abandoned: false });
  });

  it('keeps a lease while its record expires', async () => {
    const version = await write('one', { expiresAt: START + 500 });
    const lease = await grantTo('a', version);
    now += 500;
    expect(await leaseAs('b')).toStrictEqual({ outcome: 'held', until: START + 1000, now });
    expect(await storage.renew(lease)).toBe(true);
  });

  it('keeps the evidence of an abandoned lease longer than the record', async () => {
    await grantTo('a', await write('one', { expiresAt: START + 500 }));
    now += 1000;
    expect(await leaseAs('b')).toMatchObject({ outcome: 'granted', abandoned: true });
  });

  it('does not grow with records that expired unread', async () => {
    const maps: Map<unknown, unknown>[] = [];
    class SeenMap extends Map<unknown, unknown> {
      constructor() {
        super();
        maps.push(this);
      }
    }
    vi.stubGlobal('Map', SeenMap);
    storage = memoryStorage({ clock: { now: () => now } });
    vi.unstubAllGlobals();

    await write('kept');
    let most = 0;
    for (let signIn = 0; signIn < 10_000; signIn += 1) {
      await write('pending', { key: `state:${signIn}`, expiresAt: now + 10 });
      most = Math.max(most, ...maps.map((map) => map.size));
      now += 1;
    }
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThan(100);
    expect((await storage.read(KEY)).record?.value).toBe('kept');
  });
});

describe('lease', () => {
  it('is granted for a key without a record, with the time at which it ends', async () => {
    const reply = await leaseAs('a');
    expect(reply).toStrictEqual({
      outcome: 'granted',
      lease: { key: KEY, owner: 'a', ttl: 1000, id: expect.any(String) },
      until: START + 1000,
      abandoned: false,
      now: START,
    });
  });

  it('is granted with the record that it stands on, read in the same step', async () => {
    const version = await write('one');
    expect(await leaseAs('a', version)).toMatchObject({ outcome: 'granted', record: { value: 'one', version } });
  });

  it('is granted to one of two who ask at once; the other learns until when it is held', async () => {
    const version = await write('one');
    const [first, second] = await Promise.all([leaseAs('a', version), leaseAs('b', version)]);
    expect(first.outcome).toBe('granted');
    expect(second).toStrictEqual({
      outcome: 'held',
      record: { value: 'one', version },
      until: START + 1000,
      now: START,
    });
  });

  it('is rejected for another version, and returns the record', async () => {
    const version = await write('one');
    expect(await leaseAs('a', 0)).toStrictEqual({ outcome: 'moved', record: { value: 'one', version }, now: START });
  });

  it('says that the record moved rather than that it is held, because that saves the wait', async () => {
    const version = await write('one');
    await grantTo('a', version);
    expect(await leaseAs('b', 0)).toMatchObject({ outcome: 'moved', record: { value: 'one' } });
  });

  it('is held up to its deadline and free from then on', async () => {
    await grantTo('a');
    now += 999;
    expect(await leaseAs('b')).toMatchObject({ outcome: 'held' });
    now += 1;
    expect(await leaseAs('b')).toMatchObject({ outcome: 'granted' });
  });

  it('tells the next holder when time ended the one before', async () => {
    await grantTo('a');
    now += 1000;
    expect(await leaseAs('b')).toMatchObject({ outcome: 'granted', abandoned: true });
  });

  it('tells of the lease before it alone', async () => {
    await grantTo('a');
    now += 1000;
    await storage.release(await grantTo('b'));
    expect(await leaseAs('c')).toMatchObject({ outcome: 'granted', abandoned: false });
  });

  it('is granted anew to the one who holds it, in place of the old one', async () => {
    const old = await grantTo('a');
    const reply = await leaseAs('a');
    expect(reply).toMatchObject({ outcome: 'granted', abandoned: false });
    expect(await storage.renew(old)).toBe(false);
  });

  it('stands for its own key alone', async () => {
    await grantTo('a');
    expect(await storage.lease('session:other', { owner: 'b', ttl: 1000, ifVersion: 0 })).toMatchObject({
      outcome: 'granted',
    });
  });
});

describe('renew', () => {
  it('begins the time of the lease anew', async () => {
    const lease = await grantTo('a');
    now += 900;
    expect(await storage.renew(lease)).toBe(true);
    now += 999;
    expect(await leaseAs('b')).toMatchObject({ outcome: 'held', until: START + 1900 });
  });

  it('saves an expired lease that no instance has taken', async () => {
    const lease = await grantTo('a');
    now += 5000;
    expect(await storage.renew(lease)).toBe(true);
    expect(await leaseAs('b')).toMatchObject({ outcome: 'held' });
  });

  it('says that a lease is lost which another has taken, and leaves that one alone', async () => {
    const lost = await grantTo('a');
    now += 1000;
    await grantTo('b');
    expect(await storage.renew(lost)).toBe(false);
    expect(await leaseAs('c')).toMatchObject({ outcome: 'held', until: START + 2000 });
  });

  it('says that a lease is lost which was released', async () => {
    const lease = await grantTo('a');
    await storage.release(lease);
    expect(await storage.renew(lease)).toBe(false);
  });
});

describe('release', () => {
  it('frees the lease without a trace of abandonment, and keeps the record', async () => {
    const version = await write('one');
    await storage.release(await grantTo('a', version));
    expect(await leaseAs('b', version)).toMatchObject({
      outcome: 'granted',
      abandoned: false,
      record: { value: 'one', version },
    });
  });

  it('leaves a lease alone that another has taken', async () => {
    const lost = await grantTo('a');
    now += 1000;
    await grantTo('b');
    await storage.release(lost);
    expect(await leaseAs('c')).toMatchObject({ outcome: 'held' });
  });

  it('may come twice', async () => {
    const lease = await grantTo('a');
    await storage.release(lease);
    await storage.release(lease);
    expect(await leaseAs('b')).toMatchObject({ outcome: 'granted', abandoned: false });
  });
});

describe('watch', () => {
  it('says which version the record has after a commit', async () => {
    const hinted = new Promise<number>((resolve) => storage.watch(KEY, resolve));
    const reply = await storage.commit(KEY, { value: 'first', expectedVersion: 0 });
    expect(reply).toMatchObject({ outcome: 'committed', version: await hinted });
  });

  it('calls after a commit, when the record can be read', async () => {
    const seen = new Promise<string | undefined>((resolve) => {
      storage.watch(KEY, async () => resolve((await storage.read(KEY)).record?.value));
    });
    await write('one');
    expect(await seen).toBe('one');
  });

  it('calls after a release', async () => {
    const lease = await grantTo('a');
    const released = new Promise<number>((resolve) => storage.watch(KEY, resolve));
    await storage.release(lease);
    expect(await released).toBe(0);
  });

  it('does not call for a conflict, for the release of a lost lease, or for another key', async () => {
    const lost = await grantTo('a');
    now += 1000;
    await grantTo('b');
    const listener = vi.fn();
    storage.watch(KEY, listener);
    await storage.commit(KEY, { value: 'one', expectedVersion: 7 });
    await storage.release(lost);
    await write('one', { key: 'session:other' });
    await storage.read(KEY);
    expect(listener).not.toHaveBeenCalled();
  });

  it('never calls from within a call, but before the next one is answered', async () => {
    const listener = vi.fn();
    storage.watch(KEY, listener);
    const committed = storage.commit(KEY, { value: 'one', expectedVersion: 0 });
    expect(listener).not.toHaveBeenCalled();
    await committed;
    await storage.read(KEY);
    expect(listener).toHaveBeenCalledOnce();
  });

  it('calls a listener as often as it watches, and stops one watch at a time', async () => {
    const listener = vi.fn();
    const stop = storage.watch(KEY, listener);
    storage.watch(KEY, listener);
    const version = await write('one');
    await storage.read(KEY);
    expect(listener).toHaveBeenCalledTimes(2);
    stop();
    stop();
    await storage.commit(KEY, { value: 'two', expectedVersion: version });
    await storage.read(KEY);
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it('does not call a listener that stopped watching before its turn came', async () => {
    const second = vi.fn();
    const first = vi.fn(() => stopSecond());
    storage.watch(KEY, first);
    const stopSecond = storage.watch(KEY, second);
    await write('one');
    await storage.read(KEY);
    expect(first).toHaveBeenCalledOnce();
    expect(second).not.toHaveBeenCalled();
  });
});

describe('close', () => {
  const calls: Record<string, (lease: Lease) => Promise<unknown>> = {
    read: () => storage.read(KEY),
    lease: () => leaseAs('a'),
    renew: (lease) => storage.renew(lease),
    release: (lease) => storage.release(lease),
    commit: () => storage.commit(KEY, { value: 'two', expectedVersion: 0 }),
    watch: async () => storage.watch(KEY, () => {}),
  };

  it.each(Object.keys(calls))('makes %s fail with a StorageError', async (name) => {
    const lease = await grantTo('a');
    await storage.close();
    const failure = await calls[name]?.(lease).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StorageError);
    expect(failure).toMatchObject({ code: 'storage_closed' });
  });

  it('lets the calls before it have their answers, and none after it', async () => {
    const before = storage.commit(KEY, { value: 'one', expectedVersion: 0 });
    const closed = storage.close();
    const after = storage.read(KEY);
    expect(await before).toMatchObject({ outcome: 'committed' });
    await expect(after).rejects.toBeInstanceOf(StorageError);
    expect(await closed).toBeUndefined();
  });

  it('drops those who watch', async () => {
    const listener = vi.fn();
    storage.watch(KEY, listener);
    const committed = storage.commit(KEY, { value: 'one', expectedVersion: 0 });
    await Promise.all([committed, storage.close()]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(listener).not.toHaveBeenCalled();
  });

  it('may come twice', async () => {
    await storage.close();
    expect(await storage.close()).toBeUndefined();
  });
});

describe('arguments that no storage could keep', () => {
  const calls: [string, () => Promise<unknown>][] = [
    ['a value that is no string', () => storage.commit(KEY, { value: 1 as never, expectedVersion: 0 })],
    ['a negative version to commit over', () => storage.commit(KEY, { value: 'one', expectedVersion: -1 })],
    ['half a version to commit over', () => storage.commit(KEY, { value: 'one', expectedVersion: 0.5 })],
    ['an expiry that is no number', () => storage.commit(KEY, { value: 'one', expectedVersion: 0, expiresAt: NaN })],
    ['a lease of no length', () => storage.lease(KEY, { owner: 'a', ttl: 0, ifVersion: 0 })],
    ['a lease without end', () => storage.lease(KEY, { owner: 'a', ttl: Infinity, ifVersion: 0 })],
    ['a lease on a negative version', () => storage.lease(KEY, { owner: 'a', ttl: 1000, ifVersion: -1 })],
  ];

  it.each(calls)('refuses %s with a StorageError', async (_, call) => {
    const failure = await call().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StorageError);
    expect(failure).toMatchObject({ code: 'invalid_argument' });
    expect(await storage.read(KEY)).toStrictEqual({ now: START });
  });
});

describe('two instances on one storage', () => {
  it('renew once between them: one writes under its lease, the other adopts what it wrote', async () => {
    let renewals = 0;
    async function instance(owner: string): Promise<string | undefined> {
      const changed = new Promise<number>((resolve) => storage.watch(KEY, resolve));
      const { record } = await storage.read(KEY);
      const reply = await leaseAs(owner, record?.version ?? 0);
      if (reply.outcome === 'granted') {
        renewals += 1;
        await storage.commit(KEY, {
          value: `written by ${owner}`,
          expectedVersion: reply.record?.version ?? 0,
          lease: reply.lease,
        });
      }
      await changed;
      return (await storage.read(KEY)).record?.value;
    }
    await write('old');
    expect(await Promise.all([instance('a'), instance('b')])).toStrictEqual(['written by a', 'written by a']);
    expect(renewals).toBe(1);
  });
});
