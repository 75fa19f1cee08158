import { StorageError, type TokenSession, type UserSession, WebAppAuth } from '@frameio-auth/core';
import {
  FrameioAuthExceptionFilter,
  FrameioAuthGuard,
  FrameioAuthModule,
  FrameioConnection,
  FrameioHttp,
  FrameioSession,
  FrameioToken,
  getFrameioAuthToken,
  InjectFrameioAuth,
  SkipFrameioAuth,
} from '@frameio-auth/nestjs';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { type AuthorizationServer, fault } from '@frameio-auth/testing';
import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, ExternalContextCreator } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { firstValueFrom } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type ApplicationForTest,
  compile,
  freePort,
  platforms,
  serverForTest,
  service,
  start,
  webApp,
} from './application.js';
import { fromOwnPage } from './sign-in/browsers.js';

@Controller()
@UseGuards(FrameioAuthGuard)
class Profiles {
  @Get('token')
  token(@FrameioToken() token: string): { token: string } {
    return { token };
  }

  @Get('session')
  session(@FrameioSession() session: TokenSession): { key: string } {
    return { key: session.key };
  }

  @Get('client')
  client(@FrameioHttp() client: string): { client: string } {
    return { client };
  }
}

/** Signs a user in, without a browser. */
async function signIn(auth: WebAppAuth, server: AuthorizationServer, key: string): Promise<void> {
  const { url } = await auth.session(key).getAuthorizationUrl();
  await auth.session(key).handleCallback(await server.signIn(url));
}

const authOf = ({ app }: ApplicationForTest, name?: string) =>
  app.get<WebAppAuth>(getFrameioAuthToken(name), { strict: false });

const asMara = { 'x-user': 'mara' };

