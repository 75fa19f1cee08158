import { randomBytes } from 'node:crypto';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { redisStorage } from '@frameio-auth/storage-redis';
import { findRedisServer, RedisNotFoundError, startRedis } from '@frameio-auth/verification/redis';
import { Redis } from 'ioredis';

/** The Redis of a scene. */
export interface SceneRedis {
  readonly url: string;
  /** The prefix of the scene's keys. */
  readonly keyPrefix: string;
  readonly storage: TokenStorage;
  /** For example `Redis 7.2.4, started for this scene`. */
  readonly description: string;
  /** Stops it and removes what the scene wrote. */
  end(): Promise<void>;
}

/**
 * Connects to the Redis of `REDIS_URL`, or starts one. Resolves to a sentence that says how to get one if there is
 * none.
 */
export async function sceneRedis({ REDIS_URL }: NodeJS.ProcessEnv): Promise<SceneRedis | string> {
  if (REDIS_URL) return connect(REDIS_URL, 'the server of REDIS_URL');
  try {
    if (findRedisServer() === undefined) {
      return 'This machine has none. To see this scene, install redis-server or valkey-server, or set REDIS_URL.';
    }
  } catch (error) {
    if (error instanceof RedisNotFoundError) return error.message;
    throw error;
  }
  const server = await startRedis();
  const { vendor, version } = server.version;
  const name = vendor === 'valkey' ? 'Valkey' : 'Redis';
  return connect(server.url, `${name} ${version}, started for this scene`, () => server.stop());
}

async function connect(
  url: string,
  description: string,
  stopServer: () => Promise<void> = async () => {},
): Promise<SceneRedis | string> {
  const client = new Redis(url, { retryStrategy: () => null });
  client.on('error', () => {}); // The diagnosis reports it.
  const keyPrefix = `frameio-auth-demo:${randomBytes(4).toString('hex')}:`;
  const storage = redisStorage({ client, keyPrefix });

  async function end(): Promise<void> {
    await storage.close();
    if (client.status !== 'end') client.disconnect(); // A second call would make the process wait two seconds for a socket.
    await stopServer();
  }

  const { findings } = await storage.doctor();
  const problem = findings.find(({ status }) => status === 'error');
  if (problem !== undefined) {
    await end();
    return problem.check === 'connection' ? 'No server answers at REDIS_URL.' : problem.message;
  }
  return {
    url,
    keyPrefix,
    storage,
    description,
    async end() {
      for await (const keys of client.scanStream({ match: `${keyPrefix}*` })) {
        if (keys.length > 0) await client.unlink(...(keys as string[]));
      }
      await end();
    },
  };
}
