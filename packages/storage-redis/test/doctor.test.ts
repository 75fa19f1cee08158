import { randomUUID } from 'node:crypto';
import { redisStorage } from '@frameio-auth/storage-redis';
import { type RedisSentinel, type RedisServer, startRedis, startRedisSentinel } from '@frameio-auth/verification/redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientOptions, connect, open, until } from './redis-fixture.js';
import { serverRights } from './redis-permissions.js';

let durable: RedisServer;
let sentinel: RedisSentinel;
beforeAll(async () => {
  [durable, sentinel] = await Promise.all([startRedis({ persistence: 'always' }), startRedisSentinel()]);
});
afterAll(() => Promise.all([durable.stop(), sentinel.stop()]));

/** Returns the doctor's diagnosis of a server, after checking that nothing of it remains. */
async function diagnosisOf(server: RedisServer, options: ClientOptions = {}, timeout = 5_000) {
  const client = connect(server, options);
  const diagnosis = await open({ client, timeout }).doctor();
  const statuses = Object.fromEntries(diagnosis.findings.map(({ check, status }) => [check, status]));
  const messages = Object.fromEntries(diagnosis.findings.map(({ check, message }) => [check, message]));
  return { ...diagnosis, client, statuses, messages };
}

const fine = {
  connection: 'ok',
  clock: 'ok',
  version: 'ok',
  topology: 'ok',
  eviction: 'ok',
  persistence: 'ok',
  steps: 'ok',
  due: 'ok',
  hints: 'ok',
};

describe('the doctor', () => {
  it('finds nothing wrong with a server that is set up well, and leaves no session there', async () => {
    const { healthy, statuses, latency, clockOffset, client } = await diagnosisOf(durable);
    expect(statuses).toEqual(fine);
    expect(healthy).toBe(true);
    expect(latency).toBeGreaterThan(0);
    // On one machine the offset is only the duration of the call.
    expect(Math.abs(clockOffset ?? Infinity)).toBeLessThan(60_000);
    const left = async () => (await client.keys('*')).filter((key) => !key.endsWith('.mark'));
    await until('nothing is left but marks', async () => (await left()).length === 0);
  });

  it('warns of a server without an append-only file', async () => {
    await using server = await startRedis();
    const { healthy, statuses, messages } = await diagnosisOf(server);
    expect(statuses).toEqual({ ...fine, persistence: 'warning' });
    expect(messages['persistence']).toContain('appendonly yes');
    expect(healthy).toBe(true);
  });

  it('warns of a limit on memory that would evict sessions, and of none that would not', async () => {
    const admin = connect(durable);
    await admin.config('SET', 'maxmemory', '100mb');
    for (const policy of ['allkeys-lru', 'volatile-ttl', 'volatile-lru', 'allkeys-random']) {
      await admin.config('SET', 'maxmemory-policy', policy);
      const { statuses, messages } = await diagnosisOf(durable);
      expect(statuses).toEqual({ ...fine, eviction: 'warning' });
      expect(messages['eviction']).toContain(policy);
      expect(messages['eviction']).toContain('noeviction');
    }
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    expect((await diagnosisOf(durable)).statuses).toEqual(fine);
    await admin.config('SET', 'maxmemory', '0');
  });

  it('refuses a replica, and tells of the replicas of a master', async () => {
    const master = await sentinel.master();
    const replica = sentinel.servers.find((server) => server !== master) as RedisServer;
    const asked = await diagnosisOf(replica);
    expect(asked.healthy).toBe(false);
    expect(asked.statuses).toMatchObject({ connection: 'ok', topology: 'error', steps: 'error' });
    expect(asked.messages['topology']).toContain('connect to the master');
    const { statuses, messages } = await diagnosisOf(master);
    expect(statuses).toMatchObject({ topology: 'ok', steps: 'ok' });
    expect(messages['topology']).toContain('2 replicas');
  });

  it('knows a sentinel that is taken for a server', async () => {
    const { healthy, messages, statuses } = await diagnosisOf(sentinel.sentinels[0] as RedisServer);
    expect(healthy).toBe(false);
    expect(statuses).toEqual({ connection: 'error', topology: 'error' });
    expect(messages['topology']).toContain('`sentinels` and `name`');
  });

  it('says what it could not see when the user may not run INFO', async () => {
    const username = `fictional-${randomUUID()}`;
    const rights = serverRights.filter((right) => right !== '+info');
    await connect(durable).call('ACL', 'SETUSER', username, ...rights);
    const user = { username, password: 'fictional-password', enableReadyCheck: false };
    const { healthy, statuses, messages } = await diagnosisOf(durable, user);
    const unseen = { version: 'warning', topology: 'warning', eviction: 'warning', persistence: 'warning' };
    expect(statuses).toEqual({ ...fine, ...unseen });
    expect(messages['persistence']).toContain('INFO');
    expect(healthy).toBe(true);
  });

  it('tells of a server that is down, of one that does not answer, and of a storage that was closed', async () => {
    await using server = await startRedis();
    const storage = redisStorage({ client: connect(server) });
    await storage.close();
    expect((await storage.doctor()).findings).toEqual([
      { check: 'connection', status: 'error', message: expect.stringContaining('closed') },
    ]);
    server.pause();
    const silent = await diagnosisOf(server, {}, 300);
    server.resume();
    expect(silent).toMatchObject({ healthy: false, statuses: { connection: 'error' } });
    expect(silent).not.toHaveProperty('latency');
    await server.kill();
    const down = await diagnosisOf(server, { retryStrategy: () => 20 }, 300);
    expect(down).toMatchObject({ healthy: false, statuses: { connection: 'error' } });
    expect(down.messages['connection']).toContain('ECONNREFUSED');
  });
});
