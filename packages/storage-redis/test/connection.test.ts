import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { redisStorage } from '@frameio-auth/storage-redis';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  type ClientOptions,
  connect,
  failureOf,
  grant,
  hashOf,
  KEY,
  LONG,
  open,
  until,
  write,
} from './redis-fixture.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Returns how many commands ioredis queues until it is connected. */
function queued(client: Redis): number {
  return Reflect.get(client, 'offlineQueue').length;
}

const EVENTS = ['ready', 'end', 'error', 'close', 'connect', 'reconnecting', 'wait', 'message', '+node', '-node'];

function listeners(client: Redis): Record<string, number> {
  return Object.fromEntries(EVENTS.map((event) => [event, client.listenerCount(event)]));
}

describe('a server that does not answer', () => {
  it('is a `storage_timeout` after the time, and a lease that it grants too late is given back', async () => {
    const client = connect(server);
    const [storage, other] = [open({ client, timeout: 200 }), open({ client: connect(server) })];
    // Loads the scripts into Redis: an unknown script is not run after its caller has given up.
    await other.release((await grant(other, 'warm-up')).lease);
    await other.read(KEY);
    await client.ping(); // It is connected: a command that was not sent is not run later either.
    const first = await write(other, 'first', { key: 'another' });
    const version = await write(other, 'before', { key: 'another', expectedVersion: first });
    server.pause();
    try {
      const failures = await Promise.all([
        failureOf(storage.read(KEY)),
        failureOf(storage.lease(KEY, { owner: 'one', ttl: 50, ifVersion: 0 })),
        failureOf(storage.commit('another', { value: 'after', expectedVersion: version })),
      ]);
      expect(failures.map(({ code }) => code)).toEqual(Array(3).fill('storage_timeout'));
      expect(failures[0]?.message).toContain('200 ms');
    } finally {
      server.resume();
    }
    await until('the lease is given back', async () => !(await client.exists(hashOf('frameio-auth:'))));
    await delay(60); // Longer than the lease: if it had not been released, it would be abandoned.
    expect((await grant(other, 'two')).abandoned).toBe(false);
    expect(await other.read('another')).toMatchObject({ record: { value: 'after' } });
  });
});

describe('a server that is down', () => {
  it('is reported as ECONNREFUSED; nothing accumulates in the queue of ioredis, nor on its emitter', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    await using another = await startRedis();
    const client = connect(another, { retryStrategy: () => 20 });
    const patient = open({ client });
    const storage = open({ client, timeout: 300 });
    await patient.read(KEY);
    const before = listeners(client);
    await another.kill();
    await until('the client has noticed', () => client.status === 'reconnecting');
    const failures = Promise.all(Array.from({ length: 200 }, (_, index) => failureOf(storage.read(`${KEY}/${index}`))));
    for (const [event, count] of Object.entries(listeners(client))) {
      expect(count, event).toBeLessThanOrEqual((before[event] ?? 0) + 1);
    }
    expect(new Set((await failures).map(({ code }) => code))).toEqual(new Set(['ECONNREFUSED']));
    expect(queued(client)).toBe(0);
    await another.start();
    await write(patient, 'afterwards');
    expect(listeners(client)).toEqual(before);
    expect(warnings).toEqual([]);
  });

  it('may come up while it is waited for', async () => {
    await using another = await startRedis();
    await another.kill();
    const storage = open({ client: connect(another, { retryStrategy: () => 20 }), timeout: LONG });
    const writing = write(storage, 'patience');
    const reading = storage.read('another');
    await delay(100);
    await another.start();
    expect(await writing).toBeGreaterThan(0);
    expect(await reading).not.toHaveProperty('record');
  });

  it('is reported for a client that waits for no connection, and does not keep its commands', async () => {
    await using another = await startRedis();
    await another.kill();
    const client = connect(another, { lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => 20 });
    const storage = open({ client, timeout: 200 });
    expect((await failureOf(write(storage, 'never written'))).code).toBe('ECONNREFUSED');
    await another.start();
    await until('the client is connected', () => client.status === 'ready');
    expect(await open({ client }).read(KEY)).not.toHaveProperty('record');
  });
});

describe('a client that the application closed', () => {
  it.each(['quit', 'disconnect'] as const)('by %s() is `connection_closed`, at once', async (close) => {
    const client = connect(server);
    // A call that waited for a connection, or for its time, would not end within the test.
    const storage = open({ client, timeout: LONG * 60 });
    await storage.read(KEY);
    const ended = once(client, 'end');
    await client[close]();
    await ended;
    expect((await failureOf(storage.read(KEY))).code).toBe('connection_closed');
    storage.watch(KEY, () => {})();
  });

  it('is `connection_closed` for those who wait, too, as when the client gives up', async () => {
    await using another = await startRedis();
    await another.kill();
    const client = connect(another, { retryStrategy: (times) => (times > 3 ? null : 20) });
    const storage = open({ client });
    const failures = [failureOf(storage.read(KEY)), failureOf(storage.read('another'))];
    expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(['connection_closed', 'connection_closed']);
  });
});

