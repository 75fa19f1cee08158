import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type AuthorizationServer, fault, startAuthorizationServer } from '@frameio-auth/testing';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { afterAll, beforeEach, describe, expect } from 'vitest';
import { Instance } from '../nestjs-app/instance.js';
import { it } from './browser.js';

const artifacts = fileURLToPath(new URL('../../artifacts/', import.meta.url));

/** How much a page keeps in the browser beside its cookies. */
const STORES = `Promise.all([
  localStorage.length,
  sessionStorage.length,
  indexedDB.databases().then((all) => all.length),
  caches.keys().then((all) => all.length),
])`;

/** Has the browser load an address ahead of time, as it does for links that the user may follow. */
const PREFETCH = `(url) => {
  const link = document.createElement('link');
  link.rel = 'prefetch';
  link.href = url;
  document.head.append(link);
}`;

/** Where a page redirects a visitor who is not signed in. */
const SIGN_IN = '/auth/frameio/login?returnTo=%2Fprofile';

describe('two instances of the Nest application behind one Redis', () => {
  let local: AuthorizationServer;
  let redis: RedisServer;
  let one: Instance;
  let other: Instance;
  let page: Page;
  /** What the pages say on their console. */
  let said: string[];

  it.beforeAll(async ({ browser }) => {
    [local, redis] = await Promise.all([
      startAuthorizationServer({ allowHttpRedirects: false }),
      startRedis(),
      mkdir(artifacts, { recursive: true }),
    ]);
    const { clientId, clientSecret } = local.clients.webApp;
    const env = {
      FRAMEIO_CLIENT_ID: clientId,
      FRAMEIO_CLIENT_SECRET: clientSecret,
      FRAMEIO_LOCAL: local.origin,
      REDIS_URL: redis.url,
      TOKEN_KEYS: `2030:${Buffer.alloc(32, 'fictional').toString('base64')}`,
      COOKIE_SECRET: 'cookie-secret.fictional.review-portal',
    };
    [one, other] = await Promise.all([Instance.start(env), Instance.start(env)]);
    // The instances share its cookies, for cookies do not mind the port.
    page = await browser.newPage({ ignoreHTTPSErrors: true, viewport: { width: 640, height: 480 } });
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
  });

  afterAll(async () => {
    await Promise.all([page.close(), one.end(), other.end()]);
    await Promise.all([local.close(), redis.stop()]);
  });

  beforeEach(async () => {
    said = [];
    await page.context().clearCookies();
    local.clearRequests();
  });

  const title = () => page.locator('h1').textContent();

  /** The title of the page that the browser gets at an instance, by a request without a page. */
  async function titleAt({ home }: Instance): Promise<string | undefined> {
    const answer = await page.request.get(`${home}/profile`, { headers: { accept: 'text/html' } });
    return /<h1>(.*)<\/h1>/.exec(await answer.text())?.[1];
  }

  /** Begins a sign-in at an instance and lets the user allow it elsewhere. Resolves to the callback, not yet visited. */
  async function beginSignIn({ home }: Instance, user = 'mara@studio.example', by = page): Promise<string> {
    return local.signIn((await leadsTo(`${home}/auth/frameio/login`, by)) ?? '', { user });
  }

  /** Signs a user in at an instance, without a page. */
  async function signIn(instance: Instance, user?: string): Promise<void> {
    await leadsTo(await beginSignIn(instance, user));
  }

  /** Where an address leads that a browser loads; `undefined` for a page. */
  async function leadsTo(address: string, { request } = page): Promise<string | undefined> {
    const headers = { accept: 'text/html', 'sec-fetch-site': 'same-origin' };
    const answer = await request.get(address, { maxRedirects: 0, headers });
    return answer.headers()['location'];
  }

  const secretsIn = (text: string) => local.secrets().filter((secret) => text.includes(secret));

  it('signs a user in on one and knows her on the other, with nothing secret in the browser', async () => {
    await page.goto(one.home);
    await page.getByRole('link', { name: 'Sign in with Adobe' }).click();
    await page.getByLabel('Mara Editor').check();
    await page.getByRole('button', { name: 'Allow' }).click();
    expect(await title()).toBe('Hello, Mara Editor');
    expect(page.url()).toBe(`${one.home}/profile`);

    await page.goto(`${other.home}/profile`);

    expect(await title()).toBe('Hello, Mara Editor');
    expect(await page.locator('li').allTextContents()).toEqual(['Studio Example']);
    expect(local.count({ endpoint: 'token' })).toBe(1);
    const cookies = await page.context().cookies(other.home);
    const own = { httpOnly: true, secure: true, sameSite: 'Lax', path: '/' };
    // The first is left for ten minutes, for the browser may load the callback again.
    expect(cookies.toSorted((one, another) => (one.name < another.name ? -1 : 1))).toEqual([
      expect.objectContaining({ name: expect.stringMatching(/^__Host-frameio-sign-in-[\w-]{43}$/), ...own }),
      expect.objectContaining({ name: '__Host-review-portal', ...own }),
    ]);
    const seen = [page.url(), await page.content(), ...cookies.map(({ value }) => decodeURIComponent(value))];
    expect(secretsIn(seen.join('\n'))).toEqual([]);
    expect(await page.evaluate(STORES)).toEqual([0, 0, 0, 0]);
    expect(said).toEqual([]); // Nor does the page do what its Content-Security-Policy forbids.
    await page.screenshot({ path: `${artifacts}nestjs-app.png` });
  });

  it('uses on one instance the token that the other has refreshed', async () => {
    await signIn(one);
    expect(await titleAt(other)).toBe('Hello, Mara Editor');
    local.expireAccessTokens();
    local.clearRequests();

    expect(await titleAt(one)).toBe('Hello, Mara Editor');
    expect(await titleAt(other)).toBe('Hello, Mara Editor');

    expect(local.count({ endpoint: 'token' })).toBe(1);
  });

  it('gives each sign-in a session that no cookie from before leads to, and ends the former one', async () => {
    await signIn(one);
    const former = await page.context().cookies();
    await signIn(one, 'ode@studio.example');
    expect(await titleAt(other)).toBe('Hello, Ode Colorist');

    await page.context().addCookies(former);
    expect(await leadsTo(`${one.home}/profile`)).toBe(SIGN_IN);
  });

  /** Has the user choose herself on the page of the server, and not yet allow it. */
  async function goToServer(path: string): Promise<void> {
    await page.goto(one.home + path);
    await page.getByLabel('Mara Editor').check();
  }

  it('ends where the user wanted to go when the browser loads the callback again', async () => {
    const called = page.waitForRequest((request) => request.url().includes('/auth/frameio/callback?'));
    await goToServer('/profile');
    await page.getByRole('button', { name: 'Allow' }).click();
    expect(await title()).toBe('Hello, Mara Editor');
    const callback = (await called).url();

    for (const at of [one, other]) {
      await page.goto(callback.replace(one.home, at.home));
      expect(await title()).toBe('Hello, Mara Editor');
      expect(page.url()).toBe(`${at.home}/profile`);
      await page.reload();
      expect(await title()).toBe('Hello, Mara Editor');
    }
    expect(local.count({ endpoint: 'token' })).toBe(1);
  });

  it('ends there when the user goes back to the server, and allows it once more', async () => {
    await goToServer('/profile');
    await page.getByRole('button', { name: 'Allow' }).click();
    expect(await title()).toBe('Hello, Mara Editor');

    await page.goBack();
    await page.getByLabel('Mara Editor').check();
    await page.getByRole('button', { name: 'Allow' }).click();

    expect(await title()).toBe('Hello, Mara Editor');
    expect(page.url()).toBe(`${one.home}/profile`);
    expect(local.count({ endpoint: 'token' })).toBe(1);
  });

  it('ends there when the user is quick with the button, or reloads, and the first answer is lost', async () => {
    const held = fault.heldAnswer();
    local.faults.next('token', held);
    await goToServer('/profile');
    const called = page.waitForRequest((request) => request.url().includes('/auth/frameio/callback?'));
    await page.getByRole('button', { name: 'Allow' }).click({ noWaitAfter: true });
    const callback = (await called).url();
    await held.reached;

    // The browser gives up the first navigation for the second, and never sees its cookie.
    const second = page.goto(callback);
    await page.waitForRequest(callback);
    held.release();
    await second;

    expect(await title()).toBe('Hello, Mara Editor');
    expect(page.url()).toBe(`${one.home}/profile`);
    expect(local.count({ endpoint: 'token' })).toBe(1);
  });

  it('ends there when the user presses the link of the sign-in twice', async () => {
    await page.goto(one.home);
    await page.getByRole('link', { name: 'Sign in with Adobe' }).dblclick();
    await page.getByLabel('Mara Editor').check();
    await page.getByRole('button', { name: 'Allow' }).click();

    expect(await title()).toBe('Hello, Mara Editor');
    expect(page.url()).toBe(`${one.home}/profile`);
  });

  it('ends there when the browser has loaded the callback ahead of time', async ({ browser }) => {
    // The pages' own Content-Security-Policy allows no prefetching.
    const ahead = await browser.newPage({ ignoreHTTPSErrors: true, bypassCSP: true });
    const callback = await beginSignIn(one, 'mara@studio.example', ahead);
    await ahead.goto(one.home);
    const early = ahead.waitForResponse((response) => response.url() === callback);
    await ahead.evaluate(`(${PREFETCH})(${JSON.stringify(callback)})`);
    expect((await early).status()).toBe(503);
    expect(local.count({ endpoint: 'token' })).toBe(0);

    await ahead.goto(callback);

    expect(await ahead.locator('h1').textContent()).toBe('Hello, Mara Editor');
    expect(local.count({ endpoint: 'token' })).toBe(1);
    await ahead.context().close();
  });

  it('asks a user who is signed in before another site has her sign in again', async () => {
    await signIn(one);
    await page.goto(local.origin);
    await page.setContent(`<a href="${one.home}/auth/frameio/login?returnTo=/profile">Win a prize</a>`);
    await page.getByRole('link').click();
    expect(await title()).toBe('Sign in again?');

    await page.getByRole('link', { name: 'Sign in again' }).click();
    await page.getByLabel('Ode Colorist').check();
    await page.getByRole('button', { name: 'Allow' }).click();

    expect(await title()).toBe('Hello, Ode Colorist');
    expect(page.url()).toBe(`${one.home}/profile`);
  });

  it('describes what programs can ask for, on a page and by example', async () => {
    await signIn(one);

    await page.goto(`${one.home}/docs`);

    await page.locator('.opblock-summary-path', { hasText: '/api/profile' }).click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('button', { name: 'Execute' }).click();
    expect(await page.locator('.live-responses-table .response-col_status').last().textContent()).toContain('200');
    expect(await page.locator('.live-responses-table .microlight').first().textContent()).toContain('Studio Example');
    expect(said).toEqual([]);
  });

  it('reports in its health that the server cannot be reached, and signs no user out', async () => {
    await signIn(one);
    const callback = await beginSignIn(other);
    await local.stop();

    await page.goto(callback);
    const titleDuringOutage = await titleAt(one);
    const health = await page.request.get(`${other.home}/health`);
    await local.start();

    expect(await title()).toBe('Please come back later');
    expect(titleDuringOutage).toBe('Please come back later');
    expect(health.status()).toBe(200);
    expect(await health.json()).toMatchObject({
      status: 'degraded',
      details: { frameio: { status: 'degraded', degraded: true, reason: 'ECONNREFUSED' } },
    });
    expect(await (await page.request.get(`${one.home}/health`)).json()).toMatchObject({ status: 'ok' });
    expect(await titleAt(one)).toBe('Hello, Mara Editor');
  });

  it('continues with the one when the other is killed, and ends the session for both when the user signs out', async () => {
    await signIn(one);
    await one.end('SIGKILL');
    local.expireAccessTokens();
    await page.goto(`${other.home}/profile`);
    expect(await title()).toBe('Hello, Mara Editor');
    expect(local.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(1);
    const copy = await page.context().cookies();

    await page.getByRole('button', { name: 'Sign out' }).click();

    expect(await title()).toBe('Review Portal');
    expect((await page.context().cookies()).filter(({ name }) => name === '__Host-review-portal')).toEqual([]);
    expect(local.count({ endpoint: 'revoke', outcome: 'granted' })).toBeGreaterThan(0);
    await page.context().addCookies(copy);
    expect(await leadsTo(`${other.home}/profile`)).toBe(SIGN_IN);
  });

  it('has shown no secret to the log or to Redis, and the keys there open nothing in a browser', async () => {
    const client = new Redis(redis.url);
    const keys = await client.keys('*');
    const types = await Promise.all(keys.map((key) => client.type(key)));
    const records = await Promise.all(
      keys.filter((_, index) => types[index] === 'hash').map((key) => client.hgetall(key)),
    );
    client.disconnect();

    expect(records.length).toBeGreaterThan(0);
    const values = (await page.context().cookies()).map(({ value }) => decodeURIComponent(value));
    expect(values.filter((value) => keys.some((key) => key.includes(value)))).toEqual([]);
    expect(secretsIn(JSON.stringify(records))).toEqual([]);
    expect(one.said + other.said).toContain('[FrameioAuth]');
    expect(secretsIn(one.said + other.said)).toEqual([]);
  });
});
