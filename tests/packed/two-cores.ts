/*
 * Runs in a project that installed the packed packages, from a folder that has a copy of core to itself: the
 * application's core is one, and that of transports, storages and NestJS another. Errors and auth objects must be
 * recognised all the same.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { closedOrigin } from '@frameio-auth/conformance';
import {
  AuthenticationError,
  adobeIms,
  ConfigurationError,
  type FrameioAuthError,
  ProtocolError,
  RateLimitError,
  ServerToServerAuth,
  StaticTokenAuth,
  StorageError,
  TransportError,
  WebAppAuth,
} from '@frameio-auth/core';
import type { TokenStorage, Transport } from '@frameio-auth/core/adapter';
import {
  FrameioAuthException,
  FrameioAuthExceptionFilter,
  FrameioAuthModule,
  getFrameioAuthToken,
} from '@frameio-auth/nestjs';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { fileStorage } from '@frameio-auth/storage-file';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { redisStorage } from '@frameio-auth/storage-redis';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { undiciTransport } from '@frameio-auth/transport-undici';
import { Controller, Get, type INestApplication, Module, Param } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';

const KEYS = { keys: { fictional: new Uint8Array(32).fill(7) }, current: 'fictional' };
const service = { clientId: 'fictional-client', clientSecret: 'fictional-secret' };

let origin: string;
let folder: string;

before(async () => {
  origin = await closedOrigin();
  folder = await mkdtemp(join(tmpdir(), 'frameio-auth-'));
});

after(() => rm(folder, { recursive: true }));

async function errorOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return assert.fail('It succeeds.');
}

test('the adapters use another copy of core than the application', async () => {
  const storage = memoryStorage();
  await storage.close();
  const error = await errorOf(() => storage.read('fictional-key'));

  assert.notEqual((error as object).constructor, StorageError);
  assert.equal((error as object).constructor.name, 'StorageError');
  assert.ok(error instanceof StorageError);
});

for (const [name, transport] of [
  ['fetchTransport', fetchTransport()],
  ['undiciTransport', undiciTransport()],
] as const) {
  test(`${name} says that a refused connection carried nothing`, async () => {
    const auth = new ServerToServerAuth({ ...service, transport, server: adobeIms({ origin }) });
    const error = await errorOf(() => auth.getToken());

    assert.ok(error instanceof TransportError);
    assert.equal(error.code, 'ECONNREFUSED');
    assert.equal(error.delivery, 'not_sent');
    await auth.close();
  });
}

test('a refusal after a refused connection is no lost answer', async () => {
  const server = await startAuthorizationServer();
  const auth = new WebAppAuth({
    ...server.clients.webApp,
    server: adobeIms({ origin: server.origin }),
    transport: fetchTransport(),
    storage: memoryStorage(),
  });
  const { url } = await auth.getAuthorizationUrl();
  await auth.handleCallback(await server.signIn(url));
  await server.stop();
  await errorOf(() => auth.refresh());
  await server.start();
  server.revokeUser('mara@studio.example');
  await errorOf(() => auth.refresh());

  assert.equal(auth.snapshot.ending?.cause, 'refresh_token_rejected');
  await auth.close();
  await server.close();
});

test('a storage keeps its code and its words', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const nowhere = new Redis(Number(new URL(origin).port), { lazyConnect: true, retryStrategy: () => 50 });
  nowhere.on('error', () => {});
  const storages: readonly (readonly [TokenStorage, RegExp, RegExp])[] = [
    [fileStorage({ directory: file }), /^ENOTDIR$/, /is no directory/],
    [encryptedStorage(fileStorage({ directory: file }), KEYS), /^ENOTDIR$/, /is no directory/],
    [redisStorage({ client: nowhere, timeout: 300 }), /^(?!storage_failed)/, /Redis/],
    [encryptedStorage(failing(), KEYS), /^QUOTA_EXCEEDED$/, /quota of fictional records/],
  ];
  for (const [storage, code, words] of storages) {
    const auth = new ServerToServerAuth({
      ...service,
      transport: granting,
      server: adobeIms({ origin }),
      storage,
      onStorageUnavailable: 'fail',
    });
    const error = await errorOf(() => auth.getToken());

    assert.ok(error instanceof StorageError);
    assert.match(error.code, code);
    assert.match(error.message, words);
    await auth.close();
  }
  nowhere.disconnect();
});

test('a record that cannot be read keeps its version, so that new tokens replace it', async () => {
  const records = memoryStorage();
  const inAnHour = Date.now() / 1000 + 3600;
  const withKeys = (storage: TokenStorage) =>
    new WebAppAuth({
      ...service,
      redirectUri: 'https://app.example/callback',
      transport: granting,
      server: adobeIms({ origin }),
      storage,
    });
  const before = withKeys(encryptedStorage(records, { keys: { old: new Uint8Array(32).fill(1) }, current: 'old' }));
  await before.importTokens({ accessToken: 'fictional-old', expiresAt: inAnHour });
  const now = withKeys(encryptedStorage(records, KEYS));
  const error = await errorOf(() => now.getToken());
  await now.importTokens({ accessToken: 'fictional-new', expiresAt: inAnHour });

  assert.ok(error instanceof StorageError);
  assert.equal(error.code, 'encryption_key_missing');
  assert.ok((error.version ?? 0) > 0);
  assert.equal(await now.getToken(), 'fictional-new');
  await Promise.all([before.close(), now.close()]);
});

test('NestJS answers errors of the application with the right status', async () => {
  const app = await nestApplication();
  const answers = [];
  for (const name of Object.keys(ERRORS)) answers.push([name, (await fetch(`${await app.getUrl()}/${name}`)).status]);

  assert.deepEqual(Object.fromEntries(answers), {
    authentication: 401,
    configuration: 500,
    protocol: 502,
    rate: 503,
    storage: 503,
    transport: 503,
  });
  assert.equal(FrameioAuthException.of(ERRORS.rate).headers['Retry-After'], '7');
  await app.close();
});

test("NestJS takes the application's static token in the place of a connection's", async () => {
  const app = await nestApplication(new StaticTokenAuth('fictional-static'));

  assert.equal(await app.get(getFrameioAuthToken()).getToken(), 'fictional-static');
  await app.close();
});

const ERRORS = {
  authentication: new AuthenticationError('not_authenticated', 'No.', { errorDescription: 'No.' }),
  configuration: new ConfigurationError('invalid_option', 'No.'),
  protocol: new ProtocolError('invalid_response', 'No.'),
  rate: new RateLimitError('No.', { retryAfter: 7 }),
  storage: new StorageError('ENOSPC', 'No.'),
  transport: new TransportError('timeout', 'No.', { delivery: 'unknown' }),
} satisfies Record<string, FrameioAuthError>;

const granting: Transport = async () =>
  Response.json({ access_token: 'fictional-token', token_type: 'bearer', expires_in: 3600 });

/** A storage of the application's own, with errors of the application's copy of core. */
function failing(): TokenStorage {
  class QuotaError extends StorageError {}
  const fail = async () => {
    throw new QuotaError('QUOTA_EXCEEDED', 'The quota of fictional records is used up.');
  };
  return { ...memoryStorage(), read: fail, lease: fail, commit: fail };
}

async function nestApplication(override?: StaticTokenAuth): Promise<INestApplication> {
  class Thrower {
    fail(name: keyof typeof ERRORS): never {
      throw ERRORS[name];
    }
  }
  const fail = Object.getOwnPropertyDescriptor(Thrower.prototype, 'fail') as PropertyDescriptor;
  Controller()(Thrower);
  Get(':name')(Thrower.prototype, 'fail', fail);
  Param('name')(Thrower.prototype, 'fail', 0);
  class App {}
  const connection = {
    flow: 'server-to-server',
    ...service,
    transport: granting,
    server: adobeIms({ origin }),
  } as const;
  Module({
    imports: [FrameioAuthModule.forRoot(connection)],
    controllers: [Thrower],
    providers: [{ provide: APP_FILTER, useClass: FrameioAuthExceptionFilter }],
  })(App);
  const builder = Test.createTestingModule({ imports: [App] });
  if (override !== undefined) builder.overrideProvider(getFrameioAuthToken()).useValue(override);
  const app = (await builder.compile()).createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  return app;
}
