import { AuthenticationError, FrameioAuthError, type UserSession } from '@frameio-auth/core';
import { ownPath } from '@frameio-auth/core/adapter';
import type { Fetch } from './options.js';
import type { Parts } from './parts.js';
import { authenticationError } from './problem.js';
import { addressOf, isPageLoad, type SignInRequest } from './request.js';
import { redirect } from './responses.js';
import { SignInRequiredError } from './sign-in-required-error.js';
import type { Identity } from './users.js';

/** What a framework adds to a request. */
export interface VisitContext<Native> {
  /** The request as the framework has it, which `users` gets. */
  readonly native: Native;
  /** Adds a `Set-Cookie` header to the response, which extends the login. Without it, `lifetime` counts from sign-in. */
  readonly setCookie?: (cookie: string) => void;
}

/** Finds the user of one request. */
export class SignInVisit<Native = unknown> {
  readonly #parts: Parts<Native>;
  readonly #request: SignInRequest;
  readonly #context: VisitContext<Native>;
  #identity: Promise<Identity | undefined> | undefined;

  constructor(parts: Parts<Native>, request: SignInRequest, context: VisitContext<Native>) {
    this.#parts = parts;
    this.#request = request;
    this.#context = context;
  }

  /** Resolves to the session of the user; to `undefined` if the browser is not logged in. */
  async session(): Promise<UserSession | undefined> {
    this.#identity ??= this.#identify();
    const identity = await this.#identity;
    return identity && this.#parts.sessions.get(identity.key);
  }

  /**
   * Resolves to the session of the user, with a token that is valid now.
   *
   * @throws SignInRequiredError if the user must sign in; another error of core if there is no token for other reasons
   */
  async require(): Promise<UserSession> {
    const session = await this.session();
    return this.#using(session, async () => {
      if (session === undefined) {
        throw this.#parts.identities.admits
          ? authenticationError('not_authenticated', 'No user is signed in. Sign in first.')
          : authenticationError(
              'not_logged_in',
              'No user is logged in to this application. Log in, then repeat the request.',
            );
      }
      await session.getToken();
      return session;
    });
  }

  /**
   * Sends a request with the token of the user, by the option `fetch`.
   *
   * @throws as `require()`, and as the option `fetch`
   */
  readonly fetch: Fetch = async (input, init) => {
    const session = await this.require();
    return this.#using(session, () => this.#parts.clients.get(session)(input, init));
  };

  /**
   * Resolves to the response for an error of `require()` or `fetch()`: the redirect or the 401 of a
   * {@link SignInRequiredError}; a page or JSON for other errors of core. Errors that are not the user's are logged.
   *
   * @throws the error itself if it is of another package
   */
  async answer(error: unknown): Promise<Response> {
    if (error instanceof SignInRequiredError) return error.response;
    if (!(error instanceof FrameioAuthError)) throw error;
    return this.#parts.failures.show(error, this.#request);
  }

  /** Converts an error that means that the user must sign in. */
  async #using<Result>(session: UserSession | undefined, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      if (session !== undefined && this.#parts.identities.admits) this.#parts.sessions.release(session);
      throw new SignInRequiredError(error, await this.#invite(error));
    }
  }

  async #invite(error: AuthenticationError): Promise<Response> {
    const { addresses, failures } = this.#parts;
    // There is no use in a sign-in before the application's own login.
    if (error.code === 'not_logged_in' || !isPageLoad(this.#request)) return failures.show(error, this.#request);
    const { path, query } = addressOf(this.#request);
    return redirect(addresses.loginWith(ownPath(path + query)));
  }

  async #identify(): Promise<Identity | undefined> {
    const identity = await this.#parts.identities.identify(this.#request, this.#context.native);
    if (identity?.renewal !== undefined) this.#context.setCookie?.(identity.renewal);
    return identity;
  }
}
