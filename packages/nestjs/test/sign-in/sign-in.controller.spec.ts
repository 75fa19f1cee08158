import { type FrameioAuthError, StorageError } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { FrameioAuthException, FrameioAuthModule } from '@frameio-auth/nestjs';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { describe, expect, test } from 'vitest';
import { type ApplicationForTest, ORIGIN, platforms, serverForTest, start, webApp } from '../application.js';
import { allowed, asMara, authOf, cookieOf, fromOwnPage, Logins, signInAt } from './browsers.js';

const REVIEWS = '/auth/frameio/login?returnTo=/reviews';

describe.each(platforms)('the sign-in on $platform', ({ adapter }) => {
  const application = signInAt(adapter);

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

    // The address is not passed to the application's own page, because anyone could forge it there.
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
      expect(page.text).toContain('<h1>Signing in does not work at the moment</h1>');
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
    expect(limited.text).toContain('<h1>Signing in does not work at the moment</h1>');
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
    expect(foreign.text).toContain('<h1>Nothing was changed</h1>');
    expect((await app.ask('/auth/frameio/logout', { ...form, origin: ORIGIN }, 'POST')).status).toBe(303);
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

  test('spends nothing on HEAD', async () => {
    const server = await serverForTest();
    const app = await application(server);
    expect(await app.ask(REVIEWS, asMara, 'HEAD')).toMatchObject({ status: 204, text: '' });
    const login = await app.ask(REVIEWS, asMara);
    const path = await allowed(server, login);
    const back = { 'x-user': 'mara', cookie: cookieOf(login) };
    expect(await app.ask(path, back, 'HEAD')).toMatchObject({ status: 204, text: '' });
    expect(server.count({ grantType: 'authorization_code' })).toBe(0);
    expect((await app.ask(path, back)).headers.location).toBe('/reviews');
  });

  test("limits how often an address begins, where the application's own guard does", async () => {
    @Injectable()
    class LoginThrottler extends ThrottlerGuard {
      protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
        return context.getHandler().name !== 'login';
      }
    }
    const server = await serverForTest();
    const storage = memoryStorage();
    let begun = 0;
    const counting: TokenStorage = {
      ...storage,
      commit(key, request) {
        if (key.includes('/authorization/')) begun += 1;
        return storage.commit(key, request);
      },
    };
    const options = { ...webApp(server, { storage: counting, users: new Logins() }) };
    const signIn = { path: 'auth/frameio', decorators: [UseGuards(LoginThrottler)] };
    const app = await start(adapter(), {
      imports: [
        ThrottlerModule.forRoot([{ ttl: 60_000, limit: 3 }]),
        FrameioAuthModule.forRoot({ ...options, signIn }),
      ],
    });
    const logins = [];
    for (let time = 0; time < 5; time += 1) logins.push(await app.ask(REVIEWS));
    expect(logins.map(({ status }) => status)).toEqual([303, 303, 303, 429, 429]);
    expect(Number(logins[4]?.headers['retry-after'])).toBeGreaterThan(0);
    expect(begun).toBe(3);

    // Browsers that began still return, together with callbacks that no browser began.
    const [first] = logins;
    if (first === undefined) throw new Error('There was none.');
    const path = await allowed(server, first);
    for (let time = 0; time < 5; time += 1) expect((await app.ask(path)).status).toBe(401);
    expect((await app.ask(path, { cookie: cookieOf(first) })).headers.location).toBe('/reviews');
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
