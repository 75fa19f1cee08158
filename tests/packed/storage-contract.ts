/*
 * Runs in a project that installed the packed packages: the whole contract of the storages over the platform and over
 * the network, without this repository's test runner.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileStorage } from '@frameio-auth/storage-file';
import { redisStorage } from '@frameio-auth/storage-redis';
import {
  manualClock,
  type RedisServer,
  type StorageUnderTest,
  startRedis,
  storageContract,
} from '@frameio-auth/testing';
import { Redis } from 'ioredis';

async function createFiles(): Promise<StorageUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'frameio-auth-'));
  const clock = manualClock();
  const [storage, other] = [fileStorage({ directory, clock }), fileStorage({ directory, clock })];
  return {
    storage,
    another: async () => other,
    advance: (ms) => clock.advance(ms),
    async dispose() {
      await Promise.all([storage.close(), other.close()]);
      await rm(directory, { recursive: true });
    },
  };
}

let redis: RedisServer;
let clients: readonly [Redis, Redis];

async function createRedis(): Promise<StorageUnderTest> {
  const keyPrefix = `${randomUUID()}:`;
  const [storage, other] = [
    redisStorage({ client: clients[0], keyPrefix }),
    redisStorage({ client: clients[1], keyPrefix }),
  ];
  return {
    storage,
    another: async () => other,
    advance: (ms) => delay(ms),
    async dispose() {
      await Promise.all([storage.close(), other.close()]);
    },
  };
}

describe('fileStorage keeps the contract', { concurrency: 4 }, () => {
  for (const { id, rule, check } of storageContract({ name: 'fileStorage', create: createFiles })) {
    it(`${id}: ${rule}`, check);
  }
});

describe('redisStorage keeps the contract', { concurrency: 4 }, () => {
  before(async () => {
    redis = await startRedis();
    clients = [new Redis(redis.url), new Redis(redis.url)];
  });
  after(async () => {
    for (const client of clients) client.disconnect();
    await redis.stop();
  });
  for (const { id, rule, check } of storageContract({ name: 'redisStorage', create: createRedis })) {
    it(`${id}: ${rule}`, check);
  }
});
