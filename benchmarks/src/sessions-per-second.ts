import { randomBytes } from 'node:crypto';
import type { UserSession } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { redisStorage } from '@frameio-auth/storage-redis';
import type { RedisServer } from '@frameio-auth/verification/redis';
import type { Redis } from 'ioredis';
import { FictionalTokenServer, fictionalTokens, fictionalWebApp } from './fictional-web-app.ts';
import { connected } from './redis-commands.ts';
import { print } from './table.ts';

const SESSIONS = 1_000;
const INSTANCES = 4;

/** How many refreshes run at once, in all instances together. */
const AT_ONCE = 100;
const ROUNDS = 3;

/** What remains if Redis takes no time at all. */
const WITHOUT_REDIS = 'a refresh, session in memory';

const keys = { first: new Uint8Array(randomBytes(32)) };
const sealed = (storage: TokenStorage) => encryptedStorage(storage, { keys, current: 'first' });

/** Measures how many users' tokens can be refreshed through one Redis if the token server responds immediately. */
export async function sessionsPerSecond(redis: RedisServer): Promise<void> {
  const clients = await Promise.all(Array.from({ length: INSTANCES }, () => connected(redis)));
  const [first] = clients as [Redis];
  const rates: (readonly [string, number])[] = [];
  const times: (readonly [string, number])[] = [];
  const measure = async (name: string, act: (index: number) => Promise<unknown>) => {
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await roundOf(first, act));
    rounds.sort((one, other) => one.rate - other.rate);
    const { rate, redisTime } = rounds[Math.floor(ROUNDS / 2)] as Round;
    rates.push([name, rate]);
    if (name !== WITHOUT_REDIS) times.push([name, redisTime]);
  };
  try {
    await first.flushall();
    await measure('a bare SET and GET of as many characters', bareWrites(clients));
    await withSessions(
      clients.map(() => memoryStorage()),
      (renew) => measure(WITHOUT_REDIS, renew),
    );
    await withSessions(
      clients.map((client) => redisStorage({ client })),
      (renew) => measure('a refresh, session in Redis', renew),
    );
    await first.flushall();
    await withSessions(
      clients.map((client) => sealed(redisStorage({ client }))),
      (renew) => measure('a refresh, session encrypted in Redis', renew),
    );
  } finally {
    for (const client of clients) client.disconnect();
  }
  print(`Done in a second, ${AT_ONCE} at once, by ${INSTANCES} instances in one process`, rates, (rate) =>
    rate.toFixed(0),
  );
  print("Redis' processor time for one", times, (seconds) => `${(seconds * 1e6).toFixed(0)} µs`);
}

function bareWrites(clients: readonly Redis[]): (index: number) => Promise<unknown> {
  const value = JSON.stringify(fictionalTokens({ expiresAt: Date.now() }));
  return async (index) => {
    const client = clients[index % INSTANCES] as Redis;
    await client.set(`bare-${index}`, value);
    await client.get(`bare-${index}`);
  };
}

/** Signs all users in, and finally checks that each has their own tokens. */
async function withSessions(
  storages: readonly TokenStorage[],
  act: (renew: (index: number) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const server = new FictionalTokenServer(0);
  const apps = storages.map((storage) => fictionalWebApp(server, storage));
  const sessions = Array.from(
    { length: SESSIONS },
    (_, index) => apps[index % INSTANCES]?.session(`user-${index}`) as UserSession,
  );
  try {
    const tokens = fictionalTokens({ expiresAt: Date.now() + 86_400_000 });
    await Promise.all(sessions.map((session) => session.importTokens(tokens)));
    await act((index) => (sessions[index] as UserSession).refresh());
    const issued = new Set(sessions.map((session) => session.peekToken()));
    if (issued.size !== SESSIONS || server.requests !== SESSIONS * ROUNDS) throw new Error('A refresh was lost.');
  } finally {
    for (const app of apps) await app.close();
    for (const storage of storages) await storage.close();
  }
}

interface Round {
  /** Refreshes per second. */
  readonly rate: number;
  /** CPU time of Redis for each, in seconds. */
  readonly redisTime: number;
}

async function roundOf(redis: Redis, act: (index: number) => Promise<unknown>): Promise<Round> {
  const before = await processorTime(redis);
  const started = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < SESSIONS) {
      const index = next;
      next += 1;
      await act(index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const seconds = (performance.now() - started) / 1_000;
  return { rate: SESSIONS / seconds, redisTime: ((await processorTime(redis)) - before) / SESSIONS };
}

/** Resolves to the CPU time of Redis, in seconds. */
async function processorTime(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const of = (kind: string) => Number(new RegExp(`used_cpu_${kind}_main_thread:(\\S+)`).exec(info)?.[1]);
  return of('user') + of('sys');
}
