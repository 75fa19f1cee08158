/*
 * Runs in a project that installed the packed packages: the whole contract of the storages over the platform and over
 * the network. There is no test runner, which would take as much processor time as the storages.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type StorageUnderTest, storageContract } from '@frameio-auth/conformance';
import { fileStorage } from '@frameio-auth/storage-file';
import { redisStorage } from '@frameio-auth/storage-redis';
import { manualClock } from '@frameio-auth/testing';
import { startRedis } from '@frameio-auth/verification/redis';
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

const redis = await startRedis();
const clients = [new Redis(redis.url), new Redis(redis.url)] as const;

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

/** Checks every clause, a few at a time: many wait for a lease or a record to expire. */
async function keepContract(name: string, create: () => Promise<StorageUnderTest>): Promise<void> {
  const clauses = [...storageContract({ name, create })];
  assert.notEqual(clauses.length, 0);
  const checkSome = async () => {
    for (let clause = clauses.shift(); clause !== undefined; clause = clauses.shift()) {
      const { id, rule, check } = clause;
      await check().catch((cause) => {
        throw new Error(`${name} breaks ${id}: ${rule}`, { cause });
      });
    }
  };
  await Promise.all(Array.from({ length: 4 }, checkSome));
}

await keepContract('fileStorage', createFiles);
await keepContract('redisStorage', createRedis);
for (const client of clients) client.disconnect();
await redis.stop();
