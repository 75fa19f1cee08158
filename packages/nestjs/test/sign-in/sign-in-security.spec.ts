import { createHash } from 'node:crypto';
import { StorageError } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { FrameioAuthHealthIndicator, type FrameioUsers } from '@frameio-auth/nestjs';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { ForbiddenException } from '@nestjs/common';
import { describe, expect, test } from 'vitest';
import { ORIGIN, platforms, serverForTest } from '../application.js';
import { allowed, asMara, authOf, COOKIE, cookieOf, fromOwnPage, Logins, signInAt } from './browsers.js';

describe.each(platforms)('what a sign-in on $platform proves, and what it ends', ({ adapter }) => {
  const application = signInAt(adapter);

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

  test.each([
    // A revocation may end everything that a user has from the client (RFC 7009 §2.1), the former session included.
    { user: 'mara@studio.example', who: 'the same user', revocations: 0 },
    { user: 'ode@studio.example', who: 'another user', revocations: 2 },
  ])('keeps the former session when admit() rejects a sign-in of $who', async ({ user, revocations }) => {
    const server = await serverForTest();
    const rejected: string[] = [];
    const users: FrameioUsers = {
      identify: () => 'former',
      admit: async ({ key, session }) => {
        rejected.push(key, await session.getToken());
        throw new ForbiddenException('fictional');
      },
    };
    const app = await application(server, { onFailure: '/sorry' }, { users });
    const former = authOf(app).session('former');
    await former.handleCallback(await server.signIn((await former.getAuthorizationUrl()).url));
    const login = await app.ask('/auth/frameio/login', fromOwnPage);
    const callback = await app.ask(await allowed(server, login, { user }), { cookie: cookieOf(login) });
    expect(callback.status).toBe(403);

    const [key = '', token = ''] = rejected;
    await expect(authOf(app).session(key).getToken()).rejects.toMatchObject({ code: 'token_revoked' });
    expect(server.count({ endpoint: 'revoke' })).toBe(revocations);
    expect(server.accessTokenIsLive(token)).toBe(revocations === 0);
    expect(server.accessTokenIsLive(await former.getToken())).toBe(true);
    await former.refresh();
  });

  test('revokes the tokens when admit() rejects the first sign-in of a browser', async () => {
    const server = await serverForTest();
    const tokens: string[] = [];
    const users: FrameioUsers = {
      identify: () => undefined,
      admit: async ({ session }) => {
        tokens.push(await session.getToken());
        throw new Error('fictional');
      },
    };
    const app = await application(server, {}, { users });
    const login = await app.ask('/auth/frameio/login');
    expect((await app.ask(await allowed(server, login), { cookie: cookieOf(login) })).status).toBe(500);
    expect(tokens.map((token) => server.accessTokenIsLive(token))).toEqual([false]);
  });

  test('admits a user if the former session cannot be ended, and says so in the log', async () => {
    const server = await serverForTest();
    const keys: string[] = [];
    const users: FrameioUsers = { identify: () => '\ud800', admit: ({ key }) => keys.push(key) };
    const app = await application(server, {}, { users });
    const login = await app.ask('/auth/frameio/login', fromOwnPage);
    const callback = await app.ask(await allowed(server, login), { cookie: cookieOf(login) });
    expect(callback.status).toBe(303);
    expect(keys).toHaveLength(1);
    expect(app.journal.lines.join('\n')).toContain(
      'The tokens of a session that is no longer used could not be revoked:',
    );
  });

  test.each([
    'error=invalid_client&error_description=The+database+is+gone',
    'error=server_error%0aforged&error_description=x',
    'error=temporarily_unavailable',
    'error=constructor',
    'code=garbage.fictional',
  ])('takes what a callback says for the claim of a browser, and logs no error for it: %s', async (claim) => {
    const server = await serverForTest();
    const app = await application(server, {}, { users: new Logins() });
    const health = app.app.get(FrameioAuthHealthIndicator, { strict: false });
    const login = await app.ask('/auth/frameio/login');
    const state = new URL(String(login.headers.location)).searchParams.get('state');
    const logged = app.journal.lines.length;
    const answer = await app.ask(`/auth/frameio/callback?${claim}&state=${state}`, { cookie: cookieOf(login) });
    expect(answer.status).toBe(401);
    expect(app.journal.lines.slice(logged).join('\n')).not.toMatch(/database|forged/);
    expect(await health.check('frameio', { maxAge: 0 })).toMatchObject({ frameio: { status: 'up' } });
  });

  test.each([
    fault.status(429, { retryAfter: 3_600 }),
    fault.status(503, { retryAfter: 600 }),
    fault.error('invalid_client'),
  ])('lets no code that a stranger made up delay the tokens of other users (%#)', async (refusal) => {
    const server = await serverForTest();
    const app = await application(server, {}, { users: new Logins() });
    const user = authOf(app).session('mara');
    await user.handleCallback(await server.signIn((await user.getAuthorizationUrl()).url));
    const login = await app.ask('/auth/frameio/login');
    const state = new URL(String(login.headers.location)).searchParams.get('state');
    server.faults.next('token', refusal);
    const stray = await app.ask(`/auth/frameio/callback?code=garbage&state=${state}`, { cookie: cookieOf(login) });
    expect(stray.status).toBeGreaterThanOrEqual(401);

    server.expireAccessTokens();
    const rejected = await user.getToken();
    expect(server.accessTokenIsLive(await user.getToken({ rejected }))).toBe(true);
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

  test('logs a user out of the application even when the storage cannot be told', async () => {
    const server = await serverForTest();
    const users = new Logins();
    const memory = memoryStorage();
    const outage = { is: false };
    const down = () => Promise.reject(new StorageError('ECONNRESET', 'It does not respond.'));
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
});
