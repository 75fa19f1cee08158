import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startForgetfulProcess } from './forgetful-process.js';
import { startProxyWithoutPubSub } from './proxy.js';
import { channelOf, connect, grant, KEY, open, until, write } from './redis-fixture.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Counts the connections with a name in Redis, by kind. */
async function connectionsOf(admin: Redis, name: string): Promise<{ all: number; subscribed: number }> {
  const lines = String(await admin.client('LIST'))
    .split('\n')
    .filter((line) => line.includes(` name=${name} `));
  return { all: lines.length, subscribed: lines.filter((line) => / sub=[1-9]/.test(line)).length };
}

/** Opens two storages of the same prefix, and records the hints of the first. */
function watching(client: Redis, keyPrefix = `${randomUUID()}:`) {
  const storage = open({ client, keyPrefix });
  const received: number[] = [];
  storage.watch(KEY, (version) => received.push(version));
  return { storage, received, keyPrefix };
}

describe('hints', () => {
  it('come by one connection for all sessions of a storage, which is made by the first that watches', async () => {
    const name = 'fictional-connections';
    const client = connect(server, { connectionName: name });
    const admin = connect(server);
    const storage = open({ client, keyPrefix: `${randomUUID()}:` });
    await storage.read(KEY);
    expect(await connectionsOf(admin, name)).toEqual({ all: 1, subscribed: 0 });
    const notified = new Set<string>();
    const keys = Array.from({ length: 300 }, (_, index) => `session ${index}`);
    for (const key of keys) storage.watch(key, () => notified.add(key));
    await until('all are notified', async () => {
      for (const key of keys) {
        if (notified.has(key)) continue;
        const reply = await storage.lease(key, { owner: 'one', ttl: 60_000, ifVersion: 0 });
        if (reply.outcome === 'granted') await storage.release(reply.lease);
      }
      return notified.size === keys.length;
    });
    expect(await connectionsOf(admin, name)).toEqual({ all: 2, subscribed: 1 });
  });

  it('notify only the session of their key, although others share its channel', async () => {
    const { storage, received } = watching(connect(server));
    const version = await write(storage, 'value');
    await until('the hint is received', async () => {
      await storage.release((await grant(storage, 'one', { ifVersion: version })).lease);
      return received.length > 0;
    });
    for (let index = 0; index < 200; index += 1) await write(storage, 'value', { key: `session ${index}` });
    const last = await write(storage, 'last', { expectedVersion: version });
    await until('the last hint is received', () => received.at(-1) === last);
    expect(new Set(received)).toEqual(new Set([version, last]));
  });

  it('come again after their connection was killed, also where the client is not to subscribe again', async () => {
    const { storage, received } = watching(connect(server, { autoResubscribe: false }));
    const version = await write(storage, 'first');
    await until('hints come', async () => {
      await storage.release((await grant(storage, 'one', { ifVersion: version })).lease);
      return received.length > 0;
    });
    await connect(server).call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    received.length = 0;
    await until('hints come again', async () => {
      await storage.release((await grant(storage, 'one', { ifVersion: version })).lease);
      return received.length > 0;
    });
  });

  it('come again after a restart of Redis that lasts, and after the client was closed and connected again', async () => {
    await using another = await startRedis({ persistence: 'always' });
    const client = connect(another, { retryStrategy: () => 20 });
    const { storage, received } = watching(client);
    const hintsCome = async () => {
      received.length = 0;
      await until('hints come', async () => {
        await storage.release((await grant(storage, 'one')).lease);
        return received.length > 0;
      });
    };
    await hintsCome();
    await another.restart({ downtime: 300 });
    await hintsCome();
    client.disconnect();
    await once(client, 'end');
    await client.connect();
    await hintsCome();
  });

  it('of another database name a version that is not that of the record, and do nothing to it', async () => {
    const keyPrefix = `${randomUUID()}:`;
    const { received } = watching(connect(server), keyPrefix);
    const elsewhere = open({ client: connect(server, { db: 3 }), keyPrefix });
    const { storage } = { storage: open({ client: connect(server), keyPrefix }) };
    const version = await write(elsewhere, 'in database 3');
    await until('the hint is received', async () => {
      await elsewhere.release((await grant(elsewhere, 'one', { ifVersion: version })).lease);
      return received.length > 0;
    });
    expect(await storage.read(KEY)).not.toHaveProperty('record');
  });

  it('that this storage did not send are not passed on', async () => {
    const keyPrefix = `${randomUUID()}:`;
    const client = connect(server);
    const { storage, received } = watching(client, keyPrefix);
    const version = await write(storage, 'value');
    await until('hints come', async () => {
      await storage.release((await grant(storage, 'one', { ifVersion: version })).lease);
      return received.length > 0;
    });
    for (const message of ['', ':', 'nonsense', `nonsense:${KEY}`, `NaN:${KEY}`, `1e400:${KEY}`, '7:another']) {
      await client.publish(channelOf(keyPrefix), message);
    }
    const last = await write(storage, 'last', { expectedVersion: version });
    await until('the last hint is received', () => received.at(-1) === last);
    expect(new Set(received)).toEqual(new Set([version, last]));
  });
});

