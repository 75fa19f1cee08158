import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lease, TokenStorage } from '@frameio-auth/core/adapter';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { channelOf, connect, failureOf, grant, hashOf, KEY, LONG, open, until, write } from './redis-fixture.js';

const DAY = 24 * 60 * 60_000;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

function place() {
  const keyPrefix = `${randomUUID()}:`;
  const client = connect(server);
  return { client, keyPrefix, storage: open({ client, keyPrefix }), hash: hashOf(keyPrefix) };
}

/** Returns the keys with a prefix, except the marks, of which each shard has one, and when each expires; `never`. */
async function keysOf(client: Redis, prefix: string): Promise<Record<string, number | 'never'>> {
  const keys = (await client.keys(`${prefix}*`)).filter((key) => !key.endsWith('.mark'));
  const entries = keys.map(async (key) => {
    const forgotten = (await client.call('PEXPIRETIME', key)) as number;
    return [key, forgotten === -1 ? 'never' : forgotten] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Takes a lease on a record, and resolves when the record has expired and the lease has not. */
async function leaseOnExpired(storage: TokenStorage): Promise<{ readonly version: number; readonly lease: Lease }> {
  for (let life = 1_000; ; life *= 2) {
    const { now } = await storage.read(KEY);
    const version = await write(storage, 'short', { expiresAt: now + life });
    const reply = await storage.lease(KEY, { owner: 'one', ttl: 10 * LONG, ifVersion: version });
    if (reply.outcome === 'granted') {
      await until('the record has expired', async () => (await storage.read(KEY)).record === undefined);
      return { version, lease: reply.lease };
    }
    // A busy machine may be too late. Then it repeats this with a longer life.
    if (reply.now < now + life) throw new Error(`A lease that had to be free was ${reply.outcome}.`);
  }
}

describe('what is in Redis', () => {
  it('is one hash a record, without an end when the record has none', async () => {
    const { client, keyPrefix, storage, hash } = place();
    const version = await write(storage, 'first');
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: 'never' });
    await grant(storage, 'one', { ifVersion: version });
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: 'never' });
    expect(Object.keys(await client.hgetall(hash)).sort()).toEqual([
      'abandoned',
      'commit',
      'lease',
      'owner',
      'ttl',
      'until',
      'value',
      'version',
    ]);
    await write(storage, 'second', { expectedVersion: version });
    expect(Object.keys(await client.hgetall(hash)).sort()).toEqual(['commit', 'value', 'version']);
  });

  it('ends with the record, and is kept by a lease on it for a day after its deadline only', async () => {
    const { client, keyPrefix, storage, hash } = place();
    const { now } = await storage.read(KEY);
    const expiresAt = now + LONG;
    const version = await write(storage, 'for a minute', { expiresAt });
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: expiresAt });
    const { lease, until } = await grant(storage, 'one', { ifVersion: version });
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: until + DAY });
    await storage.renew(lease);
    const renewed = Number(await client.hget(hash, 'until'));
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: renewed + DAY });
    await storage.release(lease);
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: expiresAt });
    const kept = await write(storage, 'for ever', { expectedVersion: version });
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: 'never' });
    await write(storage, 'for a minute', { expectedVersion: kept, expiresAt });
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: expiresAt });
  });

  it('is nothing after a lease on no record was released, and for a day when it was not', async () => {
    const { client, keyPrefix, storage, hash } = place();
    const { lease, until } = await grant(storage, 'one');
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: until + DAY });
    await storage.release(lease);
    expect(await keysOf(client, keyPrefix)).toEqual({});
  });

  it('is nothing after queries, conflicts, and rejected leases', async () => {
    const { client, keyPrefix, storage } = place();
    await storage.read(KEY);
    await storage.commit(KEY, { value: 'never written', expectedVersion: 7 });
    await storage.lease(KEY, { owner: 'one', ttl: LONG, ifVersion: 7 });
    await storage.renew({ key: KEY, owner: 'one', ttl: LONG, id: 'fictional' });
    await storage.release({ key: KEY, owner: 'one', ttl: LONG, id: 'fictional' });
    expect(await keysOf(client, keyPrefix)).toEqual({});
  });

  it('is two sorted sets beside the hashes, while something is to be listed as due', async () => {
    const { client, keyPrefix, storage, hash } = place();
    const sets = `${channelOf(keyPrefix)}.due`;
    const set = `${sets}:`;
    const { now } = await storage.read(KEY);
    const version = await write(storage, 'due', { dueAt: now + LONG + 0.5 });
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: 'never', [set]: 'never', [sets]: 'never' });
    expect(await client.zscore(set, KEY)).toBe(String(now + LONG));
    await write(storage, 'never due', { expectedVersion: version });
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: 'never' });
  });

  it('lists no deleted session as due after the first request, however many were deleted', async () => {
    const { client, keyPrefix, storage } = place();
    const { now } = await storage.read(KEY);
    const keys = Array.from({ length: 20_000 }, (_, index) => `gone-${index}`).filter(
      (key) => channelOf(keyPrefix, key) === channelOf(keyPrefix),
    );
    expect(keys.length).toBeGreaterThan(200);
    await Promise.all(keys.map((key) => write(storage, 'short', { key, dueAt: now, expiresAt: now })));
    await write(storage, 'here', { dueAt: now });
    expect(await client.zcard(`${channelOf(keyPrefix)}.due:`)).toBe(keys.length + 1);
    expect((await storage.due({ prefix: '', limit: 10 })).keys).toEqual([KEY]);
    expect(await client.zrange(`${channelOf(keyPrefix)}.due:`, '0', '-1')).toEqual([KEY]);
  });

  it('has what is due of one client apart from what is due of others, however much that is', async () => {
    const { client, keyPrefix, storage } = place();
    const { now } = await storage.read(KEY);
    const [one, other] = ['one.fictional/session/', 'other.fictional/session/'];
    const keys = Array.from({ length: 500 }, (_, index) => `${other}user-${index}`);
    await Promise.all(keys.map((key) => write(storage, 'other', { key, dueAt: now - 60_000 })));
    await write(storage, 'one', { key: `${one}mara`, dueAt: now });
    const passedOver = async (prefix: string) => {
      const looks = async () => Number(/cmdstat_hmget:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]);
      const before = await looks();
      const { keys: due } = await storage.due({ prefix, limit: 10 });
      return { due, looks: (await looks()) - before };
    };
    expect(await passedOver(one)).toEqual({ due: [`${one}mara`], looks: 1 });
    const { due } = await passedOver(other);
    expect(due).toHaveLength(10);
    await write(storage, 'gone', {
      key: `${one}mara`,
      expectedVersion: (await storage.read(`${one}mara`)).record?.version ?? 0,
    });
    const sets = await client.zrange(`${channelOf(keyPrefix, `${one}mara`)}.due`, '0', '-1');
    expect(sets).not.toContain(one);
  });

  it('is found under the prefix of the client too, when it is due', async () => {
    const storage = open({ client: connect(server, { keyPrefix: 'fictional-fleet:' }) });
    const { now } = await storage.read(KEY);
    const version = await write(storage, 'due', { dueAt: now });
    expect((await storage.due({ prefix: KEY, limit: 1 })).keys).toEqual([KEY]);
    await write(storage, 'gone', { expectedVersion: version, expiresAt: now });
  });

  it('has versions that grow although Redis has deleted the key', async () => {
    const { client, keyPrefix, storage } = place();
    let last = 0;
    for (let turn = 0; turn < 5; turn += 1) {
      const { now } = await storage.read(KEY);
      const version = await write(storage, 'short', { expiresAt: now + 2 });
      expect(version).toBeGreaterThan(last);
      last = version;
      await delay(5);
      expect(await keysOf(client, keyPrefix)).toEqual({});
    }
  });

  it('has versions that grow although the clock of Redis went back', async () => {
    const { client, storage, hash } = place();
    const first = await write(storage, 'first');
    const ahead = first + LONG;
    await client.hset(hash, 'version', String(ahead));
    expect(await write(storage, 'second', { expectedVersion: ahead })).toBe(ahead + 1);
  });

  it.each([
    ['a record that was forgotten at once', async (storage: TokenStorage) => write(storage, 'over', { expiresAt: 0 })],
    [
      'a record with a deleted key',
      async (storage: TokenStorage, client: Redis, hash: string) => {
        const version = await write(storage, 'deleted');
        await client.del(hash);
        return version;
      },
    ],
    [
      'a record that had expired when the lease on it was released',
      async (storage: TokenStorage) => {
        const { version, lease } = await leaseOnExpired(storage);
        await storage.release(lease);
        return version;
      },
    ],
  ])('has versions that grow after %s, however far the clock of Redis went back', async (_, end) => {
    const { client, keyPrefix, storage, hash } = place();
    const mark = `${channelOf(keyPrefix)}.mark`;
    const version = await end(storage, client, hash);
    expect(await keysOf(client, keyPrefix)).toEqual({});
    expect(await client.hgetall(mark)).toMatchObject({ version: String(version) });
    // As if the clock had been that far ahead when the record was written.
    const ahead = version + LONG;
    await client.hset(mark, 'version', String(ahead));
    expect(await write(storage, 'next')).toBe(ahead + 1);
    const other = Array.from({ length: 1000 }, (_none, index) => `other ${index}`).find(
      (key) => channelOf(keyPrefix, key) === channelOf(keyPrefix),
    );
    expect(await write(storage, 'of another session of the shard', { key: other as string })).toBe(ahead + 2);
  });

  it('has leases that last no longer than they were granted for, although the clock of Redis went back', async () => {
    const { client, storage, hash } = place();
    await grant(storage, 'one', { ttl: 50 });
    const { now } = await storage.read(KEY);
    await client.hset(hash, 'until', now + LONG); // As after a clock was set back by a minute.
    const asked = await storage.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: 0 });
    expect(asked.outcome).toBe('held');
    expect(asked.outcome === 'held' && asked.until - asked.now).toBe(50);
    const others = async () => (await storage.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: 0 })).outcome;
    await expect.poll(others).toBe('granted');
  });

  it('has one small mark a shard, however many sessions there were', async () => {
    const { client, keyPrefix, storage } = place();
    const { now } = await storage.read(KEY);
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) => write(storage, 'over', { key: `session ${index}`, expiresAt: now })),
    );
    const keys = await client.keys(`${keyPrefix}*`);
    expect(keys.filter((key) => !key.endsWith('.mark'))).toEqual([]);
    expect(keys.length).toBeLessThanOrEqual(64);
  });

  it('is nothing after the release of a lease if its record expired meanwhile', async () => {
    const { client, keyPrefix, storage, hash } = place();
    const { lease } = await leaseOnExpired(storage);
    expect(Object.keys(await keysOf(client, keyPrefix))).toEqual([hash]);
    await storage.release(lease);
    expect(await keysOf(client, keyPrefix)).toEqual({});
  });

  it('lies under the prefix of the client, then that of the storage, then the shard of the key', async () => {
    const client = connect(server, { keyPrefix: 'fictional-app:' });
    const storage = open({ client });
    await write(storage, 'value');
    const plain = connect(server);
    const names = [hashOf('fictional-app:frameio-auth:'), `${channelOf('fictional-app:frameio-auth:')}.mark`];
    expect((await plain.keys('fictional-app:*')).sort()).toEqual(names.sort());
    await plain.del(...names);
  });
});

