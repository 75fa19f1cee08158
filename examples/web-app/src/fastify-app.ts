// Sign-in with Frame.io in a Fastify application.
import { frameioAuth } from '@frameio-auth/sign-in/fastify';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Portal } from './frameio.ts';
import { headers, type Page } from './layout.ts';
import { errorPage, home, notFound } from './pages.ts';

export async function fastifyApp({ frameio, api }: Portal): Promise<FastifyInstance> {
  const app = fastify();
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(headers);
  });
  await app.register(frameioAuth(frameio));

  app.get('/', async ({ frameio }, reply) => send(reply, await home(frameio, api)));

  app.setNotFoundHandler((_request, reply) => send(reply, notFound));
  app.setErrorHandler((error, _request, reply) => send(reply, errorPage(error)));
  return app;
}

function send(reply: FastifyReply, { status, html }: Page): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(html);
}
