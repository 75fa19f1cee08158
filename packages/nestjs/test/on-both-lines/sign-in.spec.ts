import { createHash } from 'node:crypto';
import type { WebAppAuth } from '@frameio-auth/core';
import {
  FrameioAuthModule,
  type FrameioAuthModuleExtras,
  type FrameioUsers,
  type FrameioVisit,
  getFrameioAuthToken,
  type WebAppConnection,
} from '@frameio-auth/nestjs';
import type { AuthorizationServer } from '@frameio-auth/testing';
import {
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  type ApplicationForTest,
  ORIGIN,
  platforms,
  serverForTest,
  start,
  webApp,
} from './application.js';

const authOf = ({ app }: ApplicationForTest) => app.get<WebAppAuth>(getFrameioAuthToken(), { strict: false });

const COOKIE = '__Host-frameio-sign-in';

/** What the browser would send back of a cookie that was set. */
function cookieOf({ headers }: Answer): string {
  return headers['set-cookie']?.find((cookie) => cookie.startsWith(COOKIE))?.split(';', 1)[0] ?? '';
}

/** The user allows it at the server, and the browser is sent back: to this path. */
async function allowed(server: AuthorizationServer, { headers }: Answer, options = {}): Promise<string> {
  const { pathname, search } = new URL(await server.signIn(String(headers.location), options));
  return pathname + search;
}

/** Users who have no login of their own: the application keeps the session's key for a browser that it knows by a cookie. */
class Logins implements FrameioUsers {
  readonly keys = new Map<string, string>();
  readonly dismissed: string[] = [];
  host: HttpAdapterHost | undefined;

  identify({ headers }: { headers: Record<string, string | string[] | undefined> }): string | undefined {
    return this.keys.get(/login=(\w+)/.exec(String(headers['cookie']))?.[1] ?? '');
  }

  admit({ key, response }: FrameioVisit): void {
    this.keys.set('fictional', key);
    this.host?.httpAdapter.appendHeader(response, 'Set-Cookie', 'login=fictional; HttpOnly');
  }

  dismiss({ key }: FrameioVisit): void {
    this.keys.delete('fictional');
    this.dismissed.push(key);
  }
}

