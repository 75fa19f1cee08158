import { createHash } from 'node:crypto';
import type { FrameioAuthModuleExtras, WebAppConnection } from '@frameio-auth/nestjs';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { type AuthorizationServer, fault } from '@frameio-auth/testing';
import { HttpAdapterHost } from '@nestjs/core';
import { describe, expect, test } from 'vitest';
import { platforms, serverForTest } from '../application.js';
import { allowed, asMara, authOf, COOKIE, cookieOf, fromOwnPage, Logins, signInAt } from './browsers.js';

const REVIEWS = '/auth/frameio/login?returnTo=/reviews';

describe.each(platforms)('what browsers do with a sign-in on $platform', ({ adapter }) => {
  const begin = signInAt(adapter);
  const application = (
    server: AuthorizationServer,
    more: Partial<WebAppConnection> = {},
    signIn: Partial<FrameioAuthModuleExtras['signIn']> = {},
  ) =>
    begin(server, signIn, more, (made) => {
      if (more.users instanceof Logins) more.users.host = made.get(HttpAdapterHost);
    });
  const exchanges = (server: AuthorizationServer) => server.count({ grantType: 'authorization_code' });

  describe('when its users have a login of their own', () => {
    test('takes a callback that comes again to where it led, and exchanges no code twice', async () => {
      const server = await serverForTest();
      const app = await application(server);
      const login = await app.ask(REVIEWS, asMara);
      const path = await allowed(server, login);
      const back = { 'x-user': 'mara', cookie: cookieOf(login) };
      for (let time = 0; time < 3; time += 1) {
        expect(await app.ask(path, back)).toMatchObject({ status: 303, headers: { location: '/reviews' } });
      }
      expect((await app.ask(path, { ...back, 'x-user': 'jonas' })).json).toMatchObject({ code: 'state_used' });
      expect(exchanges(server)).toBe(1);
    });

    test('takes two callbacks that arrive at once to the same place, on any instance', async () => {
      const server = await serverForTest();
      const storage = memoryStorage();
      const [one, other] = [await application(server, { storage }), await application(server, { storage })];
      const login = await one.ask(REVIEWS, asMara);
      const path = await allowed(server, login);
      const held = fault.heldAnswer();
      server.faults.next('token', held);
      const back = { 'x-user': 'mara', cookie: cookieOf(login) };
      const answers = [one, other, one].map((app) => app.ask(path, back));
      await held.reached;
      held.release();
      for (const answer of await Promise.all(answers)) {
        expect(answer).toMatchObject({ status: 303, headers: { location: '/reviews' } });
      }
      expect(exchanges(server)).toBe(1);
    });

    test('takes the tabs of a browser back, each to its own place', async () => {
      const server = await serverForTest();
      const app = await application(server);
      const logins = [];
      let jar = '';
      for (const tab of ['one', 'two', 'three']) {
        const login = await app.ask(`/auth/frameio/login?returnTo=/${tab}`, { ...asMara, cookie: jar });
        logins.push(login);
        jar = `${jar}; ${cookieOf(login)}`;
      }
      const paths = await Promise.all(logins.map((login) => allowed(server, login)));
      const answers = await Promise.all(paths.map((path) => app.ask(path, { 'x-user': 'mara', cookie: jar })));
      expect(answers.map(({ headers }) => headers.location)).toEqual(['/one', '/two', '/three']);
    });

    test('has a browser keep four sign-ins at most, the newest', async () => {
      const server = await serverForTest();
      const app = await application(server);
      const jar: string[] = [];
      let last: string[] = [];
      for (let tab = 0; tab < 5; tab += 1) {
        const login = await app.ask(REVIEWS, { ...asMara, cookie: jar.join('; ') });
        last = login.headers['set-cookie'] ?? [];
        jar.push(cookieOf(login));
      }
      const [oldest = ''] = jar;
      expect(last).toHaveLength(2);
      expect(last[0]).toBe(`${oldest.split('=', 1)[0]}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure`);
    });

    test('says again what failed, when a callback comes again', async () => {
      const server = await serverForTest();
      const app = await application(server);
      const declined = await allowed(server, await app.ask(REVIEWS, asMara), { deny: true });
      for (let time = 0; time < 2; time += 1) {
        expect((await app.ask(declined, asMara)).json).toMatchObject({ code: 'access_denied' });
      }
      const path = await allowed(server, await app.ask(REVIEWS, asMara));
      server.faults.next('token', fault.error('invalid_grant'));
      expect((await app.ask(path, asMara)).json).toMatchObject({ code: 'invalid_grant' });
      expect((await app.ask(path, asMara)).json).toMatchObject({ code: 'state_used', signIn: '/auth/frameio/login' });
    });

    test.each([
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
    ])('spends nothing on what a browser loads ahead of time: %o', async (ahead) => {
      const server = await serverForTest();
      const app = await application(server);
      const early = await app.ask(REVIEWS, { ...asMara, ...ahead });
      expect(early).toMatchObject({ status: 503, headers: { 'cache-control': 'no-store' } });
      expect(early.headers['set-cookie']).toBeUndefined();
      const login = await app.ask(REVIEWS, asMara);
      const path = await allowed(server, login);
      const back = { 'x-user': 'mara', cookie: cookieOf(login) };
      expect((await app.ask(path, { ...back, ...ahead })).status).toBe(503);
      expect(exchanges(server)).toBe(0);
      expect((await app.ask(path, back)).headers.location).toBe('/reviews');
    });

    test('asks a known user to confirm a sign-in that another site requested', async () => {
      const server = await serverForTest();
      const app = await application(server, {}, { onFailure: '/sorry' });
      const user = { 'x-user': 'mara', accept: 'text/html' };
      const foreign: Record<string, string>[] = [
        {},
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site', referer: 'https://localhost/' },
        { referer: 'https://evil.example/https://localhost/' },
      ];
      for (const headers of foreign) {
        const asked = await app.ask(REVIEWS, { ...user, ...headers });
        expect(asked.status).toBe(403);
        expect(asked.text).toContain(
          'Another site sent you here to sign in, perhaps with an account that is not yours.',
        );
        expect(asked.text).toContain('<a href="/auth/frameio/login?returnTo=%2Freviews">Continue</a>');
        expect(asked.headers).toMatchObject({ 'referrer-policy': 'same-origin', 'cache-control': 'no-store' });
        expect(asked.headers['content-security-policy']).toContain("frame-ancestors 'none'");
        expect(asked.headers['set-cookie']).toBeUndefined();
      }
      const program = await app.ask(REVIEWS, { 'x-user': 'mara', 'sec-fetch-site': 'cross-site' });
      expect(program.json).toMatchObject({ statusCode: 403, code: 'confirmation_required' });
      const own: Record<string, string>[] = [
        { 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'none' },
        { referer: 'https://localhost/reviews' },
      ];
      for (const headers of own) expect((await app.ask(REVIEWS, { ...user, ...headers })).status).toBe(303);
    });
  });

  describe('when signing in is their login', () => {
    /** Begins a sign-in that the server has granted, with a callback `path` that no browser has delivered yet. */
    async function begun() {
      const server = await serverForTest();
      const users = new Logins();
      const app = await application(server, { users });
      const login = await app.ask(REVIEWS);
      return { server, users, app, login, path: await allowed(server, login) };
    }

    test('admits a browser again to the same session if the first response was lost', async () => {
      const { server, users, app, login, path } = await begun();
      const held = fault.heldAnswer();
      server.faults.next('token', held);
      const answers = [path, path].map((address) => app.ask(address, { cookie: cookieOf(login) }));
      await held.reached;
      held.release();
      for (const answer of await Promise.all(answers)) {
        expect(answer).toMatchObject({ status: 303, headers: { location: '/reviews' } });
        expect(answer.headers['set-cookie']).toHaveLength(1);
      }
      expect(new Set(users.keys.values()).size).toBe(1);
      const [key = ''] = users.keys.values();
      expect(server.accessTokenIsLive(await authOf(app).session(key).getToken())).toBe(true);
      expect(exchanges(server)).toBe(1);
    });

    test('leaves a browser that was admitted as it is, when it reloads, or goes back and allows it once more', async () => {
      const { server, users, app, login, path } = await begun();
      await app.ask(path, { cookie: cookieOf(login) });
      const jar = { cookie: `${cookieOf(login)}; login=no1` };
      for (const address of [path, await allowed(server, login)]) {
        const again = await app.ask(address, jar);
        expect(again).toMatchObject({ status: 303, headers: { location: '/reviews' } });
        expect(again.headers['set-cookie']).toBeUndefined();
      }
      expect([...users.keys.keys()]).toEqual(['no1']);
      expect(exchanges(server)).toBe(1);
    });

    test('does not admit an attacker who planted the cookie of a sign-in and kept a copy (session fixation)', async () => {
      const { users, app, login: planted, path } = await begun(); // By the attacker, who has the cookie and the state.
      expect((await app.ask(path, { cookie: cookieOf(planted) })).status).toBe(303); // The victim.
      const [victim] = users.keys.keys();

      const guessed = path.replace(/code=[^&]+/, 'code=guessed.fictional');
      expect((await app.ask(guessed, { cookie: cookieOf(planted) })).json).toMatchObject({ code: 'state_used' });
      expect([...users.keys.keys()]).toEqual([victim]);
      const stranger = await app.ask(path, { cookie: 'login=no9' });
      expect(stranger.json).toMatchObject({ code: 'state_mismatch' });
    });

    test('refuses a browser that only knows the address of a callback, before and after its use (RFC 9700 §2.1.1, §4.5)', async () => {
      const { users, app, login, path } = await begun();
      const state = new URLSearchParams(path.slice(path.indexOf('?'))).get('state') ?? '';
      const [name = '', value = ''] = cookieOf(login).split('=');
      const hash = createHash('sha256').update(state).digest('base64url');
      const place = Buffer.from('/reviews').toString('base64url');
      const made = [name, `${COOKIE}${hash}`, `${COOKIE}${state}`].flatMap((mark) =>
        ['', place, state, `${state}.${place}`, `${hash}.${place}`, `.${place}`].map((content) => `${mark}=${content}`),
      );
      for (const moment of ['before', 'after']) {
        for (const cookie of made) {
          expect((await app.ask(path, { cookie })).json, moment).toMatchObject({ code: 'state_mismatch' });
        }
        expect((await app.ask(path, { cookie: `${name}=${value}` })).headers.location).toBe('/reviews');
      }
      expect(new Set(users.keys.values()).size).toBe(1);
    });

    test('does not admit a browser again after its user has signed out', async () => {
      const { users, app, login, path } = await begun();
      await app.ask(path, { cookie: cookieOf(login) });
      const form = { ...fromOwnPage, cookie: 'login=no1', 'content-length': 0 };
      expect((await app.ask('/auth/frameio/logout', form, 'POST')).status).toBe(303);
      expect((await app.ask(path, { cookie: cookieOf(login) })).json).toMatchObject({ code: 'state_used' });
      expect(users.keys.size).toBe(0);
    });

    test('takes the tabs of a browser back that come one after the other', async () => {
      const server = await serverForTest();
      const users = new Logins();
      const app = await application(server, { users });
      const one = await app.ask('/auth/frameio/login?returnTo=/one');
      const two = await app.ask('/auth/frameio/login?returnTo=/two', { cookie: cookieOf(one) });
      let jar = `${cookieOf(one)}; ${cookieOf(two)}`;
      for (const [login, place] of [
        [one, '/one'],
        [two, '/two'],
      ] as const) {
        const answer = await app.ask(await allowed(server, login), { cookie: jar });
        expect(answer.headers.location).toBe(place);
        jar += `; ${answer.headers['set-cookie']?.[0]?.split(';', 1)[0]}`;
      }
    });

    test('asks only a user who is signed in whether another site may start a new sign-in', async () => {
      const server = await serverForTest();
      const users = new Logins();
      const app = await application(server, { users });
      const login = await app.ask(REVIEWS, { 'sec-fetch-site': 'cross-site' });
      await app.ask(await allowed(server, login), { cookie: cookieOf(login) });
      const lured = await app.ask(REVIEWS, { 'sec-fetch-site': 'cross-site', cookie: 'login=no1' });
      expect(lured.json).toMatchObject({
        code: 'confirmation_required',
        signIn: '/auth/frameio/login?returnTo=%2Freviews',
      });
      expect((await app.ask(REVIEWS, { ...fromOwnPage, cookie: 'login=no1' })).status).toBe(303);
    });
  });

  test('takes no session key from a cookie as it is: storages show keys, and cookies can be planted', async () => {
    const server = await serverForTest();
    // Cookie libraries encode what a cookie cannot hold, and decode it again.
    const identify = ({ headers }: { headers: Record<string, string | string[] | undefined> }) =>
      decodeURIComponent(/visitor="?([^;"]*)/.exec(String(headers['cookie']))?.[1] ?? '');
    const app = await application(server, { users: { identify } });
    for (const visitor of ['mara.fictional', 'mara.fictional%40studio.example', '"mara.fictional"']) {
      const refused = await app.ask(REVIEWS, { ...fromOwnPage, cookie: `theme=%; visitor=${visitor}` });
      expect(refused, visitor).toMatchObject({ status: 500, json: { code: 'key_in_cookie' } });
    }
    const log = app.journal.lines.join('\n');
    expect(log).toContain('users.identify() returned a session key that the browser sent unchanged in a cookie');
    expect(log).not.toContain('mara.fictional');
  });
});
