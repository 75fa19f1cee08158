import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type RedisSentinel, type RedisServer, startRedis, startRedisSentinel } from '@frameio-auth/verification/redis';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect, grant, KEY, LONG, open, stopBeforeOffers, until, write } from './redis-fixture.js';

let sentinel: RedisSentinel;
beforeAll(async () => {
  sentinel = await startRedisSentinel();
});
afterAll(() => sentinel.stop());

const quick = { retryStrategy: () => 20 };

/** A storage with a client of its own, as each instance has one. */
function instance(server: RedisServer, keyPrefix?: string) {
  const client = connect(server, quick);
  const storage = open({ client, ...(keyPrefix !== undefined && { keyPrefix }) });
  return { client, storage };
}

async function reconnected(client: Redis): Promise<void> {
  await until('the client is connected', () => client.status === 'ready');
}

describe('what Redis lost with a restart', () => {
  it('is there again with the same version, its end, and for everybody, when an instance is back that wrote it', async () => {
    await using server = await startRedis();
    const [{ storage, client }, { storage: other }] = [instance(server), instance(server)];
    stopBeforeOffers().goOn();
    const { now } = await storage.read(KEY);
    const version = await write(storage, 'tokens');
    const pending = await write(storage, 'pending', { key: 'pending', expiresAt: now + LONG, dueAt: now });
    const received: number[] = [];
    other.watch(KEY, (notified) => received.push(notified));
    await server.restart();
    await until('it is there again', async () => (await other.read(KEY)).record !== undefined);
    expect(await other.read(KEY)).toMatchObject({ record: { value: 'tokens', version } });
    await until('the other is too', async () => (await other.read('pending')).record !== undefined);
    expect(await other.read('pending')).toMatchObject({ record: { value: 'pending', version: pending } });
    const [hash = ''] = await client.keys('*:pending');
    expect(await client.call('PEXPIRETIME', hash)).toBe(now + LONG);
    expect((await other.due({ prefix: '', limit: 9 })).keys).toEqual(['pending']);
  });

  it('is there again although Redis was away for longer than commits are kept', async () => {
    await using server = await startRedis();
    let later = 0;
    stopBeforeOffers().goOn();
    const platform = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => platform() + later);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
      vi.restoreAllMocks();
    });
    const [{ storage, client }, { storage: other }] = [instance(server), instance(server)];
    const version = await write(storage, 'tokens');
    await server.kill();
    await until('the client has noticed', () => client.status !== 'ready');
    later = 2 * LONG;
    vi.advanceTimersByTime(LONG);
    await server.start();
    await until('it is there again', async () => (await other.read(KEY)).record !== undefined);
    expect(await other.read(KEY)).toMatchObject({ record: { value: 'tokens', version } });
  });

  it('is not there again when it was replaced meanwhile, or has expired, or was a tombstone that had', async () => {
    await using server = await startRedis();
    const [{ storage, client }, { storage: other }] = [instance(server), instance(server)];
    const { now } = await storage.read(KEY);
    await write(storage, 'signed in');
    await write(storage, 'short', { key: 'short', expiresAt: now + 100 });
    const tokens = await write(storage, 'tokens', { key: 'revoked' });
    await write(storage, 'tombstone', { key: 'revoked', expectedVersion: tokens, expiresAt: now + 100 });
    const offers = stopBeforeOffers();
    await offers.prepare(storage, client);
    await server.restart({ downtime: 150 });
    // Before the first instance offers its commit.
    const version = await write(other, 'signed in anew');
    const leased = await other.lease('short', { owner: 'one', ttl: LONG, ifVersion: 0 });
    await reconnected(client);
    await offers.made(other);
    expect(leased.outcome === 'granted' && (await other.renew(leased.lease))).toBe(true);
    expect(await other.read(KEY)).toMatchObject({ record: { value: 'signed in anew', version } });
    expect(await other.read('short')).not.toHaveProperty('record');
    expect(await other.read('revoked')).not.toHaveProperty('record');
  });

  it('does not return if another commit replaced the same record before the lost one', async () => {
    await using server = await startRedis();
    const [{ storage, client }, { storage: other }] = [instance(server), instance(server)];
    const version = await write(storage, 'tokens');
    await delay(10); // So that there is a version in between.
    const late = await write(storage, 'tombstone of a master that was none', { expectedVersion: version });
    const [hash = ''] = await client.keys(`*:${KEY}`);
    // As if the split had ended, and the remaining master had a refresh before the other accepted the tombstone.
    await client.hset(hash, { value: 'renewed', version: version + 1, commit: 'of another instance' });
    expect(version + 1).toBeLessThan(late);
    const offers = stopBeforeOffers();
    await offers.prepare(storage, client);
    client.disconnect(true);
    await reconnected(client);
    await offers.made(other);
    expect(await other.read(KEY)).toMatchObject({ record: { value: 'renewed', version: version + 1 } });
  });

  it('is the newest that any instance wrote, whatever the order of reconnection', async () => {
    await using server = await startRedis();
    const instances = [instance(server), instance(server), instance(server)];
    stopBeforeOffers().goOn();
    let version = 0;
    for (const [index, { storage }] of instances.entries()) {
      version = await write(storage, `by instance ${index}`, { expectedVersion: version });
    }
    await server.restart();
    const [{ storage }] = instances as [(typeof instances)[0]];
    await until('it is there again', async () => (await storage.read(KEY)).record?.version === version);
    expect(await storage.read(KEY)).toMatchObject({ record: { value: 'by instance 2', version } });
  });

  it('ends a lease that was granted because Redis knew of no record, and the work under it is outdone', async () => {
    await using server = await startRedis();
    const { storage, client } = instance(server);
    const offers = stopBeforeOffers();
    const version = await write(storage, 'tokens');
    await server.restart();
    const { storage: other } = instance(server);
    const { lease } = await grant(other, 'newcomer');
    await reconnected(client);
    offers.goOn();
    await until('it is there again', async () => (await other.read(KEY)).record !== undefined);
    expect(await other.renew(lease)).toBe(false);
    expect(await other.commit(KEY, { value: 'late', expectedVersion: 0, lease })).toMatchObject({
      outcome: 'conflict',
      record: { value: 'tokens', version },
    });
  });
});