describe('what Redis could not keep', () => {
  it('is bounded: a lease without a foreseeable end is granted, renewed and released as a whole', async () => {
    const { client, keyPrefix, storage } = place();
    const { lease, until } = await grant(storage, 'one', { ttl: Number.MAX_VALUE });
    expect(Number.isSafeInteger(until)).toBe(true);
    expect(await storage.renew(lease)).toBe(true);
    await storage.release(lease);
    expect(await keysOf(client, keyPrefix)).toEqual({});
  });

  it.each([0, -1, -Number.MAX_VALUE])(
    'is bounded: a record that expired at %d is written, and gone',
    async (expiresAt) => {
      const { client, keyPrefix, storage } = place();
      await write(storage, 'too late', { expiresAt });
      expect(await storage.read(KEY)).not.toHaveProperty('record');
      expect(await keysOf(client, keyPrefix)).toEqual({});
    },
  );

  it('is bounded: a record that expires after the last day of a Date never does', async () => {
    const { client, keyPrefix, storage, hash } = place();
    await write(storage, 'for ever', { expiresAt: Number.MAX_VALUE });
    expect(await keysOf(client, keyPrefix)).toEqual({ [hash]: 'never' });
  });

  it('is reported by a StorageError and left unchanged: another value under the key', async () => {
    const { client, storage, hash } = place();
    await client.set(hash, 'of another application');
    const { code } = await failureOf(storage.commit(KEY, { value: 'value', expectedVersion: 0 }));
    expect(code).toBe('WRONGTYPE');
    expect(await client.get(hash)).toBe('of another application');
  });
});

describe('scripts', () => {
  it('are loaded again when Redis has forgotten them', async () => {
    const { client, storage } = place();
    const version = await write(storage, 'first');
    const { lease } = await grant(storage, 'one', { ifVersion: version });
    await client.script('FLUSH');
    expect(await storage.renew(lease)).toBe(true);
    await client.script('FLUSH');
    await storage.release(lease);
    await client.script('FLUSH');
    const { lease: another } = await grant(storage, 'two', { ifVersion: version });
    await client.script('FLUSH');
    const second = await write(storage, 'second', { expectedVersion: version });
    await client.script('FLUSH');
    expect(await storage.read(KEY)).toMatchObject({ record: { value: 'second', version: second } });
    expect(await storage.renew(another)).toBe(false);
  });

  it('are loaded again after a restart of Redis', async () => {
    await using another = await startRedis({ persistence: 'always' });
    const storage = open({ client: connect(another) });
    const version = await write(storage, 'kept');
    await another.restart();
    expect(await storage.read(KEY)).toMatchObject({ record: { value: 'kept', version } });
    await grant(storage, 'one', { ifVersion: version });
  });
});
