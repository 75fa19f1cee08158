import { createHash } from 'node:crypto';
import { type FrameioAuthError, StorageError } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import {
  FrameioAuthException,
  FrameioAuthModule,
  type FrameioAuthModuleExtras,
  type FrameioUsers,
  type WebAppConnection,
} from '@frameio-auth/nestjs';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { type AuthorizationServer, fault } from '@frameio-auth/testing';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  SetMetadata,
  UseFilters,
} from '@nestjs/common';
import { APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { describe, expect, test } from 'vitest';
import { type ApplicationForTest, ORIGIN, platforms, serverForTest, start, webApp } from './application.js';
import { allowed, authOf, COOKIE, cookieOf, fromOwnPage, Logins } from './browsers.js';

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

  const asMara = { 'x-user': 'mara', ...fromOwnPage };

  test('takes a user to the server and back to the page that was asked for', async () => {
    const server = await serverForTest();
    const app = await application(server);
    const login = await app.ask('/auth/frameio/login?returnTo=%2Freviews%3Fpage%3D2', asMara);
    expect(login.status).toBe(303);
    expect(login.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });

    const callback = await app.ask(await allowed(server, login), { ...asMara, cookie: cookieOf(login) });
    expect(callback.status).toBe(303);
    expect(callback.headers).toMatchObject({ location: '/reviews?page=2', 'cache-control': 'no-store' });
    expect(callback.headers['set-cookie']).toBeUndefined();
    expect(server.accessTokenIsLive(await authOf(app).session('mara').getToken())).toBe(true);
  });

  test('goes to its own place where none was asked for, and never to another origin', async () => {
    const server = await serverForTest();
    const app = await application(server, { afterSignIn: '/welcome' });
    const login = await app.ask('/auth/frameio/login?returnTo=https://evil.example/', asMara);
    const callback = await app.ask(await allowed(server, login), { ...asMara, cookie: cookieOf(login) });
    expect(callback.headers.location).toBe('/welcome');
  });

  test.each(['https://app.example/reviews', 'http://localhost:5173/', 'http://127.0.0.1:5173/', 'http://[::1]:5173/'])(
    'goes to where the pages of the application are: %s',
    async (afterSignIn) => {
      const server = await serverForTest();
      const app = await application(server, { afterSignIn });
      const login = await app.ask('/auth/frameio/login', asMara);
      const callback = await app.ask(await allowed(server, login), { ...asMara, cookie: cookieOf(login) });
      expect(callback.headers.location).toBe(afterSignIn);
    },
  );

  test('leaves nothing in the browser but what proves that it began, which no address shows', async () => {
    const server = await serverForTest();
    const app = await application(server);
    const login = await app.ask('/auth/frameio/login', asMara);
    const [cookie = ''] = login.headers['set-cookie'] ?? [];
    const state = String(new URL(String(login.headers.location)).searchParams.get('state'));
    const hash = (text: string) => createHash('sha256').update(text).digest('base64url');
    const secret = /=([\w-]{43})\./.exec(cookie)?.[1] ?? '';
    expect(cookie).toBe(`${COOKIE}${hash(state)}=${secret}.; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure`);
    expect(hash(secret)).toBe(state);
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
    expect(callback.headers['set-cookie']).toContain('login=no1; HttpOnly');
    const key = users.keys.get('no1') ?? '';
    expect(server.accessTokenIsLive(await authOf(app).session(key).getToken())).toBe(true);
    expect(String(login.headers['set-cookie']) + login.headers.location).not.toContain(key);
  });

  test('takes the right mark from no cookie of another name, which another host of the site can set (RFC 6265bis §4.1.3.2)', async () => {
    const server = await serverForTest();
    const users = new Logins();
    const app = await application(server, {}, { users });
    const login = await app.ask('/auth/frameio/login');
    const path = await allowed(server, login);

    const tossed = cookieOf(login).replace('__Host-', '');
    expect((await app.ask(path, { cookie: tossed })).json).toMatchObject({ code: 'state_mismatch' });
    expect(users.keys.size).toBe(0);
    expect((await app.ask(path, { cookie: `${tossed}; ${cookieOf(login)}` })).status).toBe(303);
  });

  test('gives each sign-in a session that no login from before leads to, and ends the former (session fixation)', async () => {
    const server = await serverForTest();
    const users = new Logins();
    const app = await application(server, {}, { users });
    const signIn = async (cookies: string, user: string) => {
      const login = await app.ask('/auth/frameio/login', { cookie: cookies, ...fromOwnPage });
      const path = await allowed(server, login, { user });
      const callback = await app.ask(path, { cookie: `${cookies}; ${cookieOf(login)}` });
      expect(callback.status).toBe(303);
      return { login, path };
    };
    await signIn('', 'ode@studio.example');
    const planted = users.keys.get('no1') ?? '';
    const former = await authOf(app).session(planted).getToken();

    const { login, path } = await signIn('login=no1', 'mara@studio.example');
    const fresh = users.keys.get('no2') ?? '';
    expect(fresh).toMatch(/^[\w-]{43}$/);
    expect(fresh).not.toBe(planted);
    expect(users.keys.get('no1')).toBe(planted);
    expect(server.accessTokenIsLive(await authOf(app).session(fresh).getToken())).toBe(true);
    expect(server.accessTokenIsLive(former)).toBe(false);
    await expect(authOf(app).session(planted).getToken()).rejects.toMatchObject({ code: 'token_revoked' });

    // A login alone does not complete a sign-in that another browser began.
    const lured = await app.ask('/auth/frameio/login', { cookie: 'login=no2', ...fromOwnPage });
    const link = await allowed(server, lured);
    expect((await app.ask(link, { cookie: 'login=no2' })).json).toMatchObject({ code: 'state_mismatch' });
    expect((await app.ask(path, { cookie: `login=no2; ${cookieOf(login)}` })).headers['set-cookie']).toBeUndefined();
    expect(server.accessTokenIsLive(await authOf(app).session(fresh).getToken())).toBe(true);
  });

  test('ends the former session of the same user here, and tells no server, which might end the new one too', async () => {
    const server = await serverForTest();
    const users = new Logins();
    const app = await application(server, {}, { users });
    const signIn = async (cookies: string) => {
      const login = await app.ask('/auth/frameio/login', { cookie: cookies, ...fromOwnPage });
      await app.ask(await allowed(server, login), { cookie: `${cookies}; ${cookieOf(login)}` });
    };
    await signIn('');
    await signIn('login=no1');
    const [former = '', later = ''] = users.keys.values();
    await expect(authOf(app).session(former).getToken()).rejects.toMatchObject({ code: 'token_revoked' });
    expect(server.count({ endpoint: 'revoke' })).toBe(0);
    expect(server.accessTokenIsLive(await authOf(app).session(later).getToken())).toBe(true);
  });

  test('lets no tokens live that nobody was admitted to, and ends no former session for them', async () => {
    const server = await serverForTest();
    const keys: string[] = [];
    const users: FrameioUsers = {
      identify: () => 'former',
      admit: async ({ key, session }) => {
        keys.push(key, await session.getToken());
        throw new Error('fictional');
      },
    };
    const app = await application(server, { onFailure: '/sorry' }, { users });
    const former = authOf(app).session('former');
    await former.handleCallback(await server.signIn((await former.getAuthorizationUrl()).url));
    const login = await app.ask('/auth/frameio/login', fromOwnPage);
    const callback = await app.ask(await allowed(server, login), { cookie: cookieOf(login) });
    expect(callback.status).toBe(500);
    const [key = '', token = ''] = keys;
    expect(server.accessTokenIsLive(token)).toBe(false);
    await expect(authOf(app).session(key).getToken()).rejects.toMatchObject({ code: 'token_revoked' });
    expect(server.accessTokenIsLive(await former.getToken())).toBe(true);
  });

  test('admits a user whose former session cannot be ended, and says so in the log', async () => {
    const server = await serverForTest();
    const keys: string[] = [];
    const users: FrameioUsers = { identify: () => '\ud800', admit: ({ key }) => keys.push(key) };
    const app = await application(server, {}, { users });
    const login = await app.ask('/auth/frameio/login', fromOwnPage);
    const callback = await app.ask(await allowed(server, login), { cookie: cookieOf(login) });
    expect(callback.status).toBe(303);
    expect(keys).toHaveLength(1);
    expect(app.journal.lines.join('\n')).toContain('A session that nobody uses any more could not be revoked:');
  });

  const asBrowser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-mode': 'navigate' };

  test('shows people a page, and programs JSON, when the user declined', async () => {
    const server = await serverForTest();
    const app = await application(server);
    const declined = await app.ask('/auth/frameio/login', asMara);
    const denied = await app.ask(await allowed(server, declined, { deny: true }), asMara);
    expect(denied.json).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      code: 'access_denied',
      message: expect.any(String),
      signIn: '/auth/frameio/login',
    });

    const login = await app.ask('/auth/frameio/login', asMara);
    const page = await app.ask(await allowed(server, login, { deny: true }), { ...asMara, ...asBrowser });
    expect(page.status).toBe(401);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'sha256-[^']+'; /),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    expect(page.text).toContain('<h1>You did not sign in</h1>');
    expect(page.text).toContain('<a href="/auth/frameio/login">');
    expect(server.secrets().filter((secret) => page.text.includes(secret))).toEqual([]);
  });

  test('sends people where the server wants something from them first', async () => {
    const server = await serverForTest();
    const action = 'https://accounts.example/act?a=1&b="><script>';
    const callback = async (app: ApplicationForTest) => {
      const login = await app.ask('/auth/frameio/login', asMara);
      const path = await allowed(server, login);
      server.faults.next('token', fault.userAction({ jump: action }));
      return app.ask(path, { ...asMara, ...asBrowser, cookie: cookieOf(login) });
    };
    const page = await callback(await application(server));
    expect(page.status).toBe(401);
    const href = 'https://accounts.example/act?a=1&#38;b=%22%3E%3Cscript%3E';
    expect(page.text).toContain(`<a href="${href}">`);

    // The address is not in what the application's own page is told, because anybody could write it there.
    const app = await application(server, { onFailure: '/sorry' });
    const told = await callback(app);
    expect(told.headers.location).toMatch(
      /^\/sorry\?reason=ride_AdobeID_acct_actreq&userAction=required&debugId=fictional-[\w-]+$/,
    );
    const sent = await app.ask('/auth/frameio/action', { ...asMara, cookie: cookieOf(told) });
    expect(sent.status).toBe(303);
    expect(sent.headers).toMatchObject({ location: new URL(action).href, 'referrer-policy': 'no-referrer' });
    const stray = await app.ask('/auth/frameio/action?to=https://evil.example', asMara);
    expect(stray.headers.location).toBe('/auth/frameio/login');
  });

  test('shows people a page when server or storage fail, and lets them try again', async () => {
    const server = await serverForTest();
    const memory = memoryStorage();
    const outage = { is: false };
    const storage: TokenStorage = {
      ...memory,
      read: (key) =>
        outage.is
          ? Promise.reject(new StorageError('ECONNRESET', 'redis.studio.example does not answer.'))
          : memory.read(key),
    };
    const app = await application(server, {}, { storage, users: new Logins() });
    const login = await app.ask('/auth/frameio/login?returnTo=/reviews');
    const path = await allowed(server, login);
    const back = { ...asBrowser, cookie: cookieOf(login) };

    outage.is = true;
    for (const [place, headers] of [
      ['/auth/frameio/login', asBrowser],
      [path, back],
    ] as const) {
      const page = await app.ask(place, headers);
      expect(page.status).toBe(503);
      expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
      expect(page.headers['set-cookie']).toBeUndefined();
      expect(page.text).toContain('<h1>This does not work at the moment</h1>');
      expect(page.text).not.toContain('redis');
    }
    expect(app.journal.lines.filter((line) => line.includes('redis.studio.example'))).toHaveLength(2);
    outage.is = false;
    expect((await app.ask(path, back)).headers.location).toBe('/reviews');

    const again = await app.ask('/auth/frameio/login');
    const code = await allowed(server, again);
    server.faults.next('token', fault.status(429, { retryAfter: 600 }));
    const limited = await app.ask(code, { ...asBrowser, cookie: cookieOf(again) });
    expect(limited.status).toBe(503);
    expect(limited.headers['retry-after']).toBe('600');
    expect(limited.text).toContain('<h1>This does not work at the moment</h1>');
  });

  test('sends people to the place of the application for what failed, where it has one', async () => {
    const server = await serverForTest();
    const app = await application(server, { onFailure: '/sorry?from=frameio#top' });
    const login = await app.ask('/auth/frameio/login', asMara);
    const failed = await app.ask(await allowed(server, login, { deny: true }), { ...asMara, cookie: cookieOf(login) });
    expect(failed.status).toBe(303);
    expect(failed.headers.location).toBe('/sorry?from=frameio&reason=access_denied#top');

    const next = await app.ask('/auth/frameio/login', asMara);
    const path = await allowed(server, next);
    server.faults.next('token', fault.status(429, { retryAfter: 600 }));
    const limited = await app.ask(path, asMara);
    expect(limited.headers.location).toBe('/sorry?from=frameio&reason=rate_limited&retryAfter=600#top');
    expect(app.journal.lines.join('\n')).toContain('asks to wait');
    expect((await app.ask('/auth/frameio/login')).headers.location).toBe(
      '/sorry?from=frameio&reason=not_logged_in#top',
    );
    const form = {
      'x-user': 'mara',
      ...asBrowser,
      'content-length': 0,
      'content-type': 'application/x-www-form-urlencoded',
    };
    const foreign = await app.ask('/auth/frameio/logout', { ...form, origin: 'https://evil.example' }, 'POST');
    expect(foreign.status).toBe(403);
    expect(foreign.text).toContain('<h1>Nothing was done</h1>');
    expect((await app.ask('/auth/frameio/logout', { ...form, origin: ORIGIN }, 'POST')).status).toBe(303);
  });

  test('leaves a sign-in under way alone, whatever callback a link brings in between', async () => {
    const server = await serverForTest();
    const app = await application(server, { onFailure: '/sorry' }, { users: new Logins() });
    const login = await app.ask('/auth/frameio/login');
    const stray = await app.ask('/auth/frameio/callback?error=access_denied&state=forged', {
      cookie: cookieOf(login),
    });
    expect(stray.headers.location).toBe('/sorry?reason=state_mismatch');
    expect(stray.headers['set-cookie']).toBeUndefined();
  });

  test('gives up the tokens when a page of the application asks for it, and for no other', async () => {
    const server = await serverForTest();
    const users = new Logins();
    const app = await application(server, { afterSignOut: '/goodbye' }, { users });
    const login = await app.ask('/auth/frameio/login');
    await app.ask(await allowed(server, login), { cookie: cookieOf(login) });
    const key = users.keys.get('no1') ?? '';
    const token = await authOf(app).session(key).getToken();

    const cookie = 'login=no1';
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

  test('logs a user out of the application even when the storage cannot be told', async () => {
    const server = await serverForTest();
    const users = new Logins();
    const memory = memoryStorage();
    const outage = { is: false };
    const down = () => Promise.reject(new StorageError('ECONNRESET', 'Nobody answers.'));
    const storage: TokenStorage = {
      ...memory,
      read: (key) => (outage.is ? down() : memory.read(key)),
      lease: (key, request) => (outage.is ? down() : memory.lease(key, request)),
      commit: (key, request) => (outage.is ? down() : memory.commit(key, request)),
    };
    const app = await application(server, {}, { storage, users });
    const login = await app.ask('/auth/frameio/login');
    await app.ask(await allowed(server, login), { cookie: cookieOf(login) });
    const key = users.keys.get('no1');

    outage.is = true;
    const headers = { cookie: 'login=no1', 'content-length': 0, origin: ORIGIN };
    expect((await app.ask('/auth/frameio/logout', headers, 'POST')).status).toBe(503);
    expect(users.dismissed).toEqual([key]);
    expect(users.keys.size).toBe(0);
    outage.is = false;
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
      return (await ask('/auth/frameio/login', { 'x-user': 'mara', ...fromOwnPage })).status;
    }),
  );
  expect(statuses).toEqual([403, 303]);
});

