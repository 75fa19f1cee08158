import { EventEmitter } from 'node:events';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import type { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LostData } from '../src/lost-data.js';
import { RecentCommits } from '../src/recent-commits.js';
import type { RedisClient } from '../src/redis-client.js';
import { Watchers } from '../src/watchers.js';
import { connect, grant, hashOf, KEY, open, stopBeforeOffers, until, write } from './redis-fixture.js';

const PREFIX = 'frameio-auth:';

/** A storage with a client of its own, as each instance has one. */
function instance(server: RedisServer) {
  const client = connect(server, { retryStrategy: () => 20 });
  return { client, storage: open({ client }) };
}

async function reconnect(client: Redis): Promise<void> {
  client.disconnect(true);
  await until('the client has noticed', () => client.status !== 'ready');
  await until('the client is connected', () => client.status === 'ready');
}

/** Records the hints of a storage for one key. */
function recordHints(storage: ReturnType<typeof open>, key = KEY) {
  const received: number[] = [];
  const stop = storage.watch(key, (version) => received.push(version));
  return { received, stop };
}

/** Causes changes until a hint comes: the first may be before the subscription. */
async function hintsCome(
  storage: ReturnType<typeof open>,
  received: readonly number[],
  ifVersion: number,
): Promise<void> {
  await until('hints come', async () => {
    await storage.release((await grant(storage, 'one', { ifVersion })).lease);
    return received.length > 0;
  });
}

describe('a commit that was outdone is not offered to a Redis that came back empty', () => {
  it.each<[how: string, learn: (one: ReturnType<typeof open>, other: ReturnType<typeof open>) => Promise<number>]>([
    [
      'by a hint',
      async (one, other) => {
        const { received, stop } = recordHints(one);
        const outdone = await write(one, 'outdone');
        let version = outdone;
        await until('a hint came', async () => {
          version = await write(other, 'newer', { expectedVersion: version });
          return received.some((hinted) => hinted > outdone);
        });
        stop();
        return version;
      },
    ],
    [
      'when it read the newer one',
      async (one, other) => {
        const version = await write(one, 'outdone');
        const newer = await write(other, 'newer', { expectedVersion: version });
        await one.read(KEY);
        return newer;
      },
    ],
    [
      'when it asked for a lease',
      async (one, other) => {
        const version = await write(one, 'outdone');
        const newer = await write(other, 'newer', { expectedVersion: version });
        await one.lease(KEY, { owner: 'one', ttl: 1000, ifVersion: version });
        return newer;
      },
    ],
    [
      'by a conflict',
      async (one, other) => {
        const version = await write(one, 'outdone');
        const newer = await write(other, 'newer', { expectedVersion: version });
        await one.commit(KEY, { value: 'too late', expectedVersion: version });
        return newer;
      },
    ],
  ])('by an instance that learned of it %s', async (_, learn) => {
    await using server = await startRedis();
    const [one, other] = [instance(server), instance(server)];
    stopBeforeOffers().goOn();
    await write(one.storage, 'not outdone', { key: 'another' });
    await learn(one.storage, other.storage);
    await other.storage.close(); // The instance that wrote the newer one has ended.
    await server.restart();
    await until('what was not outdone is there', async () => (await one.storage.read('another')).record !== undefined);
    expect(await one.storage.read(KEY)).not.toHaveProperty('record');
  });

  it('by an instance that does not know of it, before another one has written the newer one', async () => {
    await using server = await startRedis();
    const [one, other] = [instance(server), instance(server)];
    const offers = stopBeforeOffers();
    const version = await write(one.storage, 'outdone');
    await offers.prepare(one.storage, one.client);
    const newer = await write(other.storage, 'newer', { expectedVersion: version });
    const seen: (string | undefined)[] = [];
    other.storage.watch(KEY, async () => {
      // Like a session that finds its record missing.
      const { record } = await other.storage.read(KEY);
      seen.push(record?.value);
      if (record === undefined) await other.storage.commit(KEY, { value: 'newer, again', expectedVersion: 0 });
    });
    await other.storage.read(KEY);
    await server.restart();
    await until('it is there again', async () => (await one.storage.read(KEY)).record !== undefined);
    await offers.made(other.storage);
    const { record } = await one.storage.read(KEY);
    expect(record?.value).toBe('newer, again');
    expect(record?.version).toBeGreaterThan(newer);
    expect(seen).not.toContain('outdone');
  });
});

