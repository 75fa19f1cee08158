import { type ServerToServerAuth, WebAppAuth } from '@frameio-auth/core';
import {
  FrameioAuthHealthIndicator,
  FrameioAuthModule,
  getFrameioAuthToken,
  type ServerToServerConnection,
} from '@frameio-auth/nestjs';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { redisStorage } from '@frameio-auth/storage-redis';
import { fault, manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { Controller, Get, Inject } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { HealthCheckService, HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { compile, freePort, serverForTest, service, start, webApp } from './application.js';

/** More than any check takes, in milliseconds. */
const PATIENCE = 60_000;

@Controller('health')
class Health {
  readonly #health: HealthCheckService;
  readonly #frameio: FrameioAuthHealthIndicator;

  constructor(
    @Inject(HealthCheckService) health: HealthCheckService,
    @Inject(FrameioAuthHealthIndicator) frameio: FrameioAuthHealthIndicator,
  ) {
    this.#health = health;
    this.#frameio = frameio;
  }

  @Get()
  check(): unknown {
    return this.#health.check([() => this.#frameio.check('frameio', { maxAge: 0, timeout: PATIENCE })]);
  }
}

/** Terminus 11 does not know it, and omits what it does not know. */
const DEGRADED = 'degraded' in new HealthIndicatorService().check('') ? 'degraded' : 'up';

test('Terminus reports a service that has its token, one that only has its old one, and one that has none', async () => {
  const clock = manualClock();
  const server = await startAuthorizationServer({ clock });
  onTestFinished(() => server.close());
  const { app, ask } = await start(new ExpressAdapter(), {
    imports: [TerminusModule, FrameioAuthModule.forRoot(service(server, { clock }))],
    controllers: [Health],
  });
  const up = await ask('/health');
  expect(up.status).toBe(200);
  const expiresAt = new Date(clock.now() + 86_399_000).toISOString();
  expect(up.json).toMatchObject({
    status: 'ok',
    info: { frameio: { status: 'up', degraded: false, state: 'valid', expiresAt } },
  });

  server.faults.always('token', fault.status(503, { retryAfter: 7_200 }));
  const auth = app.get<ServerToServerAuth>(getFrameioAuthToken(), { strict: false });
  const troubled = new Promise<void>((resolve) => auth.subscribe((snapshot) => snapshot.degraded && resolve()));
  await clock.advance(86_300_000);
  await troubled;
  const degraded = await ask('/health');
  expect(degraded.status).toBe(200);
  expect(degraded.json).toMatchObject({
    info: { frameio: { status: DEGRADED, degraded: true, reason: 'http_503', expiresAt } },
  });

  await clock.advance(200_000);
  const down = await ask('/health');
  expect(down.status).toBe(503);
  expect(down.json).toMatchObject({
    status: 'error',
    error: { frameio: { status: 'down', degraded: false, reason: 'http_503' } },
  });
  const told = up.text + degraded.text + down.text;
  expect(server.secrets().filter((secret) => told.includes(secret))).toEqual([]);
});

test('where users sign in, it is the storage that must answer, and the server that should', async () => {
  const server = await serverForTest();
  const { module } = await compile({
    imports: [
      FrameioAuthModule.forRoot(webApp(server)),
      FrameioAuthModule.forRoot({ name: 'redis', ...webApp(server, { storage: await deadRedis() }) }),
    ],
  });
  await module.init();
  const health = module.get(FrameioAuthHealthIndicator, { strict: false });
  const options = { maxAge: 0, timeout: PATIENCE };
  expect(await health.check('users', options)).toEqual({ users: { status: 'up', degraded: false } });

  const session = module.get<WebAppAuth>(getFrameioAuthToken(), { strict: false }).session('mara');
  const { url } = await session.getAuthorizationUrl();
  await session.handleCallback(await server.signIn(url));
  server.faults.next('token', fault.status(503, { retryAfter: 3_600 }));
  await expect(session.refresh()).rejects.toMatchObject({ code: 'http_503' });
  expect(await health.check('users', options)).toEqual({
    users: { status: DEGRADED, degraded: true, reason: 'http_503' },
  });

  expect(await health.check('redis', { ...options, connection: 'redis' })).toEqual({
    redis: { status: 'down', degraded: false, reason: expect.any(String) },
  });
});

test('the server is well again when another instance was given tokens', async () => {
  const server = await serverForTest();
  const options = webApp(server, { storage: memoryStorage() });
  const { restore, http, users, ...plain } = options;
  await using elsewhere = new WebAppAuth(plain);
  const signIn = async () => {
    const { url } = await elsewhere.session('mara').getAuthorizationUrl();
    await elsewhere.session('mara').handleCallback(await server.signIn(url));
  };
  await signIn();
  const { module } = await compile({ imports: [FrameioAuthModule.forRoot(options)] });
  await module.init();
  const health = module.get(FrameioAuthHealthIndicator, { strict: false });
  const session = module.get<WebAppAuth>(getFrameioAuthToken(), { strict: false }).session('mara');
  await session.getToken();
  server.faults.next('token', fault.status(503, { retryAfter: 3_600 }));
  await expect(session.refresh()).rejects.toMatchObject({ code: 'http_503' });
  expect(await health.check('users', { maxAge: 0, timeout: PATIENCE })).toMatchObject({ users: { degraded: true } });

  await signIn();
  await expect
    .poll(() => health.check('users', { maxAge: 0, timeout: PATIENCE }))
    .toEqual({ users: { status: 'up', degraded: false } });
});

test('a process that was suspended during a check uses the answer that came meanwhile', async () => {
  const server = await serverForTest();
  const timeout = 500;
  const suspended: ServerToServerConnection['transport'] = async () => {
    const end = performance.now() + timeout + 200;
    while (performance.now() < end);
    // Between the two, timers that are due run, as they run before sockets are read.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    return Response.json({ access_token: 'access.fictional', token_type: 'bearer', expires_in: 3_600 });
  };
  const options = service(server, { restore: 'lazy', transport: suspended });
  const { module } = await compile({ imports: [FrameioAuthModule.forRoot(options)] });
  await module.init();
  const health = module.get(FrameioAuthHealthIndicator, { strict: false });
  expect(await health.check('frameio', { timeout })).toMatchObject({ frameio: { status: 'up', state: 'valid' } });
});

async function deadRedis() {
  const client = new Redis({ host: '127.0.0.1', port: await freePort(), retryStrategy: () => null });
  client.on('error', () => {}); // Otherwise ioredis prints it.
  onTestFinished(() => client.disconnect());
  return redisStorage({ client });
}

test('probes that come often share what one of them found', async () => {
  const server = await serverForTest();
  server.faults.always('token', fault.status(503, { retryAfter: 3_600 }));
  const { module } = await compile({ imports: [FrameioAuthModule.forRoot(service(server, { restore: 'lazy' }))] });
  await module.init();
  const health = module.get(FrameioAuthHealthIndicator, { strict: false });
  const first = await health.check('frameio', { timeout: PATIENCE });
  expect(first).toMatchObject({ frameio: { status: 'down', reason: 'http_503' } });
  server.faults.clear();
  expect(await health.check('frameio', { timeout: PATIENCE })).toEqual(first);
  expect(server.count({ endpoint: 'token' })).toBe(1);
});
