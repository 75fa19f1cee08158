// Sign-in with Frame.io in a Hono application.
import { randomUUID } from 'node:crypto';
import type { UserSession } from '@frameio-auth/core';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { csrf } from 'hono/csrf';
import { HTTPException } from 'hono/http-exception';
import { sealData, unsealData } from 'iron-session';
import { headers, type Page } from './layout.ts';
import { isFromOwnPage, statusWithoutEffect } from './own-page.ts';
import { apology, confirmation, foreignForm, notFound, profile, strayCallback, welcome } from './pages.ts';
import type { Portal } from './portal.ts';

/**
 * The cookies of a browser, and their lifetimes in seconds. They contain no token, and are encrypted, because a
 * session's key is only for this server.
 */
const LIFETIMES = {
  /** The state of the last sign-in that this browser has begun. */
  state: 10 * 60,
  /** The key of the `auth` session that the tokens belong to. */
  user: 14 * 24 * 60 * 60,
};

type CookieName = keyof typeof LIFETIMES;

export function honoApp({ auth, api, callbackPath, cookieKey }: Portal): Hono {
  const app = new Hono();
  const password = cookieKey.toString('base64');

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
  });
  app.use(async (c, next) => {
    const status = statusWithoutEffect(c.req.method, c.req.header('sec-purpose'));
    return status === undefined ? next() : c.body(null, status);
  });
  app.use(csrf());

  app.get('/', async (c) => {
    const user = await read(c, 'user');
    if (user === undefined) return send(c, welcome);
    const frameio = authenticatedFetch(auth.session(user), { allowedOrigins: [api] });
    return send(c, await profile(await frameio(`${api}/v4/me`)));
  });

  app.get('/sign-in', async (c) => {
    // With a link to this, another site could make a signed-in user work in a different person's account.
    const isOwn = isFromOwnPage(c.req.header('sec-fetch-site'));
    if ((await read(c, 'user')) !== undefined && !isOwn) return send(c, confirmation);
    const session = auth.session(randomUUID()); // It is new, so an attacker cannot have known it or planted it in this browser.
    const { url, state } = await session.getAuthorizationUrl();
    await session.close(); // The storage holds what is needed to complete it. Users who never return cost no memory.
    await write(c, 'state', state);
    return c.redirect(url, 303);
  });

  app.get(callbackPath, async (c) => {
    const state = await read(c, 'state');
    const former = await read(c, 'user');
    // A link alone must not sign a user in to a different person's account.
    if (state === undefined || state !== c.req.query('state')) return send(c, strayCallback);
    // Users reload, double-click and go back, so the state's cookie stays, and a repeated callback is allowed.
    const session = await auth.handleCallback(c.req.url, { allowRepeat: true });
    await write(c, 'user', session.key);
    if (former !== undefined && former !== session.key) await giveUp(former, session);
    return c.redirect('/', 303);
  });

  app.post('/sign-out', async (c) => {
    const user = await read(c, 'user');
    if (user !== undefined) await giveUp(user);
    for (const name of ['state', 'user'] as const) erase(c, name);
    return c.redirect('/', 303);
  });

  app.notFound((c) => send(c, notFound));
  app.onError((error, c) => send(c, error instanceof HTTPException ? foreignForm : apology(error)));

  // The prefix `__Host-`: only this host can set the cookie, and only over TLS (RFC 6265bis §4.1.3.2).

  async function read(c: Context, name: CookieName): Promise<string | undefined> {
    const sealed = getCookie(c, name, 'host') ?? '';
    const content = await unsealData<Partial<Record<CookieName, string>>>(sealed, { password, ttl: LIFETIMES[name] });
    return content[name]; // By name, so that one cookie cannot be used as the other.
  }

  async function write(c: Context, name: CookieName, value: string): Promise<void> {
    const maxAge = LIFETIMES[name];
    const options = { httpOnly: true, secure: true, sameSite: 'Lax', path: '/', prefix: 'host' } as const;
    setCookie(c, name, await sealData({ [name]: value }, { password, ttl: maxAge }), { ...options, maxAge });
  }

  function erase(c: Context, name: CookieName): void {
    deleteCookie(c, name, { secure: true, path: '/', prefix: 'host' });
  }

  /**
   * @param successor - the session that replaces it; without this, some servers would end its tokens too
   */
  async function giveUp(user: string, successor?: UserSession): Promise<void> {
    const session = auth.session(user);
    await session.revoke(successor && { sparing: successor }); // At the server, in the storage and in memory.
    await session.close();
  }

  return app;
}

function send(c: Context, { status, html }: Page): Response | Promise<Response> {
  return c.html(html, status);
}
