/** Sign-in for Hono. */
import type { Context, MiddlewareHandler } from 'hono';
import type { SignIn } from './web/sign-in.js';
import type { SignInVisit } from './web/visit.js';

/** What {@link frameioAuth} sets: `new Hono<FrameioEnv>()`. */
export interface FrameioEnv {
  Variables: {
    /** The user of this request. */
    frameio: SignInVisit;
  };
}

/**
 * Creates a middleware that answers the routes of a sign-in, and sets `c.var.frameio` for all other requests.
 *
 * @param signIn - its `users` get the `Context`
 */
export function frameioAuth(signIn: SignIn<Context>): MiddlewareHandler<FrameioEnv> {
  return async (c, next) => {
    const request = c.req.raw;
    const context = {
      native: c as Context,
      setCookie: (cookie: string) => c.header('Set-Cookie', cookie, { append: true }),
    };
    const answer = await signIn.handle(request, context);
    if (answer !== undefined) return answer;
    c.set('frameio', signIn.visit(request, context));
    return next();
  };
}

/**
 * A middleware that admits requests whose user has a valid token. It redirects other page loads to the sign-in, and
 * answers all other requests with 401. If there is no token for other reasons, the status is 500, 502 or 503.
 */
export const requireSignIn: MiddlewareHandler<FrameioEnv> = async (c, next) => {
  try {
    await c.var.frameio.require();
  } catch (error) {
    return c.var.frameio.answer(error);
  }
  return next();
};