describe('a storage that is closed', () => {
  it('leaves no listener on the client, and no connection, and the client as it was', async () => {
    const client = connect(server, { connectionName: 'fictional-leftovers' });
    await client.ping();
    const before = listeners(client);
    const storage = open({ client });
    let received = 0;
    storage.watch(KEY, () => {
      received += 1;
    });
    const version = await write(storage, 'value');
    await until('the hint is received', async () => {
      await storage.release((await grant(storage, 'one', { ifVersion: version })).lease);
      return received > 0;
    });
    await storage.close();
    expect(listeners(client)).toEqual(before);
    await until('the connection for hints is closed', async () => {
      return String(await client.client('LIST')).split('fictional-leftovers').length === 2;
    });
    expect(await client.ping()).toBe('PONG');
    await client.del(hashOf('frameio-auth:'));
  });

  it('leaves no listener when calls were waiting for a connection, and tells them', async () => {
    await using another = await startRedis();
    await another.kill();
    const client = connect(another, { retryStrategy: () => 20 });
    const before = listeners(client);
    const storage = open({ client });
    const failure = failureOf(storage.read(KEY));
    await storage.close();
    expect((await failure).code).toBe('storage_closed');
    expect(listeners(client)).toEqual(before);
  });
});

/** Client options that an application may set, and that the storage must support. */
const options: Readonly<Record<string, ClientOptions>> = {
  lazyConnect: { lazyConnect: true },
  'enableOfflineQueue: false': { enableOfflineQueue: false },
  'lazyConnect without a queue': { lazyConnect: true, enableOfflineQueue: false },
  'maxRetriesPerRequest: 1': { maxRetriesPerRequest: 1 },
  'maxRetriesPerRequest: null': { maxRetriesPerRequest: null },
  enableAutoPipelining: { enableAutoPipelining: true },
  stringNumbers: { stringNumbers: true },
  'enableReadyCheck: false': { enableReadyCheck: false },
  'autoResubscribe: false': { autoResubscribe: false },
  'autoResendUnfulfilledCommands: false': { autoResendUnfulfilledCommands: false },
  commandTimeout: { commandTimeout: LONG },
  socketTimeout: { socketTimeout: LONG },
  keyPrefix: { keyPrefix: 'fictional-app:' },
  connectionName: { connectionName: 'fictional-app' },
  'db: 3': { db: 3 },
};

const lines = {
  'ioredis 6': (more: ClientOptions) => new Redis({ port: server.port, ...more }),
  'ioredis 6, RESP2': (more: ClientOptions) => new Redis({ port: server.port, protocol: 2, ...more }),
  'ioredis 6, RESP3 as it is': (more: ClientOptions) => {
    return new Redis({ port: server.port, protocol: 3, replyMapping: 'resp3', ...more });
  },
  'ioredis 5': (more: ClientOptions) => new Redis5({ port: server.port, ...(more as object) }) as unknown as Redis,
};

describe.each(Object.entries(lines))('a client of %s', (_line, make) => {
  it.concurrent.each(Object.entries(options))('works with %s', async (_name, more) => {
    const client = make(more);
    const storage = redisStorage({ client, keyPrefix: `${randomUUID()}:`, timeout: LONG });
    try {
      const received: number[] = [];
      storage.watch(KEY, (version) => received.push(version));
      const { lease, abandoned } = await grant(storage, 'one');
      expect(abandoned).toBe(false);
      expect(await storage.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: 0 })).toHaveProperty('outcome', 'held');
      expect(await storage.renew(lease)).toBe(true);
      const version = await write(storage, 'value');
      expect(version).toBeGreaterThan(1_500_000_000_000);
      const { now } = await storage.read(KEY);
      expect(await storage.read('another')).toEqual({ now: expect.any(Number) });
      expect(await storage.commit(KEY, { value: 'value', expectedVersion: 0 })).toEqual({
        outcome: 'conflict',
        record: { value: 'value', version },
        now: expect.any(Number),
      });
      await until('a hint is received', async () => {
        await storage.release((await grant(storage, 'one', { ifVersion: version })).lease);
        return received.includes(version);
      });
      await write(storage, '', { expectedVersion: version, expiresAt: now - 1 });
    } finally {
      await storage.close();
      client.disconnect();
    }
  });
});
