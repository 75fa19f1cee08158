import { randomUUID } from 'node:crypto';
import { type RedisCluster, type RedisServer, startRedisCluster } from '@frameio-auth/verification/redis';
import { Cluster, type ClusterOptions } from 'ioredis';
import { Cluster as Cluster5 } from 'ioredis-5';
import { Cluster as Cluster510 } from 'ioredis-5-10';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startForgetfulProcess } from './forgetful-process.js';
import {
  type ClientOptions,
  channelOf,
  connect,
  failureOf,
  grant,
  KEY,
  LONG,
  open,
  until,
  write,
} from './redis-fixture.js';
import { clusterRights } from './redis-permissions.js';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(() => cluster.stop());

type Options = Omit<ClusterOptions, 'redisOptions'> & { redisOptions?: ClientOptions };

function connectCluster(options: Options = {}): Cluster {
  const client = new Cluster([...cluster.nodes], options);
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

function connectCluster5(options: object = {}): Cluster {
  const client = new Cluster5([...cluster.nodes], options) as unknown as Cluster;
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

async function slotOf(channel: string): Promise<number> {
  return (await connect(cluster.nodes[0] as RedisServer).call('CLUSTER', 'KEYSLOT', channel)) as number;
}

describe('in a cluster', () => {
  it.each([
    ['ioredis 6', Cluster],
    ['ioredis 5', Cluster5 as unknown as typeof Cluster],
    ['ioredis 5.10, which takes the name of a script for a key', Cluster510 as unknown as typeof Cluster],
  ])('%s: a client that pipelines by itself reaches all sessions, at once too', async (_line, Line) => {
    const client = new Line([...cluster.nodes], { enableAutoPipelining: true });
    client.on('error', () => {});
    onTestFinished(() => client.disconnect());
    const storage = open({ client, keyPrefix: `${randomUUID()}:` });
    const keys = Array.from({ length: 40 }, (_, index) => `session ${index}`);
    const versions = await Promise.all(keys.map((key) => write(storage, `tokens of ${key}`, { key })));
    const leases = await Promise.all(
      keys.map((key, index) => storage.lease(key, { owner: 'one', ttl: LONG, ifVersion: versions[index] as number })),
    );
    for (const [index, leased] of leases.entries()) {
      expect(leased).toMatchObject({ outcome: 'granted', record: { value: `tokens of ${keys[index]}` } });
    }
    await connect(cluster.nodes[0] as RedisServer).call('SCRIPT', 'FLUSH'); // One node no longer has them.
    for (const reading of await Promise.all(keys.map((key) => storage.read(key)))) expect(reading.record).toBeDefined();
    const { findings } = await storage.doctor();
    expect(findings.filter(({ status }) => status === 'error')).toEqual([]);
  });

  it.each([
    ['ioredis 6', () => connectCluster()],
    ['ioredis 5, which must look for it', () => connectCluster5({ slotsRefreshInterval: 300 })],
  ])('%s: hints come by sharded channels, and again after their slot has moved', async (_line, make) => {
    const keyPrefix = `${randomUUID()}:`;
    const storage = open({ client: make(), keyPrefix });
    const received: number[] = [];
    storage.watch(KEY, (version) => received.push(version));
    const hintsCome = async () => {
      received.length = 0;
      await until('hints come', async () => {
        const reply = await storage.lease(KEY, { owner: 'one', ttl: LONG, ifVersion: 0 });
        if (reply.outcome === 'granted') await storage.release(reply.lease);
        return received.length > 0;
      });
    };
    await hintsCome();
    const channel = channelOf(keyPrefix);
    const slot = await slotOf(channel);
    const has = async () => {
      const master = await cluster.masterOf(slot);
      return (await connect(master).call('PUBSUB', 'SHARDCHANNELS', channel)) as string[];
    };
    expect(await has()).toEqual([channel]);
    await cluster.migrateSlot(slot);
    await hintsCome();
    expect(await has()).toEqual([channel]);
  });

  it('a slot that moves keeps its sessions, and calls that are made meanwhile are answered', async () => {
    const keyPrefix = `${randomUUID()}:`;
    const storage = open({ client: connectCluster(), keyPrefix });
    const version = await write(storage, 'before');
    const { lease } = await grant(storage, 'one', { ifVersion: version });
    const slot = await slotOf(channelOf(keyPrefix));
    await cluster.migrateSlot(slot, {
      async beforeHandOver() {
        expect(await storage.renew(lease)).toBe(true);
        expect(await storage.read(KEY)).toMatchObject({ record: { value: 'before', version } });
      },
    });
    const last = await write(storage, 'after', { expectedVersion: version });
    expect(await storage.read(KEY)).toMatchObject({ record: { value: 'after', version: last } });
  });

  it.each<[string, Options]>([
    ['lazyConnect', { lazyConnect: true }],
    ['enableOfflineQueue: false', { enableOfflineQueue: false }],
    ['enableAutoPipelining', { enableAutoPipelining: true }],
    ['scaleReads: slave', { scaleReads: 'slave' }],
    ['a keyPrefix', { keyPrefix: 'fictional-app:' }],
    ['shardedSubscribers', { shardedSubscribers: true }],
  ])('a client with %s works', async (_name, options) => {
    const storage = open({ client: connectCluster(options), keyPrefix: `${randomUUID()}:` });
    const notified = new Set<string>();
    const keys = Array.from({ length: 20 }, (_, index) => `session ${index}`);
    for (const key of keys) storage.watch(key, () => notified.add(key));
    const versions = await Promise.all(keys.map((key) => write(storage, `value of ${key}`, { key })));
    for (const [index, key] of keys.entries()) {
      const { record } = await storage.read(key);
      expect(record).toEqual({ value: `value of ${key}`, version: versions[index] });
    }
    await until('all are notified', async () => {
      for (const [index, key] of keys.entries()) {
        if (notified.has(key)) continue;
        const reply = await storage.lease(key, { owner: 'one', ttl: LONG, ifVersion: versions[index] ?? 0 });
        if (reply.outcome === 'granted') await storage.release(reply.lease);
      }
      return notified.size === keys.length;
    });
  });

  it('a client of a single server that is a Cluster is reported, by MOVED and by the doctor', async () => {
    const storages = cluster.nodes
      .slice(0, 3)
      .map((node) => open({ client: connect(node), keyPrefix: `${randomUUID()}:` }));
    const failures = await Promise.all(storages.map((storage) => storage.read(KEY).catch((error: unknown) => error)));
    expect(failures).toContainEqual(expect.objectContaining({ code: 'MOVED', name: 'StorageError' }));
    for (const storage of storages) {
      const { healthy, findings } = await storage.doctor();
      expect(healthy).toBe(false);
      expect(findings).toContainEqual(
        expect.objectContaining({ check: 'topology', message: expect.stringContaining('new Cluster') }),
      );
    }
  });

  it('a prefix that takes the hash tag away is refused as CROSSSLOT', async () => {
    const storage = open({ client: connectCluster(), keyPrefix: '{}:' });
    const failure = await failureOf(write(storage, 'never written'));
    expect(failure.code).toBe('CROSSSLOT');
    expect(failure.message).toContain('keyPrefix');
  });

  it('the doctor finds one well set up, but for its persistence', async () => {
    const { healthy, findings } = await open({ client: connectCluster(), keyPrefix: `${randomUUID()}:` }).doctor();
    expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual([
      'connection ok',
      'clock ok',
      'version ok',
      'topology ok',
      'eviction ok',
      'persistence warning',
      'steps ok',
      'due ok',
      'hints ok',
    ]);
    expect(healthy).toBe(true);
  });

  it('the least rights that are documented are enough, without a warning', async () => {
    await Promise.all(
      cluster.nodes.map((node) => connect(node).call('ACL', 'SETUSER', 'fictional-app', ...clusterRights)),
    );
    const redisOptions = { username: 'fictional-app', password: 'fictional-password' };
    for (const client of [connectCluster({ redisOptions }), connectCluster5({ redisOptions })]) {
      const { healthy, findings } = await open({ client }).doctor();
      expect(healthy).toBe(true);
      expect(findings.filter(({ status }) => status !== 'ok').map(({ check }) => check)).toEqual(['persistence']);
    }
  });

  it.each(['quit', 'disconnect'] as const)('a process ends that forgets its storage, after %s()', async (close) => {
    const { end, exited } = await startForgetfulProcess('cluster', close, cluster.nodes[0]?.port ?? 0);
    end();
    expect(await exited).toEqual([0, null]);
  });

  it('what a node loses by a restart is written again', async () => {
    const keyPrefix = `${randomUUID()}:`;
    const storage = open({ client: connectCluster(), keyPrefix });
    const version = await write(storage, 'tokens');
    const master = await cluster.masterOf(await slotOf(channelOf(keyPrefix)));
    await master.restart();
    await until('it is there again', async () => {
      const reading = await storage.read(KEY).catch(() => undefined);
      return reading?.record?.version === version;
    });
  });

  it('a write that a failover loses is made again', async () => {
    const keyPrefix = `${randomUUID()}:`;
    const storage = open({ client: connectCluster(), keyPrefix });
    const slot = await slotOf(channelOf(keyPrefix));
    const first = await write(storage, 'first');
    const master = connect(await cluster.masterOf(slot));
    expect(await master.call('WAIT', '1', '5000')).toBe(1);
    // From now on the replica receives nothing.
    await master.call('ACL', 'SETUSER', 'default', '-sync', '-psync');
    await master.call('CLIENT', 'KILL', 'TYPE', 'replica');
    const second = await write(storage, 'second', { expectedVersion: first });
    await cluster.failover({ slot });
    await until('the write is there again', async () => {
      const reading = await storage.read(KEY).catch(() => undefined);
      return reading?.record?.value === 'second' && reading.record.version === second;
    });
  });
});
