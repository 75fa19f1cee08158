import { type CanActivate, type ExecutionContext, Inject, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { FrameioAuthException, redirectTo } from './frameio-auth.exception.js';
import type { FrameioRequest } from './frameio-users.interface.js';
import { acceptsPage, RequestSessions, requestOf } from './request-sessions.service.js';

const SKIP = 'frameio-auth:skip';

/** Exempts a handler or a whole class from the guard, for use when it guards the whole application. */
export const SkipFrameioAuth = (): ReturnType<typeof SetMetadata> => SetMetadata(SKIP, true);

/**
 * Admits a request if its user has a valid token, refreshing the token if necessary. If only the application itself
 * signs in, its own token decides.
 *
 * Other requests are answered with 401 and a {@link FrameioAuthProblem}, or redirected to the sign-in if
 * `signIn.redirect` is set. If no token is available for other reasons, the status is 500, 502 or 503.
 */
@Injectable()
export class FrameioAuthGuard implements CanActivate {
  readonly #sessions: RequestSessions;
  readonly #reflector = new Reflector();

  constructor(@Inject(RequestSessions) sessions: RequestSessions) {
    this.#sessions = sessions;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.#reflector.getAllAndOverride(SKIP, [context.getHandler(), context.getClass()]) === true) return true;
    try {
      await this.#sessions.use(context, undefined, (session) => session.getToken());
      return true;
    } catch (error) {
      throw this.#redirect(error, context) ?? error;
    }
  }

  #redirect(error: unknown, context: ExecutionContext): FrameioAuthException | undefined {
    if (!(error instanceof FrameioAuthException) || error.getStatus() !== 401) return undefined;
    const { routes } = this.#sessions.connection(context);
    const request = requestOf(context);
    if (routes?.redirect !== true || context.getType() !== 'http' || request === undefined) return undefined;
    if (!isPageLoad(request)) return undefined;
    return this.#sessions.prepared(redirectTo(routes.loginThenBackTo(request), error.code), context);
  }
}

/** Whether a person is loading a page. A script that fetches data could not use a sign-in page. */
function isPageLoad(request: FrameioRequest): boolean {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headers['sec-fetch-mode'];
  return mode === undefined ? acceptsPage(request) : mode === 'navigate';
}
