import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { StorageError } from '@frameio-auth/core';
import type { redisStorage } from '@frameio-auth/storage-redis';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect, failureOf, grant, hashOf, KEY, LONG, open, until, write } from './redis-fixture.js';

const TOKEN = 'fictional-secret-refresh-token';
const PASSWORD = 'fictional-secret-password';
const PREFIX = 'fictional-secret-prefix:';

let server: RedisServer;
let locked: RedisServer;
let replica: RedisServer;
beforeAll(async () => {
  [server, locked, replica] = await Promise.all([
    startRedis({ config: { 'repl-diskless-sync-delay': '0' } }),
    startRedis({ config: { requirepass: PASSWORD } }),
    startRedis(),
  ]);
});
afterAll(() => Promise.all([server, locked, replica].map((one) => one.stop())));

function assertSilent(failure: StorageError): void {
  const shown = [
    failure.message,
    failure.stack,
    JSON.stringify(failure),
    inspect(failure, { depth: 9, showHidden: true }),
  ];
  for (const secret of [TOKEN, PASSWORD, PREFIX, KEY]) {
    for (const form of [
      secret,
      Buffer.from(secret).toString('base64').slice(0, 24),
      Buffer.from(secret).toString('hex'),
    ]) {
      expect(
        shown.some((text) => text?.includes(form)),
        'Whether the error shows what was asked.',
      ).toBe(false);
    }
  }
  expect(failure).not.toHaveProperty('cause');
}

/** Resolves to the error of a commit of a token, which must not show the token. */
async function failureOfCommit(options: Parameters<typeof redisStorage>[0]): Promise<StorageError> {
  const storage = open({ keyPrefix: PREFIX, timeout: LONG, ...options });
  const failure = await failureOf(storage.commit(KEY, { value: TOKEN, expectedVersion: 0 }));
  assertSilent(failure);
  return failure;
}

/** The same for a client without a connection: it has tried once when the commit times out. */
async function failureWithoutConnection(connectIt: () => Redis): Promise<StorageError> {
  const timeout = 900; // Less than a second, which is a single timer for a deadline.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const client = connectIt();
  const failure = failureOfCommit({ client, timeout });
  await once(client, 'error');
  vi.advanceTimersByTime(timeout);
  return failure;
}

