import { once } from 'node:events';
import { adobeIms, type ServerToServerAuth, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import {
  FrameioAuthEvents,
  FrameioAuthModule,
  FrameioToken,
  getFrameioAuthToken,
  InjectFrameioHttp,
} from '@frameio-auth/nestjs';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { redisStorage } from '@frameio-auth/storage-redis';
import { type AuthorizationServer, fault } from '@frameio-auth/testing';
import { startRedis } from '@frameio-auth/verification/redis';
import { Controller, Get, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compile, type ModuleForTest, serverForTest, service, start, webApp } from './application.js';

const authOf = <Auth = ServerToServerAuth>({ module }: Pick<ModuleForTest, 'module'>, name?: string): Auth =>
  module.get<Auth>(getFrameioAuthToken(name), { strict: false });

async function signIn(auth: WebAppAuth, server: AuthorizationServer, key: string): Promise<void> {
  const { url } = await auth.session(key).getAuthorizationUrl();
  await auth.session(key).handleCallback(await server.signIn(url));
}

describe('the start', () => {
  test('restores eagerly: the application has its token before it listens', async () => {
    const server = await serverForTest();
    const made = await compile({ imports: [FrameioAuthModule.forRoot(service(server))] });
    await made.module.init();
    expect(server.accessTokenIsLive(authOf(made).peekToken() ?? '')).toBe(true);
  });

  test('restores lazily, if it is told to: nothing is asked for until a token is wanted', async () => {
    const server = await serverForTest();
    const made = await compile({ imports: [FrameioAuthModule.forRoot(service(server, { restore: 'lazy' }))] });
    await made.module.init();
    expect(server.requests).toEqual([]);
    await authOf(made).getToken();
    expect(server.count({ endpoint: 'token' })).toBe(1);
  });

  test('does not fail while Redis is down, and reads the sessions when it is back', async () => {
    const server = await serverForTest();
    const redis = await startRedis({ persistence: 'always' });
    onTestFinished(() => redis.stop());
    const client = new Redis({ port: redis.port, host: redis.host, retryStrategy: () => 20 });
    client.on('error', () => {}); // Otherwise ioredis prints it.
    onTestFinished(() => client.disconnect());
    const options = webApp(server, { storage: redisStorage({ client, timeout: 500 }) });
    const { restore, http, users, ...plain } = options;
    await using earlier = new WebAppAuth({ ...plain, storage: redisStorage({ client, timeout: 60_000 }) });
    await signIn(earlier, server, 'studio');
    await redis.kill();

    const made = await compile({
      imports: [FrameioAuthModule.forRoot(options), FrameioAuthModule.forFeature(['studio'])],
    });
    await made.module.init();
    expect(made.journal.lines.join('\n')).toMatch(
      /No token was obtained at startup: .* The next request for a token tries again\./,
    );

    await redis.start();
    if (client.status !== 'ready') await once(client, 'ready');
    const session = authOf<WebAppAuth>(made).session('studio');
    await expect.poll(async () => server.accessTokenIsLive(await session.getToken())).toBe(true);
  });

  test('says that a session has ended, without the address that is only for its user', async () => {
    const server = await serverForTest();
    const options = webApp(server, { storage: memoryStorage() });
    const { restore, http, users, ...plain } = options;
    await using earlier = new WebAppAuth(plain);
    await signIn(earlier, server, 'studio');
    server.faults.next('token', fault.userAction({ jump: 'https://accounts.example/act?for=mara' }));
    await expect(earlier.session('studio').refresh()).rejects.toMatchObject({
      message: expect.stringContaining('accounts.example'),
    });

    const made = await compile({
      imports: [FrameioAuthModule.forRoot(options), FrameioAuthModule.forFeature(['studio'])],
    });
    await made.module.init();
    const log = made.journal.lines.join('\n');
    expect(log).toMatch(/No token was obtained at startup: .+ \(ride_AdobeID_acct_actreq\)\./);
    expect(log).not.toContain('accounts.example');
    expect(log).not.toContain('tried again');
  });

  test('does not fail for a server that asks to wait', async () => {
    const server = await serverForTest();
    server.faults.next('token', fault.status(503, { retryAfter: 3_600 }));
    const made = await compile({ imports: [FrameioAuthModule.forRoot(service(server))] });
    await made.module.init();
    expect(made.journal.lines.join('\n')).toContain(
      'No token was obtained at startup: The authorization server failed (http_503)',
    );
  });
});

test('logs on one line, without escape sequences, what a planted record says', async () => {
  const server = await serverForTest();
  const storage = memoryStorage();
  const place = [server.origin, server.clients.webApp.clientId].map(encodeURIComponent).join('/');
  const description = 'gone.\n\u001b[32m[Nest] LOG user admin logged in\u001b[39m';
  const failure = { kind: 'terminal', source: 'server', code: 'x', description };
  const record = { format: 1, status: 'expired', ending: { cause: 'refresh_token_rejected', failure } };
  await storage.commit(`${place}/session/studio`, { value: JSON.stringify(record), expectedVersion: 0 });
  const options = webApp(server, { storage });
  const made = await compile({
    imports: [FrameioAuthModule.forRoot(options), FrameioAuthModule.forFeature(['studio'])],
  });
  await made.module.init();
  const lines = made.journal.lines.filter((line) => line.includes('gone.'));
  expect(lines).toHaveLength(1);
  expect(lines.join()).not.toMatch(/\p{Cc}/u);
});

describe('the shutdown', () => {
  test('in the middle of a refresh waits for its answer, and keeps it', async () => {
    const server = await serverForTest();
    const options = webApp(server, { storage: memoryStorage() });
    const made = await compile({ imports: [FrameioAuthModule.forRoot(options)] });
    await made.module.init();
    const auth = authOf<WebAppAuth>(made);
    await signIn(auth, server, 'mara');
    const before = await auth.session('mara').getToken();

    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const refresh = auth.session('mara').refresh();
    await held.reached;
    const closing = made.module.close();
    held.release();
    await Promise.all([refresh, closing]);

    const { restore, http, users, ...plain } = options;
    await using restarted = new WebAppAuth(plain);
    const after = await restarted.session('mara').getToken();
    expect(after).not.toBe(before);
    expect(server.accessTokenIsLive(after)).toBe(true);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  test('leaves requests that are under way their tokens', async () => {
    @Controller()
    class Slow {
      @Get()
      token(@FrameioToken() token: string): string {
        return token;
      }
    }
    const server = await serverForTest();
    const { app, ask } = await start(new ExpressAdapter(), {
      imports: [FrameioAuthModule.forRoot(service(server, { restore: 'lazy' }))],
      controllers: [Slow],
    });
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const asked = ask('/');
    await held.reached;
    const closing = app.close();
    held.release();
    const { status, text } = await asked;
    await closing;
    expect(status).toBe(200);
    expect(server.accessTokenIsLive(text)).toBe(true);
  });

  test('closes clients, then sessions, and ends what they stand on after that', async () => {
    const order: string[] = [];
    @Injectable()
    class Store implements OnApplicationShutdown {
      readonly storage: TokenStorage = memoryStorage();

      onApplicationShutdown(): void {
        order.push('the storage ends');
      }
    }
    @Module({ providers: [Store], exports: [Store] })
    class StoreModule {}
    @Injectable()
    class Caller {
      readonly client: unknown;

      constructor(@InjectFrameioHttp() client: unknown) {
        this.client = client;
      }
    }
    const server = await serverForTest();
    const made = await compile({
      imports: [
        FrameioAuthModule.forRootAsync({
          isGlobal: true,
          imports: [StoreModule],
          inject: [Store],
          useFactory: ({ storage }: Store) =>
            service(server, {
              storage,
              http: () => ({ close: () => order.push('the client is closed') }),
              onClosed: () => order.push('the sessions are closed'),
            }),
        }),
      ],
      providers: [Caller],
    });
    await made.module.init();
    const auth = authOf(made);
    await made.module.close();
    expect(order).toEqual(['the client is closed', 'the sessions are closed', 'the storage ends']);
    await expect(auth.getToken({})).rejects.toMatchObject({ code: 'session_closed' });
  });
});

test('an onClosed that fails keeps nothing else from ending, and what it says is not logged', async () => {
  const ended: string[] = [];
  @Injectable()
  class Store implements OnApplicationShutdown {
    onApplicationShutdown(): void {
      ended.push('the storage');
    }
  }
  @Module({ providers: [Store], exports: [Store] })
  class StoreModule {}
  const server = await serverForTest();
  const made = await compile({
    imports: [
      FrameioAuthModule.forRootAsync({
        imports: [StoreModule],
        useFactory: () =>
          service(server, {
            restore: 'lazy',
            onClosed: () => Promise.reject(new TypeError('redis://user:secret@host')),
          }),
      }),
    ],
  });
  await made.module.init();
  await made.module.close();
  expect(ended).toEqual(['the storage']);
  expect(made.journal.lines.join('\n')).toContain(
    'The option onClosed failed at shutdown, so what it closes may still be open: TypeError.',
  );
  expect(made.journal.lines.join('\n')).not.toContain('redis://');
});

test('events come through the event emitter, and neither they nor the log have a secret', async () => {
  const heard: { event: string; payload: Record<string, unknown> }[] = [];
  @Injectable()
  class Audit {
    @OnEvent(FrameioAuthEvents.stateChanged)
    onStateChanged(payload: Record<string, unknown>): void {
      heard.push({ event: 'stateChanged', payload });
    }

    @OnEvent(FrameioAuthEvents.tokensRefreshed)
    onTokensRefreshed(payload: Record<string, unknown>): void {
      heard.push({ event: 'tokensRefreshed', payload });
    }

    @OnEvent(FrameioAuthEvents.reauthenticationDue)
    onReauthenticationDue(payload: Record<string, unknown>): void {
      heard.push({ event: 'reauthenticationDue', payload });
    }
  }
  const server = await serverForTest();
  const own: string[] = [];
  const made = await compile({
    imports: [
      EventEmitterModule.forRoot(),
      FrameioAuthModule.forRoot({
        name: 'reviews',
        ...webApp(server, { server: adobeIms({ origin: server.origin }), onStateChange: ({ to }) => own.push(to) }),
      }),
    ],
    providers: [Audit],
  });
  await made.module.init();
  const auth = authOf<WebAppAuth>(made, 'reviews');
  await signIn(auth, server, 'mara');
  server.faults.next('token', fault.echo({ error: 'server_error', status: 500 }));
  await auth.session('mara').refresh();
  server.revokeUser('mara@studio.example');
  await expect(auth.session('mara').refresh()).rejects.toMatchObject({ name: 'TokenExpiredError' });

  expect(heard).toContainEqual({
    event: 'tokensRefreshed',
    payload: { connection: 'reviews', key: 'mara', expiresAt: expect.any(Number), scopes: expect.any(Array) },
  });
  expect(heard).toContainEqual({
    event: 'stateChanged',
    payload: expect.objectContaining({ connection: 'reviews', key: 'mara', to: 'expired' }),
  });
  expect(heard).toContainEqual({
    event: 'reauthenticationDue',
    payload: { connection: 'reviews', key: 'mara', by: expect.any(Number), reason: 'session_ended' },
  });
  expect(own).toEqual(heard.filter(({ event }) => event === 'stateChanged').map(({ payload }) => payload['to']));
  const log = made.journal.lines.join('\n');
  expect(log).toContain(
    'A session has ended (refresh_token_rejected). Its user must sign in again. FrameioAuth:reviews',
  );
  expect(log.match(/server_error/g)).toHaveLength(1);
  expect(log).not.toContain('mara');
  const told = log + JSON.stringify(heard);
  expect(server.secrets().filter((secret) => told.includes(secret))).toEqual([]);
});
