/*
 * Runs in a project that installed the packed packages, on each Node that they promise to work on: every package takes
 * part once, from nothing to a token that a real local server honours.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adobeIms, ServerToServerAuth, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage, Transport } from '@frameio-auth/core/adapter';
import { localInspector } from '@frameio-auth/inspector';
import { FrameioAuthModule, getFrameioAuthToken } from '@frameio-auth/nestjs';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { fileStorage } from '@frameio-auth/storage-file';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { redisStorage } from '@frameio-auth/storage-redis';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { authInterceptor, undiciTransport } from '@frameio-auth/transport-undici';
import { startRedis } from '@frameio-auth/verification/redis';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { Agent, request } from 'undici';

const KEYS = { keys: { fictional: new Uint8Array(32).fill(7) }, current: 'fictional' };

const server = await startAuthorizationServer();
const redis = await startRedis();
const folder = await mkdtemp(join(tmpdir(), 'frameio-auth-'));

/** Signs a user in, and sees that a second instance has the token from the storage alone. */
async function shareToken(transport: Transport, storage: TokenStorage): Promise<void> {
  const options = { ...server.clients.webApp, server: adobeIms({ origin: server.origin }), transport, storage };
  const [one, other] = [new WebAppAuth(options), new WebAppAuth(options)];
  const { url } = await one.getAuthorizationUrl();
  await one.handleCallback(await server.signIn(url));
  await one.refresh();
  const token = await one.getToken();

  assert.ok(server.accessTokenIsLive(token));
  assert.equal(await other.getToken(), token);
  await one.revoke();
  assert.ok(!server.accessTokenIsLive(token));
  await Promise.all([one.close(), other.close()]);
}

await shareToken(fetchTransport(), memoryStorage());
await shareToken(undiciTransport(), fileStorage({ directory: join(folder, 'plain') }));
await shareToken(fetchTransport(), encryptedStorage(fileStorage({ directory: join(folder, 'encrypted') }), KEYS));
{
  const client = new Redis(redis.url);
  const storage = redisStorage({ client });
  await shareToken(fetchTransport(), storage);
  await storage.close();
  client.disconnect();
}

const { serverToServer } = server.clients;
const around = { server: adobeIms({ origin: server.origin }), transport: fetchTransport() };

// The token reaches the API by fetch and by undici.
{
  const auth = new ServerToServerAuth({ ...serverToServer, ...around });
  const allowedOrigins = [server.origin];
  const address = `${server.origin}/v4/me`;
  const dispatcher = new Agent().compose(authInterceptor(auth, { allowedOrigins }));
  const answer = await request(address, { dispatcher });
  await answer.body.dump();

  assert.equal(answer.statusCode, 200);
  assert.equal((await authenticatedFetch(auth, { allowedOrigins })(address)).status, 200);
  await Promise.all([auth.close(), dispatcher.close()]);
}

{
  class App {}
  const connection = { flow: 'server-to-server', ...serverToServer, ...around } as const;
  Module({ imports: [FrameioAuthModule.forRoot(connection)] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });

  assert.ok(server.accessTokenIsLive(await app.get(getFrameioAuthToken()).getToken()));
  await app.close();
}

{
  const inspect = localInspector();
  const auth = new ServerToServerAuth({ ...serverToServer, ...around, inspect });
  await auth.getToken();

  assert.equal((await fetch(await inspect.url())).status, 200);
  await auth.close();
  await inspect.close();
}

await Promise.all([server.close(), redis.stop()]);
await rm(folder, { recursive: true });
