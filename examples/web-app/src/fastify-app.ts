// Sign-in with Frame.io in a Fastify application.
import { randomUUID } from 'node:crypto';
import formbody from '@fastify/formbody';
import secureSession from '@fastify/secure-session';
import type { UserSession } from '@frameio-auth/core';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { headers, type Page } from './layout.ts';
import { isFromOwnPage, statusWithoutEffect } from './own-page.ts';
import { apology, confirmation, foreignForm, notFound, profile, strayCallback, welcome } from './pages.ts';
import type { Portal } from './portal.ts';

declare module '@fastify/secure-session' {
  /** The contents of a browser's cookie. It contains no token. */
  interface SessionData {
    /** The state of the last sign-in that this browser has begun. */
    state: string;
    /** The key of the `auth` session that the tokens belong to. */
    user: string;
  }
}

const LIFETIME = 14 * 24 * 60 * 60;

export async function fastifyApp({ auth, api, callbackPath, cookieKey }: Portal): Promise<FastifyInstance> {
  const app = fastify();
  await app.register(formbody);
  await app.register(secureSession, {
    cookieName: '__Host-visit', // Only this host can set it, and only over TLS (RFC 6265bis §4.1.3.2).
    key: cookieKey,
    expiry: LIFETIME,
    cookie: { httpOnly: true, secure: true, sameSite: 'lax', path: '/', maxAge: LIFETIME },
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    const status = statusWithoutEffect(request.method, request.headers['sec-purpose']?.toString());
    return status === undefined ? undefined : reply.code(status).send();
  });

  app.get('/', async (request, reply) => {
    const user = request.session.get('user');
    if (user === undefined) return send(reply, welcome);
    const frameio = authenticatedFetch(auth.session(user), { allowedOrigins: [api] });
    return send(reply, await profile(await frameio(`${api}/v4/me`)));
  });

  app.get('/sign-in', async (request, reply) => {
    // With a link to this, another site could make a signed-in user work in a different person's account.
    const isOwn = isFromOwnPage(request.headers['sec-fetch-site']?.toString());
    if (request.session.get('user') !== undefined && !isOwn) return send(reply, confirmation);
    const session = auth.session(randomUUID()); // It is new, so an attacker cannot have known it or planted it in this browser.
    const { url, state } = await session.getAuthorizationUrl();
    await session.close(); // The storage holds what is needed to complete it. Users who never return cost no memory.
    request.session.set('state', state);
    return reply.redirect(url, 303);
  });

  app.get<{ Querystring: { state?: string } }>(callbackPath, async (request, reply) => {
    const state = request.session.get('state');
    const former = request.session.get('user');
    // A link alone must not sign a user in to a different person's account.
    if (state === undefined || state !== request.query.state) return send(reply, strayCallback);
    // Users reload, double-click and go back, so the state stays in the cookie, and a repeated callback is allowed.
    const session = await auth.handleCallback(request.url, { allowRepeat: true });
    request.session.set('user', session.key);
    if (former !== undefined && former !== session.key) await giveUp(former, session);
    return reply.redirect('/', 303);
  });

  app.post('/sign-out', async (request, reply) => {
    if (request.headers['sec-fetch-site'] !== 'same-origin') return send(reply, foreignForm);
    const user = request.session.get('user');
    if (user !== undefined) await giveUp(user);
    request.session.delete();
    return reply.redirect('/', 303);
  });

  app.setNotFoundHandler((_request, reply) => send(reply, notFound));
  app.setErrorHandler((error, _request, reply) => send(reply, apology(error)));

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

function send(reply: FastifyReply, { status, html }: Page): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(html);
}
