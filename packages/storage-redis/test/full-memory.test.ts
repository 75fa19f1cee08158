import { type RedisServer, startRedis } from '@frameio-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, failureOf, grant, KEY, open, write } from './bench.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis({ config: { 'maxmemory-policy': 'noeviction' } });
});
afterAll(() => server.stop());

describe('while the memory of Redis is full', () => {
  it('tokens replace tokens, and nothing new is begun', async () => {
    const admin = connect(server);
    const storage = open({ client: connect(server) });
    const version = await write(storage, 'tokens');
    const held = await write(storage, 'tokens', { key: 'held' });
    const { lease: old } = await grant(storage, 'one', { ifVersion: version });
    await admin.config('SET', 'maxmemory', '1');

    const failures = [
      await failureOf(write(storage, 'a pending sign-in', { key: 'pending' })),
      await failureOf(storage.lease('nobody', { owner: 'one', ttl: 1000, ifVersion: 0 })),
    ];
    for (const { code, message } of failures) {
      expect(code).toBe('OOM');
      expect(message).toMatch(/memory is full.*raise `maxmemory`/);
    }
    expect(await storage.renew(old)).toBe(true);
    const renewed = await write(storage, 'renewed tokens', { expectedVersion: version });
    const { lease } = await grant(storage, 'two', { ifVersion: renewed });
    await storage.release(lease);
    const tombstone = { key: 'held', expectedVersion: held, expiresAt: Date.now() + 60_000 };
    await write(storage, 'a tombstone', tombstone);
    expect(await storage.read(KEY)).toMatchObject({ record: { value: 'renewed tokens', version: renewed } });
    expect((await storage.doctor()).findings.at(-1)).toMatchObject({ check: 'steps', status: 'error' });

    await admin.config('SET', 'maxmemory', '0');
    await write(storage, 'a pending sign-in', { key: 'pending' });
  });
});
