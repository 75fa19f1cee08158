import { ConfigurationError } from '@frameio-auth/core';
import { type RedisServer, startRedis } from '@frameio-auth/testing';

/** Runs what needs a Redis on one that nobody else uses; on a machine without, says so and goes on. */
export async function onPrivateRedis(...benchmarks: readonly ((redis: RedisServer) => Promise<void>)[]): Promise<void> {
  let redis: RedisServer;
  try {
    redis = await startRedis();
  } catch (error) {
    if (!(error instanceof ConfigurationError && error.code === 'redis_not_found')) throw error;
    console.log(`${error.message}\n`);
    return;
  }
  try {
    for (const benchmark of benchmarks) await benchmark(redis);
  } finally {
    await redis.stop();
  }
}
