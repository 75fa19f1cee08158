import { createHash } from 'node:crypto';
import { StorageError } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { cookieLogin } from '@frameio-auth/sign-in';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../tests/seeds.js';
import { hostilePlace, hostilePlaces, ownPlaces, staysHere } from '../../core/test/http/hostile-paths.js';
import { Browser, type Headed } from './asking.js';
import { doors } from './doors.js';
import { allowed, KEY, LOGIN, ORIGIN, own, PENDING, scene, signedIn } from './scene.js';

const LOGIN_ROUTE = '/auth/frameio/login';
const LOGOUT = '/auth/frameio/logout';
const html = { accept: 'text/html' };

/** Resolves to the key of the session that a browser is signed in to. */
async function keyOf(browser: Browser): Promise<string | null> {
  return ((await browser.ask('/who')).json as { key: string | null }).key;
}

describe.each(doors)('a sign-in over $name', (door) => {
  test('signs a user in and out, with nothing secret or personal in the browser', async () => {
    const at = await scene(door);
    const browser = at.browser();
    expect(await keyOf(browser)).toBeNull();
    const login = await browser.ask(`${LOGIN_ROUTE}?returnTo=/reviews`);
    const back = await browser.ask(await allowed(at.server, login));
    expect([login.status, back.status, back.headers.get('location')]).toEqual([303, 303, '/reviews']);
    for (const { headers } of [login, back]) {
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      for (const cookie of headers.getSetCookie()) {
        expect(cookie).toMatch(/^__Host-[^;]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      }
    }
    const key = (await keyOf(browser)) ?? '';
    expect(key).toMatch(/^[\w-]{43}$/);
    const readable = browser.cookie
      .split(/[=.; ]+/)
      .flatMap((part) => [part, Buffer.from(part, 'base64url').toString('latin1')])
      .join('\n');
    for (const secret of [key, ...at.server.secrets()]) expect(readable).not.toContain(secret);
    expect((await browser.ask('/reviews')).text).toBe('The reviews.');
    expect((await browser.ask('/me', { 'x-api': at.server.origin })).text).toContain('Mara');

    const token = await at.auth.session(key).getToken();
    expect((await browser.ask(LOGOUT, own, 'POST')).headers.get('location')).toBe('/');
    expect(at.server.accessTokenIsLive(token)).toBe(false);
    expect(browser.cookies.has(LOGIN)).toBe(false);
    expect(at.log).toEqual([]);
  });

  test('lets only signed-in users to a guarded page, and brings page loads back to it', async () => {
    const at = await scene(door);
    const browser = at.browser();
    const page = await browser.ask('/reviews', { ...html, 'sec-fetch-mode': 'navigate' });
    expect(page.status).toBe(303);
    expect(page.headers.get('location')).toBe('/auth/frameio/login?returnTo=%2Freviews');
    expect(page.headers.get('cache-control')).toBe('no-store');
    for (const headers of [{}, { ...html, 'sec-fetch-mode': 'cors' }, { 'x-api': at.server.origin }]) {
      for (const path of ['/reviews', '/me']) expect((await browser.ask(path, headers)).status).toBe(401);
    }
    expect((await browser.ask('/reviews')).json).toMatchObject({ code: 'not_authenticated', signIn: LOGIN_ROUTE });
    await signedIn(at, browser);
    const copy = new Browser(at.ask);
    copy.cookies.set(LOGIN, browser.cookies.get(LOGIN) ?? '');
    await browser.ask(LOGOUT, own, 'POST');
    // A copy of the cookie is worth nothing after the user has signed out.
    for (let time = 0; time < 2; time += 1) {
      expect((await copy.ask('/reviews')).json).toMatchObject({ statusCode: 401, code: 'token_revoked' });
    }
  });

  test('gives each sign-in a session that no cookie from before leads to (session fixation)', async () => {
    const at = await scene(door);
    const attacker = at.browser();
    await signedIn(at, attacker, own, { user: 'ode@studio.example' });
    const planted = attacker.cookies.get(LOGIN) ?? '';
    const plantedKey = (await keyOf(attacker)) ?? '';
    const token = await at.auth.session(plantedKey).getToken();

    const victim = at.browser();
    victim.cookies.set(LOGIN, planted);
    await signedIn(at, victim);
    expect(victim.cookies.get(LOGIN)).not.toBe(planted);
    expect(await keyOf(victim)).not.toBe(plantedKey);
    expect(at.server.accessTokenIsLive(token)).toBe(false);
    expect((await attacker.ask('/reviews')).json).toMatchObject({ code: 'token_revoked' });
  });

  test('admits no attacker who planted the cookie of a sign-in and keeps a copy (session fixation)', async () => {
    const at = await scene(door);
    const attacker = at.browser();
    const path = await allowed(at.server, await attacker.ask(LOGIN_ROUTE));
    const victim = attacker.at(at.ask);
    expect((await victim.ask(path)).status).toBe(303);
    const guessed = path.replace(/code=[^&]+/, 'code=guessed.fictional');
    expect((await attacker.ask(guessed)).json).toMatchObject({ code: 'state_used' });
    expect(await keyOf(attacker)).toBeNull();
  });

  test('rejects a callback that another browser began, which stays valid there (RFC 6749 §10.12)', async () => {
    const at = await scene(door);
    const attacker = at.browser();
    const path = await allowed(at.server, await attacker.ask(LOGIN_ROUTE), { user: 'ode@studio.example' });
    const victim = at.browser();
    await victim.ask(LOGIN_ROUTE); // Has a sign-in of its own under way.
    const page = await victim.ask(path, html);
    expect(page.status).toBe(401);
    expect(page.text).toContain('<h1>The sign-in was not completed</h1>');
    expect((await victim.ask(path)).json).toMatchObject({ code: 'state_mismatch', signIn: LOGIN_ROUTE });
    expect(await keyOf(victim)).toBeNull();
    expect((await attacker.ask(path)).status).toBe(303);
  });

  test('accepts no cookie that is made from the address of a callback (RFC 9700 §2.1.1, §4.5)', async () => {
    const at = await scene(door);
    const browser = at.browser();
    const path = await allowed(at.server, await browser.ask(LOGIN_ROUTE));
    const state = new URLSearchParams(path.slice(path.indexOf('?'))).get('state') ?? '';
    const [name = ''] = browser.cookies.keys();
    const hash = createHash('sha256').update(state).digest('base64url');
    for (const moment of ['before', 'after']) {
      for (const value of ['', state, `${state}.`, `${hash}.`, '.', 'constructor']) {
        const answer = await at.ask(path, { cookie: `${name}=${value}` });
        expect(answer.json, moment).toMatchObject({ code: 'state_mismatch' });
      }
      expect((await browser.ask(path)).status).toBe(303);
    }
  });

  test("rejects another user's callback, which stays valid for its owner (RFC 6749 §10.12)", async () => {
    const at = await scene(door, { hasUsers: true });
    const mara = at.browser();
    const asMara = { 'x-user': 'mara', ...own };
    const path = await allowed(at.server, await mara.ask(`${LOGIN_ROUTE}?returnTo=/reviews`, asMara));
    const lured = mara.at(at.ask);
    expect((await lured.ask(path, { 'x-user': 'jonas' })).json).toMatchObject({ code: 'state_mismatch' });
    expect((await lured.ask(path)).json).toMatchObject({ code: 'state_mismatch' });
    expect((await mara.ask(path, asMara)).headers.get('location')).toBe('/reviews');
    expect((await mara.ask('/reviews', asMara)).text).toBe('The reviews.');
    expect((await mara.ask('/reviews', { 'x-user': 'jonas' })).status).toBe(401);
    expect((await mara.ask('/reviews', html)).text).toContain('<h1>Log in first</h1>');
    expect((await mara.ask(LOGIN_ROUTE)).json).toMatchObject({ statusCode: 401, code: 'not_logged_in' });
  });

  test('rejects a callback with duplicated or contradictory parameters', async () => {
    const at = await scene(door);
    const browser = at.browser();
    const path = await allowed(at.server, await browser.ask(LOGIN_ROUTE));
    for (const forged of [
      `${path}&state=forged`,
      path.replace('?', '?state=forged&'),
      `${path}&code=forged`,
      path.replace(/state=[^&]+/, 'state='),
      path.replace(/state=[^&]+&?/, ''),
      `${path}&error=access_denied`,
    ]) {
      const answer = await browser.ask(forged);
      expect(answer.status, forged).toBe(401);
      expect(answer.headers.getSetCookie(), forged).toEqual([]);
    }
    expect(at.server.count({ endpoint: 'token' })).toBe(0);
    expect(await keyOf(browser)).toBeNull();
  });

  test('takes no cookies that another host of the site can set (RFC 6265bis §4.1.3.2)', async () => {
    const at = await scene(door);
    const browser = at.browser();
    const path = await allowed(at.server, await browser.ask(LOGIN_ROUTE));
    const tossed = browser.cookie.replace('__Host-', '');
    expect((await at.ask(path, { cookie: tossed })).json).toMatchObject({ code: 'state_mismatch' });
    expect((await at.ask(path, { cookie: `${tossed}; ${browser.cookie}` })).status).toBe(303);
    await browser.ask(path);
    const login = browser.cookies.get(LOGIN) ?? '';
    for (const cookie of [
      `${LOGIN.slice('__Host-'.length)}=${login}`,
      `__Secure-${LOGIN.slice('__Host-'.length)}=${login}`,
      `${LOGIN}x=${login}`,
      `${LOGIN.toLowerCase()}=${login}`,
    ]) {
      expect((await at.ask('/who', { cookie })).json).toEqual({ key: null });
    }
  });

  test('ignores a login cookie that it did not issue, without an error page', async () => {
    const other = cookieLogin({ keys: { one: KEY }, current: 'one' });
    const at = await scene(door);
    const browser = at.browser();
    await signedIn(at, browser);
    const value = browser.cookies.get(LOGIN) ?? '';
    const headers = new Headers();
    const place = {
      cookies: { nameOf: () => LOGIN, set: (_name: string, sealed: string) => sealed },
      redirectUri: 'https://other.example/auth/frameio/callback',
      logger: console,
    };
    await other.open(place as never).admit({ key: 'planted', headers } as never);
    const foreign = headers.getSetCookie()[0] ?? '';
    const [header, ...rest] = value.split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: 'one' })).toString('base64url');
    const flipped = value.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    for (const cookie of [
      foreign,
      'x',
      'x'.repeat(8_000),
      `${value.slice(0, -8)}AAAAAAAA`,
      flipped.slice(0, -1),
      [none, ...rest].join('.'),
      `${header}....`,
      `${value}; ${LOGIN}=${value}`,
      '%E0%A4%A',
      JSON.stringify({ key: 'mara' }),
    ]) {
      at.log.length = 0;
      const page = await at.ask('/reviews', { cookie: `${LOGIN}=${cookie}` });
      expect(page.json, cookie).toMatchObject({ code: 'not_authenticated' });
      expect(at.log).toEqual([expect.stringMatching(/^debug: A login cookie was ignored: /)]);
      expect(at.log.join()).not.toContain(cookie.slice(0, 20).padEnd(20, '\0'));
    }
  });

  test('signs no user out because another site says so (logout CSRF)', async () => {
    const at = await scene(door);
    const browser = at.browser();
    await signedIn(at, browser);
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', origin: ORIGIN },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { referer: `${ORIGIN}/reviews` },
      { host: 'evil.example', origin: 'https://evil.example' },
    ]) {
      const refused = await browser.ask(
        LOGOUT,
        { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        'POST',
      );
      expect(refused.json).toMatchObject({ statusCode: 403, code: 'foreign_origin' });
    }
    for (const method of ['GET', 'HEAD', 'PUT']) {
      expect((await browser.ask(LOGOUT, own, method)).status).toBe(405);
    }
    expect((await browser.ask('/reviews')).text).toBe('The reviews.');
    const form = { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' };
    expect((await browser.ask(LOGOUT, form, 'POST')).status).toBe(303);
    expect((await browser.ask('/reviews')).status).toBe(401);
  });

  test('begins no other sign-in for a user that another site sent, but asks', async () => {
    const at = await scene(door);
    const browser = at.browser();
    expect((await browser.ask(LOGIN_ROUTE, { 'sec-fetch-site': 'cross-site' })).status).toBe(303);
    await signedIn(at, browser);
    for (const headers of [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', referer: `${ORIGIN}/` },
      { referer: `https://evil.example/${ORIGIN}/` },
      { host: 'evil.example', referer: 'https://evil.example/' },
    ]) {
      const asked = await browser.ask(`${LOGIN_ROUTE}?returnTo=/reviews`, { ...html, ...headers });
      expect(asked.status).toBe(403);
      expect(asked.text).toContain('<a href="/auth/frameio/login?returnTo=%2Freviews">Continue</a>');
      expect(asked.headers.get('referrer-policy')).toBe('same-origin');
      expect(asked.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(asked.headers.getSetCookie()).toEqual([]);
    }
    expect((await browser.ask(LOGIN_ROUTE, { referer: `${ORIGIN}/reviews` })).status).toBe(303);
  });

  test('redirects to no other origin, whatever returnTo says (open redirect)', async () => {
    const at = await scene(door);
    const placeOf = async (query: string) => {
      const { headers } = await at.ask(`${LOGOUT}?${query}`, own, 'POST');
      expect([headers.get('planted'), headers.getSetCookie()], query).toEqual([null, []]);
      return headers.get('location') ?? '';
    };
    for (const [, place] of hostilePlaces) expect(await placeOf(`returnTo=${encodeURIComponent(place)}`)).toBe('/');
    for (const place of ownPlaces) expect(await placeOf(`returnTo=${encodeURIComponent(place)}`)).toBe(place);
    expect(await placeOf('returnTo=/reviews&returnTo=//evil.example')).toBe('/');
    const returnTo = hostilePlace.map((place) => `returnTo=${encodeURIComponent(place)}`);
    await fc.assert(
      fc.asyncProperty(returnTo, async (query) => staysHere(await placeOf(query))),
      runs(25),
    );
    const browser = at.browser();
    const login = await browser.ask(`${LOGIN_ROUTE}?returnTo=%2F%5Cevil.example`);
    expect((await browser.ask(await allowed(at.server, login))).headers.get('location')).toBe('/');
    const [name = ''] = [...browser.cookies.keys()].filter((cookie) => cookie.startsWith(PENDING));
    const tampered = at.browser();
    const path = await allowed(at.server, await tampered.ask(LOGIN_ROUTE));
    expect(name).not.toBe('');
    for (const [mark, value] of tampered.cookies) {
      const evil = Buffer.from('//evil.example').toString('base64url');
      tampered.cookies.set(mark, value.replace(/\..*/, `.${evil}`));
    }
    expect((await tampered.ask(path)).headers.get('location')).toBe('/');
  });

  test('takes its own origin from the redirect URI, and from no header (RFC 9110 §7.2)', async () => {
    const at = await scene(door);
    const browser = at.browser();
    const forged = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example;proto=http',
    };
    const login = await browser.ask(LOGIN_ROUTE, forged);
    const target = new URL(login.headers.get('location') ?? '');
    expect(target.origin).toBe(at.server.origin);
    expect(target.searchParams.get('redirect_uri')).toBe(`${ORIGIN}/auth/frameio/callback`);
    const back = await browser.ask(await allowed(at.server, login), forged);
    expect(back.headers.get('location')).toBe('/');
    expect(back.headers.getSetCookie()[0]).toContain('; Secure');
    const page = await at.ask('/reviews', { ...forged, ...html, 'sec-fetch-mode': 'navigate' });
    expect(page.headers.get('location')).toBe('/auth/frameio/login?returnTo=%2Freviews');
  });

  test('repeats nothing of a forged callback in its page or headers (header injection, HTML)', async () => {
    const at = await scene(door);
    const browser = at.browser();
    const login = await browser.ask(LOGIN_ROUTE);
    const state = new URL(login.headers.get('location') ?? '').searchParams.get('state');
    const evil = encodeURIComponent('<script>alert(1)</script>\r\nSet-Cookie: planted=1\r\n\r\n');
    for (const query of [`error=${evil}&state=${state}`, `error=x&error_description=${evil}&state=${evil}`]) {
      const page = await browser.ask(`/auth/frameio/callback?${query}`, html);
      expect(page.status).toBe(401);
      expect(page.text).not.toContain('<script');
      expect(page.text).not.toContain('planted');
      expect(page.headers.getSetCookie()).toEqual([]);
      expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    }
    expect(at.log.join()).not.toContain('\n');
  });

  test('spends nothing on what a browser loads ahead of time, nor on HEAD', async () => {
    const at = await scene(door);
    const browser = at.browser();
    const ahead: Headed[] = [
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
    ];
    const assertNoEffect = async (path: string) => {
      for (const headers of ahead) {
        const early = await browser.ask(path, headers);
        expect([early.status, early.text, early.headers.getSetCookie()]).toEqual([503, '', []]);
      }
      const head = await browser.ask(path, {}, 'HEAD');
      expect([head.status, head.text, head.headers.getSetCookie()]).toEqual([204, '', []]);
    };
    await assertNoEffect(LOGIN_ROUTE);
    const path = await allowed(at.server, await browser.ask(LOGIN_ROUTE));
    await assertNoEffect(path);
    expect(at.server.count({ endpoint: 'token' })).toBe(0);
    expect((await browser.ask(path)).status).toBe(303);
  });

  test('takes a callback that comes twice, at once or later, to where it led, on any instance', async () => {
    const storage = memoryStorage();
    const one = await scene(door, { storage });
    const other = await scene(door, { storage }, one.server);
    const browser = one.browser();
    const path = await allowed(one.server, await browser.ask(`${LOGIN_ROUTE}?returnTo=/reviews`));
    const held = fault.heldAnswer();
    one.server.faults.next('token', held);
    const tabs = [one, other, one].map(({ ask }) => browser.at(ask));
    const answers = tabs.map((tab) => tab.ask(path));
    await held.reached;
    held.release();
    for (const { headers } of await Promise.all(answers)) expect(headers.get('location')).toBe('/reviews');
    const keys = await Promise.all(tabs.map(keyOf));
    expect(new Set(keys).size).toBe(1);
    expect((await tabs[0]?.ask(path))?.headers.get('location')).toBe('/reviews');
    expect(one.server.count({ grantType: 'authorization_code' })).toBe(1);
  });

  test('completes on another instance what one began', async () => {
    const storage = memoryStorage();
    const one = await scene(door, { storage });
    const other = await scene(door, { storage }, one.server);
    const browser = one.browser();
    const path = await allowed(one.server, await browser.ask(LOGIN_ROUTE));
    const elsewhere = browser.at(other.ask);
    expect((await elsewhere.ask(path)).status).toBe(303);
    expect((await elsewhere.at(one.ask).ask('/reviews')).text).toBe('The reviews.');
    await elsewhere.ask(LOGOUT, own, 'POST');
    expect((await elsewhere.at(one.ask).ask('/reviews')).status).toBe(401);
  });

  test('lets people try again when the storage is down, loses nothing, and logs the cause', async () => {
    const memory = memoryStorage();
    const outage = { is: false };
    const down = () => Promise.reject(new StorageError('ECONNRESET', 'redis.studio.example does not answer.'));
    const storage: TokenStorage = {
      ...memory,
      read: (key) => (outage.is ? down() : memory.read(key)),
      lease: (key, request) => (outage.is ? down() : memory.lease(key, request)),
      commit: (key, request) => (outage.is ? down() : memory.commit(key, request)),
    };
    const at = await scene(door, { storage });
    const browser = at.browser();
    const path = await allowed(at.server, await browser.ask(LOGIN_ROUTE));
    outage.is = true;
    for (const place of [LOGIN_ROUTE, path]) {
      const page = await browser.ask(place, { ...html, 'accept-language': 'de-AT,en;q=0.5' });
      expect(page.status).toBe(503);
      expect(page.text).toContain('<html lang="de">');
      expect(page.text).toContain('Bitte versuchen Sie es noch einmal');
      expect(page.text).not.toContain('redis');
      expect(page.headers.getSetCookie()).toEqual([]);
    }
    outage.is = false;
    expect((await browser.ask(path)).status).toBe(303);
    outage.is = true;
    const copy = browser.at(at.ask);
    expect((await browser.ask(LOGOUT, { ...own, ...html }, 'POST')).status).toBe(503);
    expect(browser.cookies.has(LOGIN)).toBe(false);
    expect(at.log).toHaveLength(3);
    expect(at.log.join('\n')).toContain('redis.studio.example');
    outage.is = false;
    await copy.ask(LOGOUT, own, 'POST');
    expect((await copy.ask('/reviews')).status).toBe(401);
  });

  test('extends the login of a browser that comes back, and forgets one that stays away', async () => {
    const clock = { time: 1_900_000_000_000, now: () => clock.time };
    const at = await scene(door, {
      login: cookieLogin({ keys: { one: KEY }, current: 'one', lifetime: 1_000, clock }),
    });
    const browser = at.browser();
    await signedIn(at, browser);
    const first = browser.cookies.get(LOGIN);
    clock.time += 100_000;
    expect((await browser.ask('/who')).headers.getSetCookie()).toEqual([]);
    const stale = browser.at(at.ask);
    clock.time += 1_000;
    expect((await browser.ask('/who')).headers.getSetCookie()).toHaveLength(1);
    expect(browser.cookies.get(LOGIN)).not.toBe(first);
    clock.time += 900_000;
    expect(await keyOf(stale)).toBeNull();
    expect(await keyOf(browser)).not.toBeNull();
    expect(at.log).toEqual([]);
  });
});
