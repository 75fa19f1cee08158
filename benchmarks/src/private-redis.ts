import { RedisNotFoundError, type RedisServer, startRedis } from '@frameio-auth/verification/redis';

/** Runs benchmarks on a private Redis; without a Redis on this machine, says so and continues. */
export async function onPrivateRedis(...benchmarks: readonly ((redis: RedisServer) => Promise<void>)[]): Promise<void> {
  let redis: RedisServer;
  try {
    redis = await startRedis();
  } catch (error) {
    if (!(error instanceof RedisNotFoundError)) throw error;
    console.log(`${error.message}\n`);
    return;
  }
  try {
    for (const benchmark of benchmarks) await benchmark(redis);
  } finally {
    await redis.stop();
  }
}
