import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { adobeIms } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { type AuthorizationServer, startAuthorizationServer } from '@frameio-auth/testing';
import type { APIRequestContext, Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, vi } from 'vitest';
import { type Framework, frameworks, type RunningService, serve } from '../../examples/web-app/src/serve.js';
import { it } from './browser.js';

const artifacts = fileURLToPath(new URL('../../artifacts/', import.meta.url));

/** How much a page keeps in the browser beside its cookies. */
const STORES = `Promise.all([
  localStorage.length,
  sessionStorage.length,
  indexedDB.databases().then((all) => all.length),
  caches.keys().then((all) => all.length),
])`;

const platform = [Request, Response];

let page: Page;
/** What the page says on its console. */
let said: string[];

it.beforeAll(async ({ browser }) => {
  await mkdir(artifacts, { recursive: true });
  // One page for all tests, because opening one costs as much as several of them.
  page = await (await newContext(browser)).newPage();
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
});

afterAll(() => page.context().close());

beforeEach(async () => {
  said = [];
  await page.context().clearCookies();
});

/** A browser with cookies of its own. */
function newContext(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 640, height: 400 } });
}

describe.each(Object.keys(frameworks) as Framework[])('the %s application', (framework) => {
  let local: AuthorizationServer;
  let service: RunningService;
  /** The names in the records of the storage. */
  const records = new Set<string>();

  beforeAll(async () => {
    const memory = memoryStorage();
    const storage: TokenStorage = {
      ...memory,
      commit(key, request) {
        records.add(key);
        return memory.commit(key, request);
      },
    };
    local = await startAuthorizationServer({ allowHttpRedirects: false });
    const { clientId, clientSecret } = local.clients.webApp;
    service = await serve({
      framework,
      account: { clientId, clientSecret, server: adobeIms({ origin: local.origin }), api: local.origin },
      redirectUri: 'https://localhost:0/callback',
      storage,
    });
  });

  afterAll(async () => {
    await service.close();
    await local.close();
  });

  const goto = (path: string) => page.goto(service.home + path);

  const title = () => page.locator('h1').textContent();

  /** The title of the page that a browser with these cookies gets. */
  async function titleFor({ request }: { request: APIRequestContext }): Promise<string | undefined> {
    return /<h1>(.*)<\/h1>/.exec(await (await request.get(service.home)).text())?.[1];
  }

  /** Begins a sign-in in the browser and lets the user allow it elsewhere. Resolves to the callback, not yet visited. */
  async function beginSignIn({ request }: { request: APIRequestContext }, user: string): Promise<string> {
    const headers = { 'sec-fetch-site': 'same-origin' };
    const answer = await request.get(`${service.home}/login`, { maxRedirects: 0, headers });
    return local.signIn(answer.headers()['location'] ?? '', { user });
  }

  /** A user who has signed in before the test begins. */
  async function signedIn(user = 'mara@studio.example'): Promise<void> {
    await page.request.get(await beginSignIn(page, user));
  }

  it("leaves the platform's classes as they are, on which other code in the process relies", async () => {
    await page.request.get(service.home);

    expect(await fetch('data:,fictional')).toBeInstanceOf(Response);
    expect([Request, Response]).toEqual(platform);
  });

  const secretsIn = (text: string) => local.secrets().filter((secret) => text.includes(secret));

  it('signs a user in, with nothing secret in the browser and nothing personal in its cache', async () => {
    const answers: (string | undefined)[] = [];
    page.on('response', (response) => {
      if (response.url().startsWith(service.home)) answers.push(response.headers()['cache-control']);
    });
    await goto('/');
    await page.getByRole('link', { name: 'Sign in with Adobe' }).click();
    await page.getByLabel('Mara Editor').check();
    await page.getByRole('button', { name: 'Allow' }).click();

    expect(await title()).toBe('Hello, Mara Editor');
    expect(page.url()).toBe(`${service.home}/`);
    expect(answers).toEqual(Array(4).fill('no-store')); // The first page, the redirect to Adobe, the callback, the page.
    const cookies = await page.context().cookies(service.home);
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) {
      expect(cookie.name).toMatch(/^__Host-/);
      expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' });
    }
    const seen = [page.url(), await page.content(), ...cookies.map(({ value }) => decodeURIComponent(value))];
    expect(secretsIn(seen.join('\n'))).toEqual([]);
    expect(await page.evaluate(STORES)).toEqual([0, 0, 0, 0]);
    expect(said).toEqual([]); // Nor does the page do what its Content-Security-Policy forbids.
    await page.screenshot({ path: `${artifacts}web-app-${framework}.png` });
  });

  it('signs a user out, so that a copy of the cookie is worth nothing any more', async () => {
    await signedIn();
    await goto('/');
    const copy = await page.context().cookies();
    const revocations = local.count({ endpoint: 'revoke', outcome: 'granted' });

    await page.getByRole('button', { name: 'Sign out' }).click();

    expect(await title()).toBe('Review Portal');
    expect(await page.context().cookies()).toEqual([]);
    expect(local.count({ endpoint: 'revoke', outcome: 'granted' })).toBeGreaterThan(revocations);
    await page.context().addCookies(copy);
    expect(await titleFor(page)).toBe('Your sign-in has ended');
  });

  it('takes no for an answer, and lets the user try again', async () => {
    await goto('/login');
    await page.getByRole('button', { name: 'Deny' }).click();

    expect(await title()).toBe('You did not sign in');
    expect(await page.getByRole('link', { name: 'Try again' }).getAttribute('href')).toBe('/login');
    await signedIn();
    expect(await titleFor(page)).toBe('Hello, Mara Editor');
  });

  it('refuses a callback that another browser began, and leaves it to that one (RFC 6749 §10.12)', async ({
    browser,
  }) => {
    const other = await newContext(browser);
    const callback = await beginSignIn(other, 'ode@studio.example');
    await signedIn();

    await page.goto(callback);

    expect(await title()).toBe('This sign-in cannot be completed');
    expect(await titleFor(page)).toBe('Hello, Mara Editor');
    await other.request.get(callback);
    expect(await titleFor(other)).toBe('Hello, Ode Colorist');
    await other.close();
  });

  it('gives each sign-in a session that no cookie from before leads to', async () => {
    const callback = await beginSignIn(page, 'mara@studio.example');
    const planted = await page.context().cookies();
    await page.request.get(callback);
    expect(await titleFor(page)).toBe('Hello, Mara Editor');

    await page.context().clearCookies();
    await page.context().addCookies(planted);
    expect(await titleFor(page)).toBe('Review Portal');
  });

  it('never gives the browser the key of a session, because anyone who may list the keys of the storage sees it', async () => {
    records.clear();
    await signedIn();
    const [key = ''] = [...records].flatMap((record) => /\/session\/(.+)$/.exec(record)?.[1] ?? []);
    expect(key).toMatch(/^[\w-]{43}$/);
    for (const { value } of await page.context().cookies()) {
      const parts = decodeURIComponent(value).split('.');
      for (const part of [value, ...parts.map((text) => Buffer.from(text, 'base64').toString())]) {
        expect(part).not.toContain(key);
      }
    }
  });

  it('begins no other sign-in for a user who is signed in because another site says so', async () => {
    await signedIn();
    await page.goto(local.origin);
    await page.setContent(`<a href="${service.home}/login">Win a prize</a>`);

    await page.getByRole('link').click();

    expect(await title()).toBe('Sign in again?');
    await page.getByRole('link', { name: 'Sign in with Adobe' }).click();
    expect(page.url()).toContain(local.origin);
  });

  it('ends the former session of a user who signs in again', async () => {
    await signedIn();
    const former = await page.context().cookies();
    await signedIn('ode@studio.example');
    expect(await titleFor(page)).toBe('Hello, Ode Colorist');

    await page.context().addCookies(former);
    expect(await titleFor(page)).toBe('Your sign-in has ended');
  });

  it('leads a callback that is opened again, or twice at once, to where the first one led', async () => {
    const called = page.waitForRequest((request) => request.url().startsWith(`${service.home}/callback?`));
    await goto('/login');
    await page.getByRole('button', { name: 'Allow' }).click();
    const callback = (await called).url();
    expect(await title()).toBe('Hello, Mara Editor');
    const requests = local.count({ endpoint: 'token' });

    await page.goto(callback);
    expect(await title()).toBe('Hello, Mara Editor');
    await page.goBack();
    expect(await title()).toBe('Hello, Mara Editor');
    await page.reload();
    expect(await title()).toBe('Hello, Mara Editor');
    expect(local.count({ endpoint: 'token' })).toBe(requests);

    await page.context().clearCookies();
    const other = await beginSignIn(page, 'ode@studio.example');
    await Promise.all([page.request.get(other), page.request.get(other)]);
    expect(await titleFor(page)).toBe('Hello, Ode Colorist');
  });

  it('does not sign a user in again who reloads the callback after signing out', async () => {
    const callback = await beginSignIn(page, 'mara@studio.example');
    await page.request.get(callback);
    await goto('/');
    await page.getByRole('button', { name: 'Sign out' }).click();

    await page.goto(callback);
    expect(await title()).toBe('This sign-in cannot be completed');
  });

  it('renews a token that has run out meanwhile, unseen', async () => {
    await signedIn();
    local.expireAccessTokens();
    local.clearRequests();

    await goto('/');

    expect(await title()).toBe('Hello, Mara Editor');
    expect(local.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(1);
  });

  it('asks a user without access any more to sign in again', async () => {
    await signedIn('pim@studio.example');
    local.revokeUser('pim@studio.example');

    expect(await titleFor(page)).toBe('Your sign-in has ended');
    await signedIn('pim@studio.example');
    expect(await titleFor(page)).toBe('Hello, Pim Producer');
  });

  it('signs no user out because another site says so', async () => {
    await signedIn();
    await page.goto(local.origin);
    await page.setContent(`<form method="post" action="${service.home}/logout"><button>Win a prize</button></form>`);

    await page.getByRole('button').click();

    expect(await title()).toBe('Nothing was done');
    expect(await titleFor(page)).toBe('Hello, Mara Editor');
  });

  it('asks the user to come back later while the server is down, and keeps the session', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    onTestFinished(() => log.mockRestore());
    await signedIn();
    local.expireAccessTokens();
    await local.stop();
    await goto('/');
    await local.start();

    expect(await title()).toBe('Please come back later');
    expect(await titleFor(page)).toBe('Hello, Mara Editor');
    expect(log).toHaveBeenCalledOnce();
    expect(secretsIn(inspect(log.mock.calls, { depth: null }))).toEqual([]);
  });
});
