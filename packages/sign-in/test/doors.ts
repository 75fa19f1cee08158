import type { SignIn, SignInVisit } from '@frameio-auth/sign-in';
import * as express from '@frameio-auth/sign-in/express';
import * as fastify from '@frameio-auth/sign-in/fastify';
import * as hono from '@frameio-auth/sign-in/hono';
import * as next from '@frameio-auth/sign-in/next';
import * as node from '@frameio-auth/sign-in/node';
import { getRequestListener } from '@hono/node-server';
import express5 from 'express';
// @ts-expect-error: the types of Express 5 are good for both.
import express4 from 'express-4';
import fastify5, { type FastifyInstance } from 'fastify';
import fastify4 from 'fastify-4';
import { Hono } from 'hono';
import { onTestFinished } from 'vitest';
import { type Ask, answerOf, listening } from './asking.js';

/** Makes the sign-in of a test; `headerOf` reads a header of what the framework calls a request. */
// biome-ignore lint/suspicious/noExplicitAny: each door has a type of request of its own.
type Make = (headerOf: (native: any, name: string) => string | undefined) => SignIn<any>;

/** A way into the sign-in, with an application around it. */
export interface Door {
  readonly name: string;
  /**
   * Starts an application. `/who` says whose request it is, `/reviews` is guarded, `/me` calls the API whose address is
   * in the header `x-api`.
   */
  open(make: Make): Promise<Ask>;
}

/** The page of `/who`. */
async function who(frameio: SignInVisit): Promise<{ readonly key: string | null }> {
  return { key: (await frameio.session())?.key ?? null };
}

const me = async (frameio: SignInVisit, api: string | undefined): Promise<string> =>
  (await frameio.fetch(`${api}/v4/me`)).text();

/** An application without a framework. */
function webDoor(
  name: string,
  // biome-ignore lint/suspicious/noExplicitAny: the sign-in is one of any request.
  partsOf: (frameio: SignIn<any>) => {
    handle(request: Request): Promise<Response | undefined>;
    guard(visit: SignInVisit, request: Request): Promise<Response | undefined>;
  },
): Door {
  return {
    name,
    async open(make) {
      const frameio = make((request: Request, header) => request.headers.get(header) ?? undefined);
      const { handle, guard } = partsOf(frameio);
      return async (path, headers = {}, method = 'GET') => {
        const request = new Request(`http://internal.example${path}`, { method, headers });
        const cookies: string[] = [];
        const visit = frameio.visit(request, { native: request, setCookie: (cookie) => cookies.push(cookie) });
        const respond = async (): Promise<Response> => {
          switch (new URL(request.url).pathname) {
            case '/who':
              return Response.json(await who(visit));
            case '/reviews':
              return (await guard(visit, request)) ?? new Response('The reviews.');
            case '/me':
              return new Response(await me(visit, headers['x-api']));
            default:
              return (await handle(request)) ?? new Response('', { status: 404 });
          }
        };
        const response = await respond().catch((error: unknown) => visit.answer(error));
        const answer = answerOf(response.status, response.headers, await response.text());
        for (const cookie of cookies) answer.headers.append('Set-Cookie', cookie);
        return answer;
      };
    },
  };
}

/** The core itself, as in SvelteKit, React Router or Astro. */
const web = webDoor('Request and Response', (frameio) => ({
  handle: (request) => frameio.handle(request),
  async guard(visit) {
    await visit.require();
    return undefined;
  },
}));

let nextApplications = 0;

/** The functions that Next.js calls. `tests/next` runs them in Next.js itself. */
const nextDoor = webDoor('the handlers and the proxy for Next.js', (frameio) => {
  nextApplications += 1;
  const { handlers, proxy } = next.frameioAuth(() => frameio, `test ${nextApplications}`);
  return {
    handle: async (request) => handlers[request.method as 'GET']?.(request) ?? new Response('', { status: 405 }),
    async guard(_visit, request) {
      const response = await proxy(request);
      if (response === undefined) return undefined;
      const location = response.headers.get('location');
      if (location !== null) response.headers.set('location', location.replace('https://app.example/', '/'));
      return response;
    },
  };
});

const plainNode: Door = {
  name: 'node:http',
  open(make) {
    const middleware = node.frameioAuth(make(({ headers }, name) => headers[name]));
    return listening((message, response) => {
      const request = message as node.SignInMessage;
      const fail = (error: unknown) => {
        response.statusCode = 500;
        response.end(String(error));
      };
      const respond = async () => {
        try {
          if (request.url === '/who') {
            response.setHeader('Content-Type', 'application/json');
            response.end(JSON.stringify(await who(request.frameio)));
          } else if (request.url === '/reviews') {
            node.requireSignIn(request, response, () => response.end('The reviews.'));
          } else if (request.url === '/me') {
            response.end(await me(request.frameio, String(request.headers['x-api'])));
          } else {
            response.statusCode = 404;
            response.end();
          }
        } catch (error) {
          await node.sendFailure(error, request, response);
        }
      };
      middleware(request, response, (error) => (error === undefined ? void respond().catch(fail) : fail(error)));
    });
  },
};

function expressDoor(name: string, create: typeof express5): Door {
  return {
    name,
    open(make) {
      const app = create();
      app.use(express.frameioAuth(make((request: express5.Request, header) => request.get(header))));
      app.get('/who', (request, response, next) => {
        who(request.frameio).then((said) => response.json(said), next);
      });
      app.get('/reviews', express.requireSignIn, (_request, response) => {
        response.send('The reviews.');
      });
      app.get('/me', (request, response, next) => {
        me(request.frameio, request.get('x-api')).then((said) => response.send(said), next);
      });
      app.use((error: unknown, request: express5.Request, response: express5.Response, next: express5.NextFunction) => {
        express.sendFailure(error, request, response).catch(next);
      });
      return listening(app);
    },
  };
}

function fastifyDoor(name: string, create: typeof fastify5): Door {
  return {
    name,
    async open(make) {
      const app: FastifyInstance = create();
      onTestFinished(async () => void (await app.close()));
      await app.register(fastify.frameioAuth(make(({ headers }, header) => headers[header])));
      app.get('/who', (request) => who(request.frameio));
      app.get('/reviews', { preHandler: fastify.requireSignIn }, async () => 'The reviews.');
      app.get('/me', (request) => me(request.frameio, request.headers['x-api'] as string));
      app.setErrorHandler(fastify.sendFailure);
      await app.ready();
      return listening(app.routing);
    },
  };
}

const honoDoor: Door = {
  name: 'Hono',
  open(make) {
    const app = new Hono<hono.FrameioEnv>();
    app.use(hono.frameioAuth(make((c, name) => c.req.header(name))));
    app.get('/who', async (c) => c.json(await who(c.var.frameio)));
    app.get('/reviews', hono.requireSignIn, (c) => c.text('The reviews.'));
    app.get('/me', async (c) => c.text(await me(c.var.frameio, c.req.header('x-api'))));
    return listening(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  },
};

export const doors: readonly Door[] = [
  web,
  plainNode,
  expressDoor('Express 5', express5),
  expressDoor('Express 4', express4),
  fastifyDoor('Fastify 5', fastify5),
  fastifyDoor('Fastify 4', fastify4 as unknown as typeof fastify5),
  honoDoor,
  nextDoor,
];
