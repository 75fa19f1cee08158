import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';

/** The Redis that the fleet shares. */
export interface SharedRedis {
  readonly url: string;
  /** The prefix of this run's keys. */
  readonly prefix: string;
  /** Removes what this run wrote. */
  end(): Promise<void>;
}

/** Explains to the user, in a sentence, why there is no Redis. */
export class NoRedis extends Error {
  override readonly name = 'NoRedis';
}

/**
 * Connects to the Redis of `REDIS_URL`.
 *
 * @throws NoRedis
 */
export async function sharedRedis({ REDIS_URL: url }: NodeJS.ProcessEnv): Promise<SharedRedis> {
  if (!url) throw new NoRedis('Set REDIS_URL to a running Redis, such as redis://127.0.0.1:6379.');
  const prefix = `frameio-auth-example:${randomBytes(4).toString('hex')}:`;
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {}); // The failed call reports it.
  try {
    await redis.connect();
    await redis.ping();
  } catch {
    throw new NoRedis('No Redis answers at REDIS_URL. Check its address, user and password.');
  }
  return {
    url,
    prefix,
    async end() {
      for await (const keys of redis.scanStream({ match: `${prefix}*` })) {
        if (keys.length > 0) await redis.unlink(...(keys as string[]));
      }
      await redis.quit();
    },
  };
}