describe('a watching instance is notified', () => {
  it('that its record is gone, once it is connected to a Redis that came back empty', async () => {
    await using server = await startRedis();
    const [one, other] = [instance(server), instance(server)];
    const version = await write(other.storage, 'tokens', { key: 'read' });
    const { received } = recordHints(one.storage, 'read');
    expect((await one.storage.read('read')).record?.version).toBe(version);
    await other.storage.close();
    await server.restart();
    await until('it is notified', () => received.includes(0));
  });

  it('of the older version, also when writes have been made since that it does not know', async () => {
    await using server = await startRedis();
    const { client, storage } = instance(server);
    const { received } = recordHints(storage);
    const older = (await write(storage, 'newer')) - 1_000;
    // As if an older snapshot had been restored during the disconnection, and others had continued from it.
    await connect(server).hset(hashOf(PREFIX), { value: 'older', version: older, commit: 'older' });
    await write(instance(server).storage, 'of another session', { key: 'another' });
    received.length = 0;
    await reconnect(client);
    await until('it is notified', () => received.includes(older));
  });

  it('of the newer version, when its hint was lost with the connection', async () => {
    await using server = await startRedis();
    const { client, storage } = instance(server);
    const { received } = recordHints(storage);
    const version = await write(storage, 'tokens');
    await hintsCome(storage, received, version);
    const hash = hashOf(PREFIX);
    await connect(server).hset(hash, { value: 'renewed', version: version + 1, commit: 'of another instance' });
    await reconnect(client);
    await until('it is notified', () => received.includes(version + 1));
  });

  it.each([
    ['flushed', async (admin: Redis) => void (await admin.flushall())],
    [
      'flushed and written to again',
      async (admin: Redis, others: ReturnType<typeof open>) => {
        await admin.flushall();
        const [channel] = hashOf(PREFIX).split(`:${KEY}`);
        const isOfTheShard = (key: string) => hashOf(PREFIX, key).startsWith(`${channel}:`);
        const key = Array.from({ length: 1000 }, (_, index) => `another ${index}`).find(isOfTheShard) as string;
        await write(others, 'of another session of the shard', { key });
      },
    ],
  ])('within half a minute that Redis was %s, although its connection stands', async (_, flush) => {
    await using server = await startRedis();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { storage } = instance(server);
    const { received } = recordHints(storage);
    await write(storage, 'tokens');
    vi.advanceTimersByTime(30_000);
    await until('Redis was asked for the mark', async () => {
      const stats = await connect(server).info('commandstats');
      return /cmdstat_evalsha:calls=([2-9]|\d\d)|cmdstat_eval:calls=([2-9]|\d\d)/.test(stats);
    });
    await storage.read(KEY); // Called after the mark was checked, on the same connection.
    received.length = 0;
    await flush(connect(server), instance(server).storage);
    vi.advanceTimersByTime(30_000);
    await until('it is notified', () => received.includes(0));
  });

  it('nothing by a look at what is as it knows it', async () => {
    await using server = await startRedis();
    const { client, storage } = instance(server);
    await write(storage, 'as it is known', { key: 'kept' });
    const kept = recordHints(storage, 'kept');
    await storage.read('kept'); // Like a session that starts to watch.
    const gone = recordHints(storage, 'gone');
    await write(storage, 'gone', { key: 'gone' });
    await connect(server).del(hashOf(PREFIX, 'gone'));
    await reconnect(client);
    await until('the other one is notified', () => gone.received.includes(0));
    gone.received.length = 0;
    await reconnect(client); // In any order, it has been checked when all have been checked again.
    await until('the other one is notified again', () => gone.received.includes(0));
    expect(kept.received).toEqual([]);
  });
});

