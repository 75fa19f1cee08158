import type { UserSession } from '@frameio-auth/core';
import { callback } from './callback-route.js';
import { login } from './login-route.js';
import { logout } from './logout-route.js';
import type { Fetch, SignInOptions } from './options.js';
import { type Parts, partsOf } from './parts.js';
import { isPrefetch, type SignInRequest } from './request.js';
import { redirect, reply } from './responses.js';
import { SignInVisit, type VisitContext } from './visit.js';

/**
 * Creates a sign-in with Frame.io over `Request` and `Response`: `GET login`, `GET callback`, `GET action` and
 * `POST logout` below a path, and the session of each request's user.
 *
 * @throws ConfigurationError for the first invalid option
 */
export function signIn<Native = unknown>(options: SignInOptions<Native>): SignIn<Native> {
  return new SignIn(partsOf(options));
}

/** A sign-in. `Native` is what `users` gets: the request of the framework, or a `Request`. */
export class SignIn<Native = unknown> {
  readonly #parts: Parts<Native>;

  /** @internal */
  constructor(parts: Parts<Native>) {
    this.#parts = parts;
  }

  /** The application's own origin, as browsers see it: that of the redirect URI. */
  get origin(): string {
    return this.#parts.addresses.origin;
  }

  /** The path of the routes; empty for the root. */
  get path(): string {
    return this.#parts.addresses.path;
  }

  /**
   * Responds to a request for one of the routes; resolves to `undefined` for all others. Rejects only with errors of
   * `users` and `onFailure` themselves.
   */
  async handle(request: SignInRequest, context = contextOf<Native>(request)): Promise<Response | undefined> {
    const route = this.#parts.addresses.route(request);
    if (route === undefined) return undefined;
    const { name, method } = route;
    if (request.method !== method && !(method === 'GET' && request.method === 'HEAD')) {
      return reply(405, null, { Allow: method });
    }
    // These must have no effect, because a `state` and a code work once. Browsers repeat a prefetch that failed.
    if (isPrefetch(request)) return reply(503, null);
    if (request.method === 'HEAD') return reply(204, null);
    try {
      return await this.#respond(name, request, context.native);
    } catch (error) {
      return this.#parts.failures.respond(error, request, context.native, name !== 'logout');
    }
  }

  /** Finds the user of a request, once. */
  visit(request: SignInRequest, context = contextOf<Native>(request)): SignInVisit<Native> {
    return new SignInVisit(this.#parts, request, context);
  }

  /** Resolves to the session of a request's user; to `undefined` if the browser is not logged in. */
  session(request: SignInRequest): Promise<UserSession | undefined> {
    return this.visit(request).session();
  }

  /**
   * Resolves to the session of a request's user, with a token that is valid now.
   *
   * @throws SignInRequiredError if the user must sign in; another error of core if there is no token for other reasons
   */
  require(request: SignInRequest): Promise<UserSession> {
    return this.visit(request).require();
  }

  /** Returns a function that sends requests with the token of a request's user, by the option `fetch`. */
  fetch(request: SignInRequest): Fetch {
    return this.visit(request).fetch;
  }

  async #respond(
    name: 'login' | 'callback' | 'action' | 'logout',
    request: SignInRequest,
    native: Native,
  ): Promise<Response> {
    const parts = this.#parts;
    const identify = () => parts.identities.identify(request, native);
    switch (name) {
      case 'login':
        return login(parts, request, identify);
      case 'callback':
        return callback(parts, request, native, identify);
      case 'action':
        return redirect(parts.pending.actionUrl(request) ?? parts.addresses.login);
      case 'logout':
        return logout(parts, request, native, identify);
    }
  }
}

/** Without a framework, `users` gets the request itself. */
function contextOf<Native>(request: SignInRequest): VisitContext<Native> {
  return { native: request as Native };
}
