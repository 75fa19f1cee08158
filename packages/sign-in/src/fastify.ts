/** Sign-in for Fastify 4 and 5. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { nodeRequest } from './node-request.js';
import type { SignInRequest } from './web/request.js';
import type { SignIn } from './web/sign-in.js';
import type { SignInVisit, VisitContext } from './web/visit.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The user of this request. */
    frameio: SignInVisit;
  }
}

/**
 * Creates a plugin that adds the routes of a sign-in, and decorates requests with `frameio`. Register it on the
 * application itself, not below a prefix.
 *
 * @param signIn - its `users` get the `FastifyRequest`
 */
export function frameioAuth(signIn: SignIn<FastifyRequest>): (app: FastifyInstance) => Promise<void> {
  const plugin = async (app: FastifyInstance): Promise<void> => {
    app.decorateRequest('frameio');
    app.addHook('onRequest', async (message, reply) => {
      message.frameio = signIn.visit(requestOf(message), contextOf(message, reply));
    });
    await app.register((routes, _options, registered) => {
      // A form that signs out needs no content, so none is read, whatever its type.
      routes.removeAllContentTypeParsers();
      routes.addContentTypeParser('*', (_message, _payload, done) => done(null));
      routes.all(`${signIn.path}/*`, async (message, reply) => {
        const answer = await signIn.handle(requestOf(message), contextOf(message, reply));
        return answer === undefined ? reply.callNotFound() : send(answer, reply);
      });
      registered();
    });
  };
  // The decorator and the hook are for the whole application, not for an encapsulated part of it.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: '@frameio-auth/sign-in',
  });
}

/**
 * A `preHandler` hook that admits requests whose user has a valid token. It redirects other page loads to the sign-in,
 * and answers all other requests with 401. If there is no token for other reasons, the status is 500, 502 or 503.
 */
export async function requireSignIn(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  try {
    await request.frameio.require();
    return undefined;
  } catch (error) {
    return sendFailure(error, request, reply);
  }
}

/**
 * Sends the response for an error of `request.frameio`, as {@link requireSignIn} does.
 *
 * @throws the error itself if it is of another package
 */
export async function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  return send(await request.frameio.answer(error), reply);
}

function contextOf(native: FastifyRequest, reply: FastifyReply): VisitContext<FastifyRequest> {
  return { native, setCookie: (cookie) => void reply.header('Set-Cookie', cookie) };
}

function requestOf({ method, originalUrl, headers }: FastifyRequest): SignInRequest {
  return nodeRequest(method, originalUrl, headers);
}

async function send(answer: Response, reply: FastifyReply): Promise<FastifyReply> {
  const body = await answer.text();
  // Fastify adds cookies to those that are set already.
  for (const [name, value] of answer.headers) reply.header(name, value);
  return reply.code(answer.status).send(body);
}
