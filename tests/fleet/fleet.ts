import { adobeIms, type CommonOptions, ServerToServerAuth, WebAppAuth } from '@frameio-auth/core';
import { redisStorage } from '@frameio-auth/storage-redis';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { type RedisOptions, type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import { Redis } from 'ioredis';
import { onTestFinished, type TestContext } from 'vitest';

/**
 * A Redis, an authorization server, and as many instances of one application as a test creates, each with its own
 * client.
 */
export interface Fleet {
  readonly redis: RedisServer;
  readonly server: AuthorizationServer;
  webApp(options?: Partial<CommonOptions>): WebAppAuth;
  service(options?: Partial<CommonOptions>): ServerToServerAuth;
}

export interface FleetOptions {
  readonly server?: AuthorizationServerOptions;
  readonly redis?: RedisOptions;
  /** How long an instance waits for Redis, in milliseconds. Default: the storage's own. */
  readonly timeout?: number;
}

/** Everything ends with the test; a test that runs beside others must say which one it is, by its `onTestFinished`. */
export async function startFleet(
  options: FleetOptions = {},
  atTheEnd: TestContext['onTestFinished'] = onTestFinished,
): Promise<Fleet> {
  const [redis, server] = await Promise.all([startRedis(options.redis), startAuthorizationServer(options.server)]);
  atTheEnd(async () => void (await Promise.all([redis.stop(), server.close()])));

  function common(): CommonOptions {
    const client = new Redis(redis.url, { retryStrategy: () => 50 });
    client.on('error', () => {}); // Some tests end the server on purpose.
    const storage = redisStorage({ client, ...(options.timeout && { timeout: options.timeout }) });
    atTheEnd(async () => {
      await storage.close();
      client.disconnect();
    });
    return { server: adobeIms({ origin: server.origin }), transport: fetchTransport(), storage };
  }

  return {
    redis,
    server,
    webApp: (options) => new WebAppAuth({ ...server.clients.webApp, ...common(), ...options }),
    service: (options) => new ServerToServerAuth({ ...server.clients.serverToServer, ...common(), ...options }),
  };
}

export async function signIn(server: AuthorizationServer, auth: WebAppAuth): Promise<string> {
  const { url } = await auth.getAuthorizationUrl();
  await auth.handleCallback(await server.signIn(url));
  return auth.getToken();
}