describe('sessions', () => {
  async function place() {
    const [redis, server] = await Promise.all([startRedis(), startAuthorizationServer({ rotation: 'revoke-chain' })]);
    onTestFinished(() => Promise.all([redis.stop(), server.close()]).then(() => {}));
    const portal = () => {
      const client = connect(redis, { retryStrategy: () => 20 });
      const auth = new WebAppAuth({
        ...server.clients.webApp,
        server: adobeIms({ origin: server.origin }),
        transport: fetch,
        storage: open({ client }),
      });
      onTestFinished(() => auth.close().catch(() => {}));
      return { auth, client };
    };
    const signedIn = async () => {
      const { auth, client } = portal();
      const { url } = await auth.getAuthorizationUrl();
      await auth.handleCallback(await server.signIn(url));
      return { auth, client };
    };
    return { redis, server, portal, signedIn };
  }

  it('write their tokens to a Redis that came back empty, long before they renew them', async () => {
    const { redis, server, portal, signedIn } = await place();
    const { auth } = await signedIn();
    const token = await auth.getToken();
    await redis.restart();
    const newcomer = portal().auth;
    await until('a new instance has the session', () =>
      newcomer.getToken().then(
        (found) => found === token,
        () => false,
      ),
    );
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
    expect(server.accessTokenIsLive(token)).toBe(true);
  });

  it('do not write tokens that another instance has renewed since: the chain is not revoked', async () => {
    const { redis, server, portal, signedIn } = await place();
    const one = await signedIn();
    const other = portal();
    await other.auth.getToken();
    await one.auth.refresh();
    const own = await one.auth.getToken();
    await until('the other has it', async () => (await other.auth.getToken()) === own);
    await other.auth.refresh();
    const newest = await other.auth.getToken();
    await until('the first one knows it', () => one.auth.peekToken() === newest);
    other.client.disconnect(); // It has ended, and cannot write its tokens.
    await redis.restart();
    const newcomer = portal().auth;
    await until('a new instance has the session', () => newcomer.getToken().then(Boolean, () => false));
    expect(await newcomer.getToken()).toBe(newest);
    await newcomer.refresh();
    expect(server.accessTokenIsLive(await newcomer.getToken())).toBe(true);
    expect(server.count({ grantType: 'refresh_token' })).toBe(3);
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(3);
  });
});

describe('recent commits', () => {
  const commit = (key: string, version = 1) => ({ key, id: key, value: '', version, base: 0, expires: '', due: '' });

  it('are a thousand at most, the newest', () => {
    const recent = new RecentCommits();
    for (let index = 0; index < 1_500; index += 1) recent.add(commit(`session ${index}`));
    recent.add(commit('session 600', 2));
    expect(recent.all).toHaveLength(1_000);
    expect(recent.all[0]?.key).toBe('session 500');
    expect(recent.all.at(-1)).toMatchObject({ key: 'session 600', version: 2 });
    expect(recent.all.filter(({ key }) => key === 'session 600')).toHaveLength(1);
  });

  it('are offered a hundred at a time when the connection is back', async () => {
    const client = Object.assign(new EventEmitter(), { status: 'ready', isCluster: false, options: {} });
    const recent = new RecentCommits();
    for (let index = 0; index < 250; index += 1) recent.add(commit(`session ${index}`));
    const restored: string[] = [];
    let [pending, most] = [0, 0];
    const lostData = new LostData(client as unknown as RedisClient, new Watchers(), recent, {
      versionsOf: async () => ({ origin: '', highest: 0, versions: [] }),
      async restore({ key }) {
        pending += 1;
        most = Math.max(most, pending);
        await new Promise((resolve) => setImmediate(resolve));
        pending -= 1;
        restored.push(key);
      },
    });
    client.emit('ready');
    await until('all are offered', () => restored.length === 250);
    lostData.close();
    expect(most).toBe(100);
    expect(new Set(restored).size).toBe(250);
  });
});