describe('an error says what to do, and nothing of what was asked', () => {
  it('NOAUTH: Redis wants a password, and the client has none', async () => {
    const { code, message } = await failureWithoutConnection(() => connect(locked));
    expect([code, message]).toEqual(['NOAUTH', expect.stringContaining('wants a password')]);
  });

  it('WRONGPASS: the client has a password that Redis does not know', async () => {
    const stranger = { username: 'fictional', password: `not ${PASSWORD}` };
    const { code, message } = await failureWithoutConnection(() => connect(locked, stranger));
    expect([code, message]).toEqual(['WRONGPASS', expect.stringContaining('user and password')]);
  });

  it('ECONNREFUSED: nothing listens', async () => {
    await using another = await startRedis();
    await another.kill();
    const { code, message } = await failureWithoutConnection(() => connect(another));
    expect([code, message]).toEqual(['ECONNREFUSED', expect.stringContaining('nothing listens')]);
  });

  it('READONLY: a replica takes no writes, and still reads', async () => {
    await connect(replica).call('REPLICAOF', server.host, String(server.port));
    const client = connect(replica);
    await until('it follows its master', async () =>
      String(await client.info('replication')).includes('link_status:up'),
    );
    const { code, message } = await failureOfCommit({ client });
    expect([code, message]).toEqual(['READONLY', expect.stringContaining('connected to the master')]);
    expect(await open({ client, keyPrefix: PREFIX }).read(KEY)).not.toHaveProperty('record');
  });

  it('CLUSTERDOWN: no node has the slot', async () => {
    await using node = await startRedis({ config: { 'cluster-enabled': 'yes' } });
    const { code, message } = await failureOfCommit({ client: connect(node) });
    expect([code, message]).toEqual(['CLUSTERDOWN', expect.stringContaining('not complete')]);
  });

  it('MISCONF: Redis cannot save its data, and still reads', async () => {
    await using another = await startRedis({ config: { save: '3600 1' } });
    const client = connect(another);
    await mkdir(join(another.directory, 'dump.rdb', 'in-the-way'), { recursive: true });
    await client.bgsave().catch(() => {});
    await until('saving has failed', async () =>
      String(await client.info('persistence')).includes('bgsave_status:err'),
    );
    const { code, message } = await failureOfCommit({ client });
    expect([code, message]).toEqual(['MISCONF', expect.stringContaining('to the disk')]);
    expect(await open({ client, keyPrefix: PREFIX }).read(KEY)).not.toHaveProperty('record');
  });

  it('NOREPLICAS: too few replicas are there', async () => {
    await using another = await startRedis({ config: { 'min-replicas-to-write': '1' } });
    expect((await failureOfCommit({ client: connect(another) })).code).toBe('NOREPLICAS');
  });

  it('WRONGTYPE: something else is under the key', async () => {
    const client = connect(server);
    await client.set(hashOf(PREFIX), 'of another application');
    const { code, message } = await failureOfCommit({ client });
    expect([code, message]).toEqual(['WRONGTYPE', expect.stringContaining('something else')]);
    await client.del(hashOf(PREFIX));
  });

  it('storage_timeout: Redis is there and does not answer', async () => {
    const client = connect(server);
    const keyPrefix = `${randomUUID()}:`;
    const storage = open({ client, keyPrefix, timeout: 50 });
    await write(open({ client, keyPrefix }), 'loads the script', { key: 'another' });
    server.pause();
    const failure = await failureOf(storage.commit(KEY, { value: TOKEN, expectedVersion: 0 }));
    server.resume();
    assertSilent(failure);
    expect(failure.code).toBe('storage_timeout');
  });

  it('NOPERM: the user may do nothing of it', async () => {
    const client = connect(server);
    await client.call('ACL', 'SETUSER', 'fictional-stranger', 'on', `>${PASSWORD}`, '~*', '&*', '+info');
    const stranger = connect(server, { username: 'fictional-stranger', password: PASSWORD });
    expect((await failureOfCommit({ client: stranger })).code).toBe('NOPERM');
  });

  it('the words in a key are not taken for those of Redis', async () => {
    const storage = open({ client: connect(server), keyPrefix: 'READONLY:' });
    const key = 'MOVED OOM CROSSSLOT Connection is closed. MaxRetriesPerRequest';
    const client = connect(server);
    await client.set(hashOf('READONLY:', key), 'of another application');
    expect((await failureOf(storage.read(key))).code).toBe('WRONGTYPE');
  });
});

describe('a Redis with full memory', () => {
  it('takes tokens and tombstones in the place of tokens, and the leases for them, and refuses what is new', async () => {
    await using another = await startRedis({ config: { 'maxmemory-policy': 'noeviction' } });
    const client = connect(another);
    const storage = open({ client });
    const version = await write(storage, 'tokens');
    const over = await write(storage, 'tokens', { key: 'over' });
    const { lease } = await grant(storage, 'one', { ifVersion: version });
    await client.config('SET', 'maxmemory', '1');
    await expect(client.set('fictional', 'value')).rejects.toThrow(/OOM/);

    expect(await storage.renew(lease)).toBe(true);
    const renewed = await write(storage, 'renewed', { expectedVersion: version });
    await storage.release((await grant(storage, 'two', { ifVersion: renewed })).lease);
    const { now } = await storage.read(KEY);
    await write(storage, 'tombstone', { key: 'over', expectedVersion: over, expiresAt: now + LONG });
    expect(await storage.read(KEY)).toMatchObject({ record: { value: 'renewed', version: renewed } });

    for (const refused of [
      write(storage, 'a pending sign-in', { key: 'pending' }),
      storage.lease('unknown', { owner: 'one', ttl: LONG, ifVersion: 0 }),
    ]) {
      const { code, message } = await failureOf(refused);
      expect(code).toBe('OOM');
      expect(message).toMatch(/memory is full.*raise `maxmemory`/);
    }
    const { findings } = await storage.doctor();
    expect(findings.find(({ check }) => check === 'steps')).toMatchObject({ status: 'error' });

    await client.config('SET', 'maxmemory', '0');
    await write(storage, 'a pending sign-in', { key: 'pending' });
  });
});