test("lets a filter of the application's own say what failed", async () => {
  @Catch()
  class Apologies implements ExceptionFilter {
    catch(error: FrameioAuthError, host: ArgumentsHost): void {
      const { statusCode, code } = FrameioAuthException.of(error).getResponse();
      host.switchToHttp().getResponse().status(statusCode).send(`sorry: ${code}`);
    }
  }
  const server = await serverForTest();
  const signIn = { path: 'auth/frameio', decorators: [UseFilters(Apologies)] };
  const { ask } = await start(new ExpressAdapter(), {
    imports: [FrameioAuthModule.forRoot({ ...webApp(server), signIn })],
  });
  const page = await ask('/auth/frameio/login', { accept: 'text/html' });
  expect(page.status).toBe(401);
  expect(page.text).toBe('sorry: not_logged_in');
  expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
});

test('uses a cookie that plain http can carry, where the redirect URI is on this machine', async () => {
  const server = await serverForTest();
  const options = webApp(server, { redirectUri: 'http://127.0.0.1:3000/auth/frameio/callback' });
  const { ask } = await start(new ExpressAdapter(), {
    imports: [FrameioAuthModule.forRoot({ ...options, signIn: { path: '/auth/frameio/' } })],
  });
  const login = await ask('/auth/frameio/login', { 'x-user': 'mara', ...fromOwnPage });
  expect(login.headers['set-cookie']?.[0]).toMatch(
    /^frameio-sign-in-[\w-]{43}=[\w-]{43}\.; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
  );
});