describe.each(platforms)('on $platform', ({ adapter }) => {
  test("the guard lets signed-in users pass, and the decorators give each the user's own", async () => {
    const server = await serverForTest();
    const http = ({ key }: UserSession) => `client of ${key}`;
    const application = await start(adapter(), {
      imports: [FrameioAuthModule.forRoot(webApp(server, { http }))],
      controllers: [Profiles],
    });
    for (const user of ['mara', 'jonas']) await signIn(authOf(application), server, user);

    const tokens = new Set<string>();
    for (const user of ['mara', 'jonas']) {
      const init = { 'x-user': user };
      const { token } = (await application.ask('/token', init)).json as { token: string };
      expect(server.accessTokenIsLive(token)).toBe(true);
      tokens.add(token);
      expect((await application.ask('/session', init)).json).toEqual({ key: user });
      expect((await application.ask('/client', init)).json).toEqual({ client: `client of ${user}` });
    }
    expect(tokens.size).toBe(2);
  });

  test('the guard lets go of a session that ended elsewhere, where signing in is the login', async () => {
    const server = await serverForTest();
    const users = { identify: () => 'browser-7', admit: () => {} };
    const options = webApp(server, { users, storage: memoryStorage() });
    const { restore, http, users: _, ...plain } = options;
    await using elsewhere = new WebAppAuth(plain);
    await signIn(elsewhere, server, 'browser-7');
    const application = await start(adapter(), {
      imports: [FrameioAuthModule.forRoot(options)],
      controllers: [Profiles],
    });
    expect((await application.ask('/token')).status).toBe(200);
    const session = authOf(application).session('browser-7');

    await elsewhere.session('browser-7').revoke();
    await expect.poll(() => session.snapshot.state).toBe('revoked');
    for (const { status, json } of await Promise.all([1, 2, 3].map(() => application.ask('/token')))) {
      expect(status).toBe(401);
      expect(json).toMatchObject({ code: 'token_revoked' });
    }
    await expect(session.getToken({})).rejects.toMatchObject({ code: 'session_closed' });
    expect(authOf(application).session('browser-7')).not.toBe(session);
  });

  test('the guard answers 401, and says why in JSON', async () => {
    const server = await serverForTest();
    const { ask } = await start(adapter(), {
      imports: [FrameioAuthModule.forRoot(webApp(server))],
      controllers: [Profiles],
    });
    const stranger = await ask('/token');
    expect(stranger.status).toBe(401);
    expect(stranger.json).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      code: 'not_logged_in',
      message: 'No user is logged in to this application. Log in, then repeat the request.',
    });
    const unconnected = await ask('/token', asMara);
    expect(unconnected.status).toBe(401);
    expect(unconnected.json).toMatchObject({ code: 'not_authenticated', message: 'No user is signed in.' });
  });

  test('the guard sends page loads to the sign-in, if it is told to, and nothing else', async () => {
    const server = await serverForTest();
    const { ask } = await start(adapter(), {
      imports: [FrameioAuthModule.forRoot({ ...webApp(server), signIn: { path: 'auth/frameio', redirect: true } })],
      controllers: [Profiles],
    });
    const page = await ask('/token?page=2', { 'x-user': 'mara', 'sec-fetch-mode': 'navigate' });
    expect(page.status).toBe(303);
    expect(page.headers['location']).toBe('/auth/frameio/login?returnTo=%2Ftoken%3Fpage%3D2');
    const oldBrowser = await ask('/token', { 'x-user': 'mara', accept: 'text/html,*/*;q=0.8' });
    expect(oldBrowser.status).toBe(303);
    const script = await ask('/token', { 'x-user': 'mara', accept: 'text/html', 'sec-fetch-mode': 'cors' });
    expect(script.status).toBe(401);
    expect(script.json).toMatchObject({ signIn: '/auth/frameio/login' });
  });

  test('where the application itself signs in, its own token is for every request', async () => {
    const server = await serverForTest();
    const { ask } = await start(adapter(), {
      imports: [FrameioAuthModule.forRoot(service(server))],
      controllers: [Profiles],
    });
    const { token } = (await ask('/token')).json as { token: string };
    expect(server.accessTokenIsLive(token)).toBe(true);
    expect((await ask('/session')).json).toEqual({ key: 'default' });
  });

  test('a server that fails is 502 or 503, in words that tell nothing of the inside', async () => {
    const server = await serverForTest();
    const { ask, journal } = await start(adapter(), {
      imports: [FrameioAuthModule.forRoot(service(server, { restore: 'lazy' }))],
      controllers: [Profiles],
    });
    server.faults.always('token', fault.status(429, { retryAfter: 600 }));
    const limited = await ask('/token');
    expect(limited.status).toBe(503);
    expect(limited.headers['retry-after']).toBe('600');
    expect(limited.json).toEqual({
      statusCode: 503,
      error: 'Service Unavailable',
      code: 'rate_limited',
      message: 'No access token is available at the moment. Try again later.',
      retryAfter: 600,
    });
    expect(journal.lines.join('\n')).toContain('asks to wait');
  });

  test('the filter answers uncaught errors', async () => {
    @Controller()
    class Careless {
      readonly auth: WebAppAuth;

      constructor(@InjectFrameioAuth() auth: WebAppAuth) {
        this.auth = auth;
      }

      @Get('token')
      token(): Promise<string> {
        return this.auth.getToken();
      }

      @Get('storage')
      storage(): never {
        throw new StorageError('ECONNRESET', 'redis.studio.example does not answer.');
      }
    }
    const server = await serverForTest();
    const { ask, journal } = await start(adapter(), {
      imports: [FrameioAuthModule.forRoot(webApp(server))],
      controllers: [Careless],
      providers: [{ provide: APP_FILTER, useClass: FrameioAuthExceptionFilter }],
    });
    const unauthenticated = await ask('/token');
    expect(unauthenticated.status).toBe(401);
    expect(unauthenticated.json).toMatchObject({ error: 'Unauthorized', code: 'not_authenticated' });
    const unavailable = await ask('/storage');
    expect(unavailable.status).toBe(503);
    expect(unavailable.text).not.toContain('redis.studio.example');
    expect(journal.lines.join('\n')).toContain('redis.studio.example does not answer.');
  });

  test('a connection is chosen by name, for a class, a handler or a parameter', async () => {
    @Controller()
    @UseGuards(FrameioAuthGuard)
    @FrameioConnection('legacy')
    class Chosen {
      @Get('class')
      ofClass(@FrameioToken() token: string): string {
        return token;
      }

      @Get('handler')
      @FrameioConnection('archive')
      ofHandler(@FrameioToken() token: string): string {
        return token;
      }

      @Get('parameter')
      ofParameter(@FrameioToken('archive') token: string): string {
        return token;
      }

      @Get('unknown')
      @FrameioConnection('nowhere')
      ofNobody(): string {
        return 'never';
      }
    }
    const { ask, journal } = await start(adapter(), {
      imports: ['legacy', 'archive'].map((name) =>
        FrameioAuthModule.forRoot({ name, flow: 'static', token: `${name}.fictional` }),
      ),
      controllers: [Chosen],
    });
    expect((await ask('/class')).text).toBe('legacy.fictional');
    expect((await ask('/handler')).text).toBe('archive.fictional');
    expect((await ask('/parameter')).text).toBe('archive.fictional');
    expect((await ask('/unknown')).status).toBe(500);
    expect(journal.lines.join('\n')).toContain('There is no connection "nowhere".');
  });
});

