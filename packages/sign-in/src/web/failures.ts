import { FrameioAuthError } from '@frameio-auth/core';
import { ownPath } from '@frameio-auth/core/adapter';
import type { Addresses } from './addresses.js';
import { failurePage } from './failure-page.js';
import { refuse, type SignInLogger, type SignInOptions } from './options.js';
import type { PendingCookie } from './pending-cookie.js';
import { ForbiddenRequestError, type SignInProblem, signInProblemOf } from './problem.js';
import { acceptsPage, type SignInRequest } from './request.js';
import { redirect, reply } from './responses.js';
import { describe } from './sessions.js';

/** What failed, for an application that responds in its own way. */
export interface SignInFailure {
  readonly error: FrameioAuthError;
  /** What the sender of the request may see. */
  readonly problem: SignInProblem;
}

/** Turns failures into responses: pages for people, JSON for programs, or what the application wants. */
export class Failures<Native> {
  readonly #addresses: Addresses;
  readonly #pending: PendingCookie;
  readonly #logger: SignInLogger;
  readonly #onFailure: SignInOptions<Native>['onFailure'];

  constructor(
    addresses: Addresses,
    pending: PendingCookie,
    logger: SignInLogger,
    onFailure: SignInOptions<Native>['onFailure'],
  ) {
    if (typeof onFailure === 'string' && ownPath(onFailure) === undefined) {
      refuse('onFailure must be a path of this application, such as /sorry, or a function that returns a Response.');
    }
    this.#addresses = addresses;
    this.#pending = pending;
    this.#logger = logger;
    this.#onFailure = onFailure;
  }

  /** Resolves to the response for a failed sign-in or sign-out. Rejects with errors that are not of these packages. */
  async respond(error: unknown, request: SignInRequest, native: Native, isSignIn: boolean): Promise<Response> {
    if (!(error instanceof FrameioAuthError)) throw error;
    const problem = this.#problemOf(error);
    if (typeof this.#onFailure === 'function') {
      const response = await this.#onFailure({ error, problem }, native);
      if (response !== undefined) return response;
    }
    if (typeof this.#onFailure === 'string' && isSignIn && !(error instanceof ForbiddenRequestError)) {
      const { actionUrl } = problem;
      const cookies = actionUrl === undefined ? [] : [this.#pending.actionRequired(actionUrl)];
      return redirect(this.#addresses.failure(this.#onFailure, problem), cookies);
    }
    return display(problem, request);
  }

  /** Resolves to the page or the JSON for an error. */
  async show(error: FrameioAuthError, request: SignInRequest): Promise<Response> {
    return display(this.#problemOf(error), request);
  }

  #problemOf(error: FrameioAuthError): SignInProblem {
    const problem = signInProblemOf(error, this.#addresses.login);
    if (problem.statusCode >= 500) this.#logger.error(describe(error));
    return problem;
  }
}

async function display(problem: SignInProblem, request: SignInRequest): Promise<Response> {
  const headers = {
    ...(problem.retryAfter !== undefined && { 'Retry-After': String(problem.retryAfter) }),
    // In browsers without `Sec-Fetch-Site`, `Referer` identifies the page on which the user confirms.
    ...(problem.code === 'confirmation_required' && { 'Referrer-Policy': 'same-origin' }),
  };
  if (!acceptsPage(request)) {
    return reply(problem.statusCode, JSON.stringify(problem), { ...headers, 'Content-Type': 'application/json' });
  }
  const page = await failurePage(problem, request.headers.get('accept-language'));
  return reply(problem.statusCode, page.html, { ...headers, ...page.headers });
}
