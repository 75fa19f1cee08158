import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLossyProxy } from './proxy.js';
import { type ClientOptions, connect, failureOf, grant, KEY, open, until, write } from './redis-fixture.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Opens one storage over a connection that can lose replies, and one over a reliable connection. */
async function place(options: ClientOptions = {}) {
  const keyPrefix = `${randomUUID()}:`;
  const proxy = await startLossyProxy(server);
  const client = connect(proxy, { retryStrategy: () => 10, ...options });
  const storage = open({ client, keyPrefix });
  const other = open({ client: connect(server), keyPrefix });
  // Loads the scripts into Redis, so that the lost reply is that of a script.
  const { lease } = await grant(other, 'warm-up');
  await other.renew(lease);
  await other.release(lease);
  await write(other, 'warm-up', { key: 'warm-up' });
  await storage.read(KEY);
  return { proxy, client, storage, other };
}

describe('a script with a response that was lost with the connection, and which ioredis sends again', () => {
  it('grants the lease once: it is the one that was granted, and follows no abandonment', async () => {
    const { proxy, storage } = await place();
    proxy.loseNextAnswer();
    const { lease, abandoned } = await grant(storage, 'one', { ttl: 1 });
    expect(proxy.lost).toBe(1);
    // The first grant of this lease has expired when it is requested again, and no other owner had it in between.
    expect(abandoned).toBe(false);
    expect(await storage.renew(lease)).toBe(true);
  });

  it('tells a second time that the lease before was abandoned', async () => {
    const { proxy, storage, other } = await place();
    await grant(other, 'two', { ttl: 1 });
    await delay(5);
    proxy.loseNextAnswer();
    expect((await grant(storage, 'one')).abandoned).toBe(true);
    expect(proxy.lost).toBe(1);
  });

  it('commits once, and is no conflict with itself', async () => {
    const { proxy, storage, other } = await place();
    proxy.loseNextAnswer();
    const version = await write(storage, 'first');
    expect(proxy.lost).toBe(1);
    expect(await other.read(KEY)).toMatchObject({ record: { value: 'first', version } });
    proxy.loseNextAnswer();
    const second = await write(storage, 'second', { expectedVersion: version });
    expect(proxy.lost).toBe(2);
    expect(await other.read(KEY)).toMatchObject({ record: { value: 'second', version: second } });
  });

  it('renews the lease', async () => {
    const { proxy, storage } = await place();
    const { lease } = await grant(storage, 'one');
    proxy.loseNextAnswer();
    expect(await storage.renew(lease)).toBe(true);
    expect(proxy.lost).toBe(1);
  });

  it('releases the lease, and takes nothing from its next holder', async () => {
    const { proxy, storage, other } = await place({ retryStrategy: () => 200 });
    const { lease } = await grant(storage, 'one');
    proxy.loseNextAnswer();
    const released = storage.release(lease);
    await until('the lease is free', async () => {
      return (await other.lease(KEY, { owner: 'two', ttl: 60_000, ifVersion: 0 })).outcome === 'granted';
    });
    await released;
    expect(proxy.lost).toBe(1);
    expect(await other.lease(KEY, { owner: 'three', ttl: 60_000, ifVersion: 0 })).toHaveProperty('outcome', 'held');
  });
});

describe('a script with a lost response, which ioredis does not send again', () => {
  it('has its lease released, so that it does not count as abandoned', async () => {
    const { proxy, storage, other } = await place({ maxRetriesPerRequest: 0 });
    proxy.loseNextAnswer();
    const { code } = await failureOf(grant(storage, 'one'));
    expect(code).toBe('ECONNREFUSED');
    expect(proxy.lost).toBe(1);
    await until('the lease is free', async () => {
      return (await other.lease(KEY, { owner: 'two', ttl: 60_000, ifVersion: 0 })).outcome === 'granted';
    });
    expect((await grant(other, 'two')).abandoned).toBe(false);
  });

  it('has its lease given back after the storage was closed, too', async () => {
    const { proxy, storage, other } = await place({ maxRetriesPerRequest: 0 });
    proxy.loseNextAnswer();
    const failure = failureOf(grant(storage, 'one'));
    await storage.close();
    await failure;
    await until('the lease is free', async () => {
      return (await other.lease(KEY, { owner: 'two', ttl: 60_000, ifVersion: 0 })).outcome === 'granted';
    });
  });

  it('has committed: the one who asks again is shown its own record', async () => {
    const { proxy, storage } = await place({ maxRetriesPerRequest: 0 });
    proxy.loseNextAnswer();
    await failureOf(write(storage, 'first'));
    expect(await storage.commit(KEY, { value: 'first', expectedVersion: 0 })).toMatchObject({
      outcome: 'conflict',
      record: { value: 'first' },
    });
  });
});
