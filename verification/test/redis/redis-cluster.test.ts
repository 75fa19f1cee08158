import { existsSync } from 'node:fs';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisCluster, startRedisCluster } from '../../redis/index.ts';
import { ask } from '../../redis/redis-admin.ts';
import { roleOf } from './client.ts';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
});

afterAll(() => cluster.stop());

/** The slot of the key `foo`, by the specification of Redis Cluster. */
const SLOT = 12_182;

describe('a cluster', () => {
  it('has every slot, on three masters with a replica each', async () => {
    for (const node of cluster.nodes) {
      const info = await ask(node, 'CLUSTER', 'INFO');
      expect(info).toContain('cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:16384\r\n');
      expect(info).toContain('cluster_known_nodes:6\r\ncluster_size:3\r\n');
    }
    const roles = await Promise.all(cluster.nodes.map(roleOf));
    expect(roles).toEqual(['master', 'master', 'master', 'slave', 'slave', 'slave']);
  });

  it('moves a slot with its keys, and redirects clients in the meantime and afterwards', async () => {
    const client = new Cluster([...cluster.nodes]);
    await client.set('foo', 'moved');
    const from = await cluster.masterOf(SLOT);
    const to = cluster.nodes.find((node) => node !== from) ?? from;
    let inBetween: unknown;

    const master = await cluster.migrateSlot(SLOT, {
      to,
      async beforeHandOver() {
        await expect(ask(from, 'GET', 'foo')).rejects.toThrow(`ASK ${SLOT} 127.0.0.1:${to.port}`);
        inBetween = await client.get('foo');
      },
    });

    expect(master).toBe(to);
    expect(await cluster.masterOf(SLOT)).toBe(to);
    expect(inBetween).toBe('moved');
    expect(await ask(to, 'GET', 'foo')).toBe('moved');
    await expect(ask(from, 'GET', 'foo')).rejects.toThrow(`MOVED ${SLOT} 127.0.0.1:${to.port}`);
    expect(await client.get('foo')).toBe('moved');
    client.disconnect();
  });

  it('moves a slot to any other master when none is named, and to no replica', async () => {
    const from = await cluster.masterOf(1);

    const master = await cluster.migrateSlot(1);

    expect(master).not.toBe(from);
    expect(await ask(from, 'CLUSTER', 'COUNTKEYSINSLOT', '1')).toBe(0);
    const replica = cluster.nodes[5];
    await expect(cluster.migrateSlot(1, replica && { to: replica })).rejects.toThrow('to a master of its cluster');
  });

  it('promotes a replica on request, and after the death of its master, which then follows the new master', async () => {
    const first = await cluster.masterOf(SLOT);

    const second = await cluster.failover({ how: 'ask', slot: SLOT });
    expect(second).not.toBe(first);
    expect(await ask(second, 'GET', 'foo')).toBe('moved');

    const third = await cluster.failover({ how: 'kill', slot: SLOT });
    expect(third).toBe(first);
    expect(second.pid).toBeUndefined();
    expect(await ask(third, 'GET', 'foo')).toBe('moved');

    await second.start();
    await expect.poll(() => roleOf(second)).toBe('slave');
  });

  it('leaves no process and no directory', async () => {
    await cluster.stop();

    expect(cluster.nodes.map(({ pid }) => pid)).toEqual(cluster.nodes.map(() => undefined));
    expect(cluster.nodes.filter(({ directory }) => existsSync(directory))).toEqual([]);
  });
});
