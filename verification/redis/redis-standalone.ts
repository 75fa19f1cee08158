import { type RedisConfig, RedisProcess } from './redis-process.ts';
import type { RedisServer } from './redis-server.ts';

export interface RedisOptions {
  /**
   * What the server still has after a restart: nothing, or everything that it had acknowledged (an append-only file
   * that is synced at each command). Default: `none`.
   */
  readonly persistence?: 'none' | 'always';
  /** The port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Further directives of `redis.conf`, such as `{ requirepass: 'fictional' }`. */
  readonly config?: RedisConfig;
}

/**
 * Starts a real Redis server on loopback, from the program that `redisServerProgram` finds. It ends with `stop()`, and
 * at the latest with this process, however that ends.
 *
 * @throws RedisNotFoundError if the machine has no Redis server
 * @throws Error with the last lines of its log if the server does not start
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { persistence = 'none', port, config } = options;
  const durable: RedisConfig = persistence === 'always' ? { appendonly: 'yes', appendfsync: 'always' } : {};
  return RedisProcess.launch({ port, configure: () => ({ ...durable, ...config }) });
}
