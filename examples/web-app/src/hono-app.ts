// Sign-in with Frame.io in a Hono application.
import { type FrameioEnv, frameioAuth } from '@frameio-auth/sign-in/hono';
import { type Context, Hono } from 'hono';
import type { Portal } from './frameio.ts';
import { headers, type Page } from './layout.ts';
import { errorPage, home, notFound } from './pages.ts';

export function honoApp({ frameio, api }: Portal): Hono<FrameioEnv> {
  const app = new Hono<FrameioEnv>();
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    await next();
  });
  app.use(frameioAuth(frameio));

  app.get('/', async (c) => send(c, await home(c.var.frameio, api)));

  app.notFound((c) => send(c, notFound));
  app.onError((error, c) => send(c, errorPage(error)));
  return app;
}

function send(c: Context, { status, html }: Page): Response | Promise<Response> {
  return c.html(html, status);
}