describe('many storages on one client', () => {
  it('share one connection for hints and one listener an event, and leave nothing when the last one is closed', async () => {
    const warnings: string[] = [];
    const warn = ({ message }: Error) => void warnings.push(message);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const name = 'fictional-many';
    const [client, admin] = [connect(server, { connectionName: name }), connect(server)];
    const count = () => ['ready', 'end', 'error'].map((event) => client.listenerCount(event));
    const before = count();
    const prefix = randomUUID();
    const places = Array.from({ length: 20 }, (_, index) => watching(client, `${prefix}:${index % 10}:`));
    expect(Math.max(...count().map((now, index) => now - (before[index] as number)))).toBe(1);
    const heardByAll = async () => {
      for (const { storage } of places) {
        const reply = await storage.lease(KEY, { owner: 'one', ttl: 60_000, ifVersion: 0 });
        if (reply.outcome === 'granted') await storage.release(reply.lease);
      }
      return places.every(({ received }) => received.length > 0);
    };
    await until('all learn of changes', heardByAll);
    expect(await connectionsOf(admin, name)).toEqual({ all: 2, subscribed: 1 });

    const [last, ...others] = places as [(typeof places)[0], ...typeof places];
    for (const { storage } of others) await storage.close();
    for (const { received } of places) received.length = 0;
    await until('the last one hears of changes', async () => {
      await last.storage.release((await grant(last.storage, 'one')).lease);
      return last.received.length > 0;
    });
    expect(others.every(({ received }) => received.length === 0)).toBe(true);
    await last.storage.close();
    await last.storage.close();
    await until('the connection is gone', async () => (await connectionsOf(admin, name)).all === 1);
    expect(count()).toEqual(before);
    expect(warnings).toEqual([]);
  });

  it('come again by one new connection for storages that are opened after the last one was closed', async () => {
    const name = 'fictional-reopened';
    const [client, admin] = [connect(server, { connectionName: name }), connect(server)];
    for (const expected of ['first', 'second']) {
      const places = [watching(client), watching(client)];
      for (const { storage, received } of places) {
        await until(`a storage of the ${expected} pair is notified`, async () => {
          await storage.release((await grant(storage, 'one')).lease);
          return received.length > 0;
        });
      }
      expect(await connectionsOf(admin, name)).toEqual({ all: 2, subscribed: 1 });
      for (const { storage } of places) await storage.close();
      await until('the connection is closed', async () => (await connectionsOf(admin, name)).all === 1);
    }
  });
});

describe('a proxy without pub/sub', () => {
  it.each([
    ['that closes the connection', 'closes', /closed whenever it subscribes.*proxy/],
    ['that answers with an error', 'refuses', /refused.*proxy/],
  ] as const)('%s is asked a few times, then left alone, and the doctor says why', async (_, manner, reason) => {
    const proxy = await startProxyWithoutPubSub(server, manner);
    const client = connect(proxy, { enableReadyCheck: false, disableClientInfo: true });
    const { storage } = watching(client);
    await write(storage, 'first');
    await until('it was asked a few times', () => proxy.subscriptions >= 5);
    const version = await write(storage, 'second', { key: 'another' });
    for (const key of ['one', 'two', 'three']) storage.watch(key, () => {});
    const { healthy, findings } = await storage.doctor();
    expect(proxy.subscriptions).toBe(5);
    expect(proxy.connections).toBeLessThanOrEqual(6);
    expect(healthy).toBe(true);
    expect(findings.find(({ check }) => check === 'hints')).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(reason),
    });
    expect(await storage.read('another')).toMatchObject({ record: { value: 'second', version } });
  });
});

describe('a process that forgets to close its storage', () => {
  it.each(['quit', 'disconnect'] as const)('ends when its client is closed by %s()', async (close) => {
    const { end, exited } = await startForgetfulProcess('server', close, server.port);
    end();
    expect(await exited).toEqual([0, null]);
  });

  it('ends when its client is closed while Redis is down', async () => {
    await using another = await startRedis();
    const { end, exited } = await startForgetfulProcess('server', 'disconnect', another.port);
    await another.kill();
    end();
    expect(await exited).toEqual([0, null]);
  });
});
