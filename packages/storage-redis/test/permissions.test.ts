import { randomUUID } from 'node:crypto';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect, failureOf, grant, KEY, open, write } from './redis-fixture.js';
import { serverRights } from './redis-permissions.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Returns the options of a client with a user that has only the listed permissions. */
async function userWith(rights: readonly string[]) {
  const username = `fictional-${randomUUID()}`;
  await connect(server).call('ACL', 'SETUSER', username, ...rights);
  return { host: server.host, port: server.port, username, password: 'fictional-password' };
}

describe('the least rights that are documented', () => {
  it('are enough, without a warning of any kind', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const user = await userWith(serverRights);
    for (const client of [new Redis(user), new Redis5(user) as unknown as Redis, new Redis({ ...user, protocol: 2 })]) {
      onTestFinished(() => client.disconnect());
      const { healthy, findings } = await open({ client }).doctor();
      expect(healthy).toBe(true);
      expect(findings.filter(({ status }) => status !== 'ok').map(({ check }) => check)).toEqual(['persistence']);
    }
    expect(warn).not.toHaveBeenCalled();
  });

  it('are the least: the doctor misses each of them', async () => {
    // Clients for Redis 6 skip their INFO check with a warning if they lack the permission.
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const commands = serverRights.filter((right) => right.startsWith('+'));
    const missed = await Promise.all(
      commands.map(async (command) => {
        const client = connect(server, await userWith(serverRights.filter((right) => right !== command)));
        // An empty Redis: one that already has the scripts needs no +eval.
        await connect(server).script('FLUSH');
        const { findings } = await open({ client }).doctor();
        return [command, findings.some(({ check, status }) => check !== 'persistence' && status !== 'ok')];
      }),
    );
    expect(missed.filter(([command, miss]) => !miss && command !== '+eval')).toEqual([]);
  });

  it('that are not granted to one user take no session of another from the list of due ones', async () => {
    const full = open({ client: connect(server, await userWith(serverRights)) });
    const less = open({ client: connect(server, await userWith(serverRights.filter((right) => right !== '+zrange'))) });
    const write = async (storage: TokenStorage, key: string, expectedVersion: number, dueAt?: number) => {
      const reply = await storage.commit(key, { value: 'tokens', expectedVersion, ...(dueAt && { dueAt }) });
      return reply.outcome === 'committed' ? reply.version : expect.fail(reply.outcome);
    };
    // In one folder, and enough of them that each shard has some of both.
    const keys = Array.from({ length: 64 }, (_, index) => `shared/${index}`);
    for (const key of keys) {
      await write(full, `${key}-kept`, 0, 1);
      await write(less, key, await write(less, key, 0, 1));
    }

    const { keys: listed } = await full.due({ prefix: 'shared/', limit: 1_000 });

    expect(listed.toSorted()).toEqual(keys.map((key) => `${key}-kept`).toSorted());
  });

  it('without those on channels are enough as well, but for hints', async () => {
    const rights = serverRights.filter((right) => !['&frameio-auth:*', '+publish', '+subscribe'].includes(right));
    const client = connect(server, await userWith([...rights, 'resetchannels']));
    const storage = open({ client });
    storage.watch(KEY, () => {});
    const version = await write(storage, 'first');
    const { lease } = await grant(storage, 'one', { ifVersion: version });
    expect(await storage.renew(lease)).toBe(true);
    const { now } = await storage.read(KEY);
    await write(storage, 'last', { expectedVersion: version, expiresAt: now - 1 });
    const { healthy, findings } = await storage.doctor();
    expect(healthy).toBe(true);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'hints', status: 'warning' }));
  });
});

describe('rights that are missing', () => {
  it.each(['+zadd', '+zrem', '+zrange'])('to what is due cost no tokens: %s', async (missing) => {
    const client = connect(server, await userWith(serverRights.filter((right) => right !== missing)));
    const storage = open({ client });
    const { now } = await storage.read(KEY);
    const version = await write(storage, 'before', { dueAt: now });
    const after = await write(storage, 'after', { expectedVersion: version });
    expect(await storage.read(KEY)).toMatchObject({ record: { value: 'after', version: after } });
    const { healthy, findings } = await storage.doctor();
    expect(healthy).toBe(true);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'due', status: 'warning' }));
    await connect(server).flushall();
  });

  it('to keys are NOPERM', async () => {
    const client = connect(server, await userWith(serverRights));
    expect((await failureOf(open({ client, keyPrefix: 'elsewhere:' }).read(KEY))).code).toBe('NOPERM');
  });

  it.each(['+evalsha', '+hmget', '+hset', '+hdel'])(
    'to a command are NOPERM, and lose nothing: %s',
    async (missing) => {
      const admin = connect(server);
      const storage = open({ client: admin });
      const { now } = await storage.read(KEY);
      const version = await write(storage, 'before', { expiresAt: now + 60_000 });
      const client = connect(server, await userWith(serverRights.filter((right) => right !== missing)));
      const failure = await failureOf(open({ client }).commit(KEY, { value: 'after', expectedVersion: version }));
      expect(failure.code).toBe('NOPERM');
      expect(failure.message).toContain('README');
      const { record } = await storage.read(KEY);
      expect(['before', 'after']).toContain(record?.value);
      await admin.flushall();
    },
  );
});
