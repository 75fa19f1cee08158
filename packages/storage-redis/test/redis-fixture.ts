import { setTimeout as delay } from 'node:timers/promises';
import type { StorageError } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { type RedisStorage, type RedisStorageOptions, redisStorage } from '@frameio-auth/storage-redis';
import type { RedisAddress } from '@frameio-auth/verification/redis';
import { Redis, type RedisOptions } from 'ioredis';
import { expect, onTestFinished, vi } from 'vitest';
import { keyNames } from '../src/key-names.js';
import { SESSIONS_FIRST } from '../src/lost-data.js';

export const KEY = 'fictional-session';

/** Returns the documented names of the channel and the hash of a session: one of 64 shards, by the key. */
export function channelOf(prefix: string, key = KEY): string {
  return keyNames(prefix, key).channel;
}

export function hashOf(prefix: string, key = KEY): string {
  return `${channelOf(prefix, key)}:${key}`;
}

/** A lease that outlives its test, in milliseconds. */
export const LONG = 60_000;

/** How long an expected event may take, in milliseconds, before it counts as hanging. */
const TIMEOUT = 240_000;

/** The options of a client, except those that change the types of its replies. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Creates a client of one server, like an application's, and disconnects it after the test. */
export function connect({ host, port }: RedisAddress, options: ClientOptions = {}): Redis {
  const client = new Redis({ host, port, ...options });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

/** A storage that is closed after the test. Unless told otherwise, it waits for a slow Redis. */
export function open(options: RedisStorageOptions): RedisStorage {
  const storage = redisStorage({ timeout: LONG, ...options });
  onTestFinished(() => storage.close());
  return storage;
}

/** Commits without a conflict, and returns the version. */
export async function write(
  storage: TokenStorage,
  value: string,
  { key = KEY, ...request }: { key?: string; expectedVersion?: number; expiresAt?: number; dueAt?: number } = {},
): Promise<number> {
  const reply = await storage.commit(key, { value, expectedVersion: 0, ...request });
  if (reply.outcome !== 'committed') throw new Error('A commit that had to succeed was a conflict.');
  return reply.version;
}

/** Takes a lease that must be free. */
export async function grant(storage: TokenStorage, owner: string, { ifVersion = 0, ttl = LONG } = {}) {
  const reply = await storage.lease(KEY, { owner, ttl, ifVersion });
  if (reply.outcome !== 'granted') throw new Error(`A lease that had to be free was ${reply.outcome}.`);
  return reply;
}

/** Resolves to the rejection of a call. */
export async function failureOf(call: Promise<unknown>): Promise<StorageError> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toHaveProperty('name', 'StorageError');
  return failure as StorageError;
}

/** Calls repeatedly until the result is truthy. */
export async function until(what: string, question: () => unknown): Promise<void> {
  const deadline = performance.now() + TIMEOUT;
  while (!(await question())) {
    if (performance.now() > deadline) throw new Error(`It did not come to pass that ${what}.`);
    await delay(10);
  }
}

/**
 * Stops timers before storages offer their commits even if no record exists. The last commit that each storage offers
 * is a marker, which Redis lost: once it exists again, all others of that storage were offered before.
 */
export function stopBeforeOffers() {
  const startTimer = globalThis.setTimeout;
  const stopped: (() => void)[] = [];
  let isStopped = true;
  const timer = (callback: () => void, ms?: number, ...more: []) => {
    if (ms !== SESSIONS_FIRST) return startTimer(callback, ms, ...more);
    if (isStopped) stopped.push(callback);
    return startTimer(isStopped ? () => {} : callback);
  };
  const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(timer as typeof setTimeout);
  onTestFinished(() => spy.mockRestore());
  const goOn = () => {
    isStopped = false;
    for (const callback of stopped.splice(0)) callback();
  };
  return {
    goOn,
    /** Writes the marker, and makes Redis lose it. */
    async prepare(storage: TokenStorage, client: Redis, prefix?: string): Promise<void> {
      await write(storage, 'witness', { key: 'witness' });
      await client.del(hashOf(prefix ?? 'frameio-auth:', 'witness'));
    },
    /** Restarts the timers; resolves when the offers were made. */
    async made(storage: TokenStorage): Promise<void> {
      goOn();
      await until('the witness is there', async () => (await storage.read('witness')).record !== undefined);
    },
  };
}
