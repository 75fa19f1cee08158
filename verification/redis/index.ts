export { type RedisCluster, type RedisClusterOptions, startRedisCluster } from './redis-cluster.ts';
export type { RedisConfig } from './redis-process.ts';
export {
  findRedisServer,
  type RedisEnvironment,
  RedisNotFoundError,
  type RedisVersion,
  redisServerProgram,
} from './redis-program.ts';
export { type RedisSentinel, type RedisSentinelOptions, startRedisSentinel } from './redis-sentinel.ts';
export type { RedisAddress, RedisServer } from './redis-server.ts';
export { type RedisOptions, startRedis } from './redis-standalone.ts';
