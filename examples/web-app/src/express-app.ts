// Sign-in with Frame.io in an Express application.
import { randomUUID } from 'node:crypto';
import type { UserSession } from '@frameio-auth/core';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { getIronSession, type IronSession } from 'iron-session';
import { headers, type Page } from './layout.ts';
import { isFromOwnPage, statusWithoutEffect } from './own-page.ts';
import { apology, confirmation, foreignForm, notFound, profile, strayCallback, welcome } from './pages.ts';
import type { Portal } from './portal.ts';

/** The contents of a browser's cookie. It contains no token. */
interface Visit {
  /** The state of the last sign-in that this browser has begun. */
  state?: string;
  /** The key of the `auth` session that the tokens belong to. */
  user?: string;
}

export function expressApp({ auth, api, callbackPath, cookieKey }: Portal): Express {
  const app = express().disable('x-powered-by');

  app.use((_request, response, next) => {
    response.set(headers);
    next();
  });
  app.use((request, response, next) => {
    const status = statusWithoutEffect(request.method, request.get('sec-purpose'));
    if (status === undefined) next();
    else response.status(status).end();
  });

  app.get('/', async (request, response) => {
    const { user } = await visitOf(request, response);
    if (user === undefined) return send(response, welcome);
    const frameio = authenticatedFetch(auth.session(user), { allowedOrigins: [api] });
    send(response, await profile(await frameio(`${api}/v4/me`)));
  });

  app.get('/sign-in', async (request, response) => {
    const visit = await visitOf(request, response);
    // With a link to this, another site could make a signed-in user work in a different person's account.
    const isOwn = isFromOwnPage(request.get('sec-fetch-site'));
    if (visit.user !== undefined && !isOwn) return send(response, confirmation);
    const session = auth.session(randomUUID()); // It is new, so an attacker cannot have known it or planted it in this browser.
    const { url, state } = await session.getAuthorizationUrl();
    await session.close(); // The storage holds what is needed to complete it. Users who never return cost no memory.
    visit.state = state;
    await visit.save();
    response.redirect(303, url);
  });

  app.get(callbackPath, async (request, response) => {
    const visit = await visitOf(request, response);
    const { state, user: former } = visit;
    // A link alone must not sign a user in to a different person's account.
    if (state === undefined || state !== request.query['state']) return send(response, strayCallback);
    // Users reload, double-click and go back, so the state stays in the cookie, and a repeated callback is allowed.
    const session = await auth.handleCallback(request.originalUrl, { allowRepeat: true });
    visit.user = session.key;
    await visit.save();
    if (former !== undefined && former !== session.key) await giveUp(former, session);
    response.redirect(303, '/');
  });

  app.post('/sign-out', async (request, response) => {
    if (request.get('sec-fetch-site') !== 'same-origin') return send(response, foreignForm);
    const visit = await visitOf(request, response);
    if (visit.user !== undefined) await giveUp(visit.user);
    visit.destroy();
    response.redirect(303, '/');
  });

  app.use((_request, response) => send(response, notFound));

  // Express recognizes an error handler by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    send(response, apology(error));
  });

  function visitOf(request: Request, response: Response): Promise<IronSession<Visit>> {
    return getIronSession(request, response, {
      cookieName: '__Host-visit', // Only this host can set it, and only over TLS (RFC 6265bis §4.1.3.2).
      password: cookieKey.toString('base64'),
      ttl: 14 * 24 * 60 * 60,
      cookieOptions: { httpOnly: true, secure: true, sameSite: 'lax', path: '/' },
    });
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

function send(response: Response, { status, html }: Page): void {
  response.status(status).type('html').send(html);
}
