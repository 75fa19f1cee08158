/*
 * Runs in a project that installed the packed packages, on each Node that they promise to work on: every package takes
 * part once, from nothing to a token that a real local server honours.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { adobeIms, ServerToServerAuth, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage, Transport } from '@frameio-auth/core/adapter';
import { localInspector } from '@frameio-auth/inspector';
import { FrameioAuthModule, getFrameioAuthToken } from '@frameio-auth/nestjs';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { fileStorage } from '@frameio-auth/storage-file';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { redisStorage } from '@frameio-auth/storage-redis';
import {
  type AuthorizationServer,
  type RedisServer,
  startAuthorizationServer,
  startRedis,
} from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { authInterceptor, undiciTransport } from '@frameio-auth/transport-undici';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { Agent, request } from 'undici';

const KEYS = { keys: { fictional: new Uint8Array(32).fill(7) }, current: 'fictional' };

let server: AuthorizationServer;
let redis: RedisServer;
let folder: string;

before(async () => {
  [server, redis] = await Promise.all([startAuthorizationServer(), startRedis()]);
  folder = await mkdtemp(join(tmpdir(), 'frameio-auth-'));
});

after(async () => {
  await Promise.all([server.close(), redis.stop()]);
  await rm(folder, { recursive: true });
});

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

test('transport-fetch and storage-memory', () => shareToken(fetchTransport(), memoryStorage()));

test('transport-undici and storage-file', () =>
  shareToken(undiciTransport(), fileStorage({ directory: join(folder, 'plain') })));

test('storage-encrypted over storage-file', () =>
  shareToken(fetchTransport(), encryptedStorage(fileStorage({ directory: join(folder, 'encrypted') }), KEYS)));

test('storage-redis', async () => {
  const client = new Redis(redis.url);
  const storage = redisStorage({ client });
  await shareToken(fetchTransport(), storage);
  await storage.close();
  client.disconnect();
});

test('the token reaches the API by fetch and by undici', async () => {
  const profile = adobeIms({ origin: server.origin });
  const auth = new ServerToServerAuth({
    ...server.clients.serverToServer,
    server: profile,
    transport: fetchTransport(),
  });
  const allowedOrigins = [server.origin];
  const address = `${server.origin}/v4/me`;
  const dispatcher = new Agent().compose(authInterceptor(auth, { allowedOrigins }));
  const answer = await request(address, { dispatcher });
  await answer.body.dump();

  assert.equal(answer.statusCode, 200);
  assert.equal((await authenticatedFetch(auth, { allowedOrigins })(address)).status, 200);
  await Promise.all([auth.close(), dispatcher.close()]);
});

test('nestjs', async () => {
  class App {}
  const connection = { flow: 'server-to-server', ...server.clients.serverToServer } as const;
  const around = { server: adobeIms({ origin: server.origin }), transport: fetchTransport() };
  Module({ imports: [FrameioAuthModule.forRoot({ ...connection, ...around })] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });

  assert.ok(server.accessTokenIsLive(await app.get(getFrameioAuthToken()).getToken()));
  await app.close();
});

test('inspector', async () => {
  const inspect = localInspector();
  const { serverToServer } = server.clients;
  const profile = adobeIms({ origin: server.origin });
  const auth = new ServerToServerAuth({ ...serverToServer, server: profile, transport: fetchTransport(), inspect });
  await auth.getToken();

  assert.equal((await fetch(await inspect.url())).status, 200);
  await auth.close();
  await inspect.close();
});