describe.each(platforms)('the sign-in on $platform', ({ adapter }) => {
  async function application(
    server: AuthorizationServer,
    signIn: Partial<FrameioAuthModuleExtras['signIn']> = {},
    more: Partial<WebAppConnection> = {},
    prepare?: (app: INestApplication) => unknown,
  ): Promise<ApplicationForTest> {
    const options = { ...webApp(server, more), signIn: { path: 'auth/frameio', ...signIn } };
    return start(adapter(), { imports: [FrameioAuthModule.forRoot(options)] }, prepare);
  }

  const asMara = { 'x-user': 'mara' };

  test('takes a user to the server and back to the page that was asked for', async () => {
    const server = await serverForTest();
    const app = await application(server);
    const login = await app.ask('/auth/frameio/login?returnTo=%2Freviews%3Fpage%3D2', asMara);
    expect(login.status).toBe(303);
    expect(login.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });

    const callback = await app.ask(await allowed(server, login), { ...asMara, cookie: cookieOf(login) });
    expect(callback.status).toBe(303);
    expect(callback.headers).toMatchObject({ location: '/reviews?page=2', 'cache-control': 'no-store' });
    expect(callback.headers['set-cookie']).toEqual([`${COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure`]);
    expect(server.accessTokenIsLive(await authOf(app).session('mara').getToken())).toBe(true);
  });

  test('goes to its own place where none was asked for, and never to another origin', async () => {
    const server = await serverForTest();
    const app = await application(server, { afterSignIn: '/welcome' });
    const login = await app.ask('/auth/frameio/login?returnTo=https://evil.example/', asMara);
    const callback = await app.ask(await allowed(server, login), { ...asMara, cookie: cookieOf(login) });
    expect(callback.headers.location).toBe('/welcome');
  });

  test('leaves nothing secret in the browser', async () => {
    const server = await serverForTest();
    const app = await application(server);
    const login = await app.ask('/auth/frameio/login', asMara);
    const [cookie = ''] = login.headers['set-cookie'] ?? [];
    const state = String(new URL(String(login.headers.location)).searchParams.get('state'));
    const hash = createHash('sha256').update(state).digest('base64url');
    expect(cookie).toBe(`${COOKIE}=${hash}.; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure`);
  });

  test("takes no other user's callback, which stays good for its owner (RFC 6749 §10.12)", async () => {
    const server = await serverForTest();
    const app = await application(server);
    const login = await app.ask('/auth/frameio/login', asMara);
    const path = await allowed(server, login);
    const lured = await app.ask(path, { 'x-user': 'jonas', cookie: cookieOf(login) });
    expect(lured.status).toBe(401);
    expect(lured.json).toMatchObject({ statusCode: 401, error: 'Unauthorized', code: 'state_mismatch' });
    expect((await app.ask(path, asMara)).status).toBe(303);
  });

  test('lets only users begin who are logged in, where the application cannot admit others', async () => {
    const server = await serverForTest();
    const app = await application(server);
    expect((await app.ask('/auth/frameio/login')).json).toMatchObject({ code: 'not_logged_in' });
    const login = await app.ask('/auth/frameio/login', asMara);
    const stranger = await app.ask(await allowed(server, login), { cookie: cookieOf(login) });
    expect(stranger.json).toMatchObject({ code: 'state_mismatch' });
  });

  test('is the login of an application that has none: the browser that began is admitted, and no other', async () => {
    const server = await serverForTest();
    const users = new Logins();
    const app = await application(server, {}, { users }, (made) => {
      users.host = made.get(HttpAdapterHost);
    });
    const login = await app.ask('/auth/frameio/login?returnTo=/reviews');
    const path = await allowed(server, login);

    const elsewhere = await app.ask(path);
    expect(elsewhere.json).toMatchObject({ code: 'state_mismatch' });
    const other = await app.ask('/auth/frameio/login');
    expect((await app.ask(path, { cookie: cookieOf(other) })).json).toMatchObject({ code: 'state_mismatch' });
    expect(users.keys.size).toBe(0);

    const callback = await app.ask(path, { cookie: `theme=dark; ${cookieOf(login)}` });
    expect(callback.headers.location).toBe('/reviews');
    expect(callback.headers['set-cookie']).toContain('login=fictional; HttpOnly');
    const key = users.keys.get('fictional') ?? '';
    expect(server.accessTokenIsLive(await authOf(app).session(key).getToken())).toBe(true);
    expect(String(login.headers['set-cookie']) + login.headers.location).not.toContain(key);

    const again = await app.ask(path, { cookie: cookieOf(login) });
    expect(again.json).toMatchObject({ code: 'state_used' });
  });

  test('says why it failed, at a place of the application where it has one', async () => {
    const server = await serverForTest();
    const plain = await application(server);
    const declined = await plain.ask('/auth/frameio/login', asMara);
    const denied = await plain.ask(await allowed(server, declined, { deny: true }), asMara);
    expect(denied.json).toMatchObject({ statusCode: 401, code: 'access_denied' });

    const app = await application(server, { onFailure: '/sorry?from=frameio' });
    const login = await app.ask('/auth/frameio/login', asMara);
    const failed = await app.ask(await allowed(server, login, { deny: true }), asMara);
    expect(failed.headers.location).toBe('/sorry?from=frameio&reason=access_denied');
  });

  test('gives up the tokens when a page of the application asks for it, and for no other', async () => {
    const server = await serverForTest();
    const users = new Logins();
    const app = await application(server, { afterSignOut: '/goodbye' }, { users });
    const login = await app.ask('/auth/frameio/login');
    await app.ask(await allowed(server, login), { cookie: cookieOf(login) });
    const key = users.keys.get('fictional') ?? '';
    const token = await authOf(app).session(key).getToken();

    const cookie = 'login=fictional';
    const logout = (headers: Record<string, string>, method = 'POST') =>
      app.ask('/auth/frameio/logout', { cookie, 'content-length': 0, ...headers }, method);
    expect((await logout({ origin: ORIGIN }, 'GET')).status).toBe(404);
    for (const foreign of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', origin: ORIGIN },
      { 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      const refused = await logout(foreign);
      expect(refused.status).toBe(403);
      expect(refused.json).toMatchObject({ error: 'Forbidden', code: 'foreign_origin' });
    }
    expect(server.accessTokenIsLive(token)).toBe(true);

    const done = await logout({ 'sec-fetch-site': 'same-origin' });
    expect(done.status).toBe(303);
    expect(done.headers.location).toBe('/goodbye');
    expect(server.accessTokenIsLive(token)).toBe(false);
    expect(users.dismissed).toEqual([key]);
    expect((await logout({ origin: ORIGIN })).status).toBe(303);
  });

  test('is where it belongs below a global prefix, and for every version of the API', async () => {
    const server = await serverForTest();
    const redirectUri = `${ORIGIN}/api/auth/frameio/callback`;
    const app = await application(server, {}, { redirectUri }, (made) => {
      made.setGlobalPrefix('api');
      made.enableVersioning();
    });
    const login = await app.ask('/api/auth/frameio/login', asMara);
    const callback = await app.ask(await allowed(server, login), { ...asMara, cookie: cookieOf(login) });
    expect(callback.headers.location).toBe('/');
  });
});

test("carries the application's decorators, so that its own guards may let everybody sign in", async () => {
  const Public = SetMetadata('public', true);
  @Injectable()
  class Closed implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      return Reflect.getMetadata('public', context.getClass()) === true;
    }
  }
  const server = await serverForTest();
  const signIn = (decorators: ClassDecorator[]) => ({ path: 'auth/frameio', decorators });
  const statuses = await Promise.all(
    [[], [Public]].map(async (decorators) => {
      const { ask } = await start(new ExpressAdapter(), {
        imports: [FrameioAuthModule.forRoot({ ...webApp(server), signIn: signIn(decorators) })],
        providers: [{ provide: APP_GUARD, useClass: Closed }],
      });
      return (await ask('/auth/frameio/login', { 'x-user': 'mara' })).status;
    }),
  );
  expect(statuses).toEqual([403, 303]);
});

test('uses a cookie that plain http can carry, where the redirect URI is on this machine', async () => {
  const server = await serverForTest();
  const options = webApp(server, { redirectUri: 'http://127.0.0.1:3000/auth/frameio/callback' });
  const { ask } = await start(new ExpressAdapter(), {
    imports: [FrameioAuthModule.forRoot({ ...options, signIn: { path: '/auth/frameio/' } })],
  });
  const login = await ask('/auth/frameio/login', { 'x-user': 'mara' });
  expect(login.headers['set-cookie']?.[0]).toMatch(/^frameio-sign-in=.*; Path=\/; HttpOnly; SameSite=Lax$/);
});
