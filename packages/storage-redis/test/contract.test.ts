import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { storageContract } from '@frameio-auth/conformance';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { type RedisClient, redisStorage } from '@frameio-auth/storage-redis';
import { type RedisServer, startRedis, startRedisCluster, startRedisSentinel } from '@frameio-auth/verification/redis';
import { Cluster, Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { afterAll, beforeAll, describe, it } from 'vitest';

type Client = RedisClient & { disconnect(): void };

interface Server {
  stop(): Promise<void>;
}

const servers: Server[] = [];

async function started<Started extends Server>(starting: Promise<Started>): Promise<Started> {
  const server = await starting;
  servers.push(server);
  return server;
}

let single: Promise<RedisServer> | undefined;

/** The one server that both versions of ioredis use. */
function oneServer(): Promise<RedisServer> {
  single ??= started(startRedis());
  return single;
}

afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** What is started once, and how an application connects to it. */
const deployments: readonly (readonly [name: string, start: () => Promise<() => Client>])[] = [
  [
    'one server, by ioredis 6',
    async () => {
      const { url } = await oneServer();
      return () => new Redis(url);
    },
  ],
  [
    'one server, by ioredis 5 with a prefix of its own',
    async () => {
      const { url } = await oneServer();
      return () => new Redis5(url, { keyPrefix: 'fictional-app:' });
    },
  ],
  [
    'a cluster of six, by ioredis 6',
    async () => {
      const { nodes } = await started(startRedisCluster());
      return () => new Cluster([...nodes], { keyPrefix: 'fictional-app:' });
    },
  ],
  [
    'a master behind three sentinels, by ioredis 6',
    async () => {
      const { name, sentinels } = await started(startRedisSentinel());
      return () => new Redis({ name, sentinels: [...sentinels] });
    },
  ],
];

const KEYS = { fictional: new Uint8Array(32).fill(7) };

const wrappings: readonly (readonly [name: string, wrap: (storage: TokenStorage) => TokenStorage])[] = [
  ['redisStorage', (storage) => storage],
  ['encryptedStorage over redisStorage', (storage) => encryptedStorage(storage, { keys: KEYS, current: 'fictional' })],
];

describe.each(deployments)('on %s', (deployment, start) => {
  // Two clients for all clauses, as an application has one for everything in Redis.
  let clients: readonly [Client, Client];

  beforeAll(async () => {
    const connect = await start();
    clients = [connect(), connect()];
  });

  afterAll(() => {
    for (const client of clients) client.disconnect();
  });

  describe.each(deployment.includes('one server, by ioredis 6') ? wrappings : wrappings.slice(0, 1))(
    '%s keeps the contract between two clients',
    (name, wrap) => {
      const clauses = storageContract({
        name,
        async create() {
          const keyPrefix = `${randomUUID()}:`;
          const [storage, other] = clients.map((client) =>
            wrap(redisStorage({ client, keyPrefix, timeout: 60_000 })),
          ) as [TokenStorage, TokenStorage];
          return {
            storage,
            another: async () => other,
            advance: (ms) => delay(ms),
            async dispose() {
              await Promise.all([storage.close(), other.close()]);
            },
          };
        },
      });
      for (const { id, rule, check } of clauses) it.concurrent(`${id}: ${rule}`, check);
    },
  );
});
