import { existsSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisSentinel, startRedisSentinel } from '../../redis/index.ts';
import { ask } from '../../redis/redis-admin.ts';
import { roleOf } from './client.ts';

let group: RedisSentinel;

beforeAll(async () => {
  group = await startRedisSentinel({ config: { maxmemory: '64mb' } });
});

afterAll(() => group.stop());

describe('a master with replicas and sentinels', () => {
  it('is found by a client that asks the sentinels', async () => {
    const client = new Redis({ name: group.name, sentinels: [...group.sentinels] });

    await client.set('written', 'to the master');

    expect(await client.wait(2, 5000)).toBe(2);
    client.disconnect();
    const master = await group.master();
    expect(await ask(master, 'GET', 'written')).toBe('to the master');
    expect(master).toBe(group.servers[0]);
  });

  it('takes directives for its servers', async () => {
    const settings = await Promise.all(group.servers.map((server) => ask(server, 'CONFIG', 'GET', 'maxmemory')));

    expect(settings).toEqual(group.servers.map(() => ['maxmemory', String(64 * 1024 * 1024)]));
  });

  it('has another master after a failover that was asked for, and the old one follows it', async () => {
    const old = await group.master();

    const master = await group.failover({ how: 'ask' });

    expect(master.port).not.toBe(old.port);
    // A sentinel that has not finished this never would, if the new master died now.
    const views = await Promise.all(group.sentinels.map((one) => ask(one, 'SENTINEL', 'MASTER', group.name)));
    expect(views.map((view) => String(view).includes('failover_in_progress'))).toEqual([false, false, false]);
    expect(await ask(master, 'SET', 'written', 'to the new master')).toBe('OK');
    await expect.poll(() => roleOf(old)).toBe('slave');
  });

  it('has another master after the death of the present one, and what it had replicated; the dead one follows it when it is back', async () => {
    const old = await group.master();

    const master = await group.failover({ how: 'kill' });

    expect(old.pid).toBeUndefined();
    expect(master.port).not.toBe(old.port);
    expect(await ask(master, 'GET', 'written')).toBe('to the new master');
    expect(await ask(master, 'SET', 'written', 'again')).toBe('OK');
    expect(await group.master()).toBe(master);

    await old.start();
    await expect.poll(() => roleOf(old)).toBe('slave');
  });

  it('leaves no process and no directory', async () => {
    const all = [...group.servers, ...group.sentinels];

    await group.stop();

    expect(all.map(({ pid }) => pid)).toEqual(all.map(() => undefined));
    expect(all.filter(({ directory }) => existsSync(directory))).toEqual([]);
  });
});
