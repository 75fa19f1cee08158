/** Sign-in for `node:http`, and for frameworks that take its middleware, such as Connect, Polka and Restify. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { nodeRequest } from './node-request.js';
import type { SignIn } from './web/sign-in.js';
import type { SignInVisit } from './web/visit.js';

/** Calls the next handler, or the error handler. */
export type Next = (error?: unknown) => void;

/** A request that has passed {@link frameioAuth}. */
export interface SignInMessage extends IncomingMessage {
  frameio: SignInVisit;
}

/**
 * Creates a middleware that answers the routes of a sign-in, and sets `request.frameio` on all other requests.
 *
 * @param signIn - its `users` get the `IncomingMessage`, or the request of the framework that extends it
 */
export function frameioAuth<Native extends IncomingMessage>(
  signIn: SignIn<Native>,
): (request: IncomingMessage, response: ServerResponse, next: Next) => void {
  return (message, response, next) => {
    // Routers shorten `url`, and keep the address of the request in `originalUrl`.
    const { method = 'GET', url = '/', originalUrl = url, headers }: Routed = message;
    const request = nodeRequest(method, originalUrl, headers);
    const context = {
      native: message as Native,
      setCookie: (cookie: string) => {
        if (!response.headersSent) response.appendHeader('Set-Cookie', cookie);
      },
    };
    const handle = async (): Promise<void> => {
      const answer = await signIn.handle(request, context);
      if (answer !== undefined) return send(answer, response);
      (message as SignInMessage).frameio = signIn.visit(request, context);
      next();
    };
    handle().catch(next);
  };
}

type Routed = IncomingMessage & { readonly originalUrl?: string };

/**
 * A middleware that admits requests whose user has a valid token. It redirects other page loads to the sign-in, and
 * answers all other requests with 401. If there is no token for other reasons, the status is 500, 502 or 503.
 */
export function requireSignIn(request: IncomingMessage, response: ServerResponse, next: Next): void {
  (request as SignInMessage).frameio.require().then(
    () => next(),
    (error: unknown) => sendFailure(error, request, response).catch(next),
  );
}

/**
 * Sends the response for an error of `request.frameio`, as {@link requireSignIn} does.
 *
 * @throws the error itself if it is of another package
 */
export async function sendFailure(error: unknown, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await send(await (request as SignInMessage).frameio.answer(error), response);
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  const body = await answer.text();
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) {
    if (name === 'set-cookie') response.appendHeader(name, value);
    else response.setHeader(name, value);
  }
  response.end(body);
}
