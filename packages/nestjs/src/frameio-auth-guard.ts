import { type CanActivate, type ExecutionContext, Inject, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FrameioRequest } from './frameio-users.js';
import { FrameioAuthException, redirectTo } from './http-exception.js';
import { acceptsPage, RequestSessions, requestOf } from './request-sessions.js';

const SKIP = 'frameio-auth:skip';

/** Has the guard let everybody pass, to a handler or to a whole class: for where it guards the application as a whole. */
export const SkipFrameioAuth = (): ReturnType<typeof SetMetadata> => SetMetadata(SKIP, true);

/**
 * Lets a request pass when its user, or the application itself where no users sign in, has a token that is good now,
 * which is renewed for it if need be. Others are answered 401 with a {@link FrameioAuthProblem}, or sent to the sign-in
 * if it says so (`signIn.redirect`); when no token can be had for other reasons, 500, 502 or 503.
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

/** Whether a person waits for a page, and not a script for data, which has no use for a page to sign in on. */
function isPageLoad(request: FrameioRequest): boolean {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headers['sec-fetch-mode'];
  return mode === undefined ? acceptsPage(request) : mode === 'navigate';
}
