import { randomBytes } from 'node:crypto';
import { ConfigurationError } from '@frameio-auth/core';
import { startRedis } from '@frameio-auth/testing';
import { Redis } from 'ioredis';

/** The Redis that the fleet shares. */
export interface SharedRedis {
  readonly url: string;
  /** The prefix of this run's keys. */
  readonly prefix: string;
  /** A description without a password. */
  readonly description: string;
  /** Stops it and removes what this run wrote. */
  end(): Promise<void>;
}

/** Explains to the user, in a sentence, why there is no Redis. */
export class NoRedis extends Error {
  override readonly name = 'NoRedis';
}

/**
 * Connects to the Redis of `REDIS_URL`, or starts one.
 *
 * @throws NoRedis
 */
export async function sharedRedis({ REDIS_URL: url }: NodeJS.ProcessEnv): Promise<SharedRedis> {
  const prefix = `frameio-auth-example:${randomBytes(4).toString('hex')}:`;
  if (url) return redisAt(url, prefix);
  try {
    const server = await startRedis();
    const { vendor, version } = server.version;
    const description = `${vendor === 'valkey' ? 'Valkey' : 'Redis'} ${version}, started for this`;
    return { url: server.url, prefix, description, end: () => server.stop() };
  } catch (error) {
    if (error instanceof ConfigurationError) throw new NoRedis(`${error.message} REDIS_URL works as well.`);
    throw error;
  }
}

async function redisAt(url: string, prefix: string): Promise<SharedRedis> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {}); // The failed call reports it.
  try {
    await redis.connect();
    await redis.ping();
  } catch {
    throw new NoRedis('No Redis answers at REDIS_URL: check its address, user and password, or leave it out.');
  }
  return {
    url,
    prefix,
    description: 'the Redis of REDIS_URL',
    async end() {
      for await (const keys of redis.scanStream({ match: `${prefix}*` })) {
        if (keys.length > 0) await redis.unlink(...(keys as string[]));
      }
      await redis.quit();
    },
  };
}