describe('what Redis did not lose', () => {
  it('is left alone by an instance that is back, with the lease that stands on it', async () => {
    await using server = await startRedis();
    const [{ storage, client }, { storage: other }] = [instance(server), instance(server)];
    const version = await write(storage, 'mine');
    const mine = await write(storage, 'untouched', { key: 'untouched' });
    const { lease } = await grant(other, 'one', { ifVersion: version });
    const theirs = await other.lease('untouched', { owner: 'one', ttl: LONG, ifVersion: mine });
    const newer = await write(other, 'theirs', { expectedVersion: version });
    const offers = stopBeforeOffers();
    await offers.prepare(storage, client);
    client.disconnect(true);
    await until('the client has noticed', () => client.status !== 'ready');
    await reconnected(client);
    await offers.made(other);
    expect(await other.read(KEY)).toMatchObject({ record: { value: 'theirs', version: newer } });
    expect(await other.renew(lease)).toBe(false);
    expect(theirs.outcome === 'granted' && (await other.renew(theirs.lease))).toBe(true);
  });

  it('is what an operator left: nothing comes back after a flush by itself', async () => {
    await using server = await startRedis();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { storage, client } = instance(server);
    await write(storage, 'flushed');
    await client.flushall();
    const asked = vi.spyOn(client, 'sendCommand');
    await vi.advanceTimersByTimeAsync(LONG);
    expect(asked).not.toHaveBeenCalled();
    expect(await storage.read(KEY)).not.toHaveProperty('record');
  });

  it('stays forgotten by a storage that was closed', async () => {
    await using server = await startRedis();
    const { storage, client } = instance(server);
    await write(storage, 'tokens');
    // It is notified of the connection after the other one, and is open.
    const keyPrefix = 'open:';
    const other = open({ client, keyPrefix });
    const offers = stopBeforeOffers();
    await offers.prepare(other, client, keyPrefix);
    await storage.close();
    await server.restart();
    await reconnected(client);
    await offers.made(other);
    expect((await client.keys('*')).filter((name) => !name.startsWith(keyPrefix))).toEqual([]);
  });
});

describe('a failover by sentinels', () => {
  it('that loses the last write is mended, and hints come again', async () => {
    const { name, sentinels } = sentinel;
    const client = new Redis({
      name,
      sentinels: [...sentinels],
      reconnectOnError: ({ message }) => message.startsWith('READONLY'),
      ...quick,
    });
    client.on('error', () => {});
    onTestFinished(() => client.disconnect());
    const keyPrefix = `${randomUUID()}:`;
    const storage = open({ client, keyPrefix });
    const received: number[] = [];
    open({ client, keyPrefix }).watch(KEY, (notified) => received.push(notified));
    const first = await write(storage, 'first');
    expect(await client.call('WAIT', '2', '5000')).toBe(2);
    // From now on the replicas receive nothing.
    const master = connect(await sentinel.master());
    await master.call('ACL', 'SETUSER', 'default', '-sync', '-psync');
    await master.call('CLIENT', 'KILL', 'TYPE', 'replica');
    const second = await write(storage, 'second', { expectedVersion: first });

    await sentinel.failover();
    await until('the write is there again', async () => {
      const { record } = await storage.read(KEY);
      return record?.version === second && record.value === 'second';
    });
    received.length = 0;
    await until('hints come again', async () => {
      await storage.release((await grant(storage, 'one', { ifVersion: second })).lease);
      return received.includes(second);
    });
  });
});
