export type { Diagnosis, Finding } from './diagnosis.js';
export type { RedisClient } from './redis-client.js';
export { type RedisStorage, type RedisStorageOptions, redisStorage } from './redis-storage.js';
