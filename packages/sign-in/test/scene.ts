import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { cookieLogin, type SignInOptions, signIn } from '@frameio-auth/sign-in';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { type AuthorizationServer, startAuthorizationServer } from '@frameio-auth/testing';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import { expect, onTestFinished } from 'vitest';
import { type Answer, type Ask, Browser, type Headed } from './asking.js';
import type { Door } from './doors.js';

/** Where browsers see the applications: behind a proxy that speaks https. */
export const ORIGIN = 'https://app.example';

export const KEY = new Uint8Array(32).fill(7);

/** The names of the cookies. */
export const LOGIN = '__Host-frameio-login';
export const PENDING = '__Host-frameio-sign-in-';

/** The headers of a browser that follows a link, and that sends a form, on a page of the application. */
export const own = { 'sec-fetch-site': 'same-origin' };

export interface Setting extends Partial<SignInOptions<unknown>> {
  readonly storage?: TokenStorage;
  /** Whether the application has a login of its own: the header `x-user`. */
  readonly hasUsers?: boolean;
}

/** An application with a sign-in, behind a door. */
export interface Scene {
  readonly server: AuthorizationServer;
  readonly auth: WebAppAuth;
  readonly ask: Ask;
  readonly log: string[];
  browser(): Browser;
}

/** A local authorization server that ends with the test. */
async function serverForTest(): Promise<AuthorizationServer> {
  const server = await startAuthorizationServer({
    clients: [
      {
        clientId: 'reviews.fictional',
        clientSecret: 'secret.fictional',
        redirectUris: [`${ORIGIN}/auth/frameio/callback`],
        scopes: ['openid', 'email', 'profile', 'offline_access', 'additional_info.roles'],
      },
    ],
  });
  onTestFinished(() => server.close());
  return server;
}

export async function scene(door: Door, setting: Setting = {}, server?: AuthorizationServer): Promise<Scene> {
  const { storage = memoryStorage(), hasUsers = false, ...options } = setting;
  const its = server ?? (await serverForTest());
  const auth = new WebAppAuth({
    clientId: 'reviews.fictional',
    clientSecret: 'secret.fictional',
    redirectUri: `${ORIGIN}/auth/frameio/callback`,
    server: adobeIms({ origin: its.origin }),
    transport: fetch,
    storage,
  });
  onTestFinished(() => auth.close());
  const log: string[] = [];
  onTestFinished(() => {
    const written = log.join('\n');
    expect(its.secrets().filter((secret) => written.includes(secret))).toEqual([]);
  });
  const write = (level: string) => (message: string) => void log.push(`${level}: ${message}`);
  const ask = await door.open((headerOf) =>
    signIn({
      auth,
      path: '/auth/frameio',
      ...(hasUsers
        ? { users: { identify: (native: unknown) => headerOf(native, 'x-user') } }
        : { login: cookieLogin({ keys: { one: KEY }, current: 'one' }) }),
      fetch: (session) => authenticatedFetch(session, { allowedOrigins: [its.origin] }),
      logger: { debug: write('debug'), warn: write('warn'), error: write('error') },
      ...options,
    }),
  );
  return { server: its, auth, ask, log, browser: () => new Browser(ask) };
}

/** Allows the sign-in at the server, and resolves to the path to which the browser is sent back. */
export async function allowed(server: AuthorizationServer, { headers }: Answer, options = {}): Promise<string> {
  const { pathname, search } = new URL(await server.signIn(headers.get('location') ?? '', options));
  return pathname + search;
}

/** Signs a browser in. */
export async function signedIn({ server }: Scene, browser: Browser, headers: Headed = own, user = {}): Promise<Answer> {
  const login = await browser.ask('/auth/frameio/login', headers);
  return browser.ask(await allowed(server, login, user), headers);
}