test('the guard of a whole application lets everybody pass to the sign-in, and where it is told to skip', async () => {
  @Controller()
  class Pages {
    @Get('reviews')
    reviews(): string {
      return 'reviews';
    }

    @Get('imprint')
    @SkipFrameioAuth()
    imprint(): string {
      return 'imprint';
    }
  }
  const server = await serverForTest();
  const { ask } = await start(new ExpressAdapter(), {
    imports: [FrameioAuthModule.forRoot({ ...webApp(server), signIn: { path: 'auth/frameio' } })],
    controllers: [Pages],
    providers: [{ provide: APP_GUARD, useClass: FrameioAuthGuard }],
  });
  expect((await ask('/reviews', asMara)).status).toBe(401);
  expect((await ask('/imprint')).text).toBe('imprint');
  expect((await ask('/auth/frameio/login', { ...asMara, ...fromOwnPage })).status).toBe(303);
});

test('GraphQL resolvers are guarded and given tokens by the request in their context', async () => {
  const server = await serverForTest();
  @Injectable()
  class Resolver {
    @UseGuards(FrameioAuthGuard)
    token(@FrameioToken() token: string): string {
      return token;
    }
  }
  const { module } = await compile({ imports: [FrameioAuthModule.forRoot(webApp(server))], providers: [Resolver] });
  await module.init();
  await signIn(module.get(getFrameioAuthToken(), { strict: false }), server, 'mara');

  // The call of a resolver by @nestjs/graphql: (parent, arguments, context of the request, info).
  const resolver = module.get(Resolver);
  const resolve = module
    .get(ExternalContextCreator, { strict: false })
    .create(
      resolver,
      resolver.token as (...args: unknown[]) => unknown,
      'token',
      '__routeArguments__',
      { exchangeKeyForValue: () => undefined },
      undefined,
      undefined,
      undefined,
      'graphql',
    );
  const requestOf = (user: string) => ({ req: { method: 'POST', url: '/graphql', headers: { 'x-user': user } } });
  expect(server.accessTokenIsLive(await resolve(undefined, {}, requestOf('mara'), {}))).toBe(true);
  await expect(resolve(undefined, {}, requestOf('jonas'), {})).rejects.toMatchObject({
    status: 401,
    code: 'not_authenticated',
  });
});

test('handlers of messages are given tokens by what the application says of the message, and never by its data', async () => {
  const server = await serverForTest();
  @Controller()
  class Transcoder {
    @MessagePattern('trusted')
    @FrameioConnection('trusted')
    trusted(@FrameioToken() token: string): string {
      return token;
    }

    @MessagePattern('careless')
    @UseGuards(FrameioAuthGuard)
    careless(): string {
      return 'never';
    }
  }
  const { users } = webApp(server);
  const { module } = await compile({
    imports: [
      FrameioAuthModule.forRoot(webApp(server)),
      FrameioAuthModule.forRoot({
        name: 'trusted',
        ...webApp(server, {
          users: {
            ...users,
            identify: () => undefined,
            identifyMessage: (context) => context.switchToRpc().getData().user,
          },
        }),
      }),
    ],
    controllers: [Transcoder],
    providers: [{ provide: APP_FILTER, useClass: FrameioAuthExceptionFilter }],
  });
  const options = { host: '127.0.0.1', port: await freePort() };
  const application = module.createNestMicroservice({ transport: Transport.TCP, options });
  await application.listen();
  onTestFinished(() => application.close());
  await signIn(module.get(getFrameioAuthToken('trusted'), { strict: false }), server, 'mara');

  const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  onTestFinished(() => client.close());
  const token = await firstValueFrom(client.send<string>('trusted', { user: 'mara' }));
  expect(server.accessTokenIsLive(token)).toBe(true);
  const forged = { headers: { 'x-user': 'mara' }, user: 'mara' };
  await expect(firstValueFrom(client.send('careless', forged))).rejects.toMatchObject({ code: 'not_logged_in' });
});
