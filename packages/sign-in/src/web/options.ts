import { ConfigurationError, type UserSession, type WebAppAuth } from '@frameio-auth/core';
import type { CookieLogin } from './cookie-login.js';
import type { SignInFailure } from './failures.js';
import type { SignInUsers } from './users.js';

/** A function that works like the platform's `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Receives sentences without secrets. `console` is one. */
export interface SignInLogger {
  debug(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The options of `signIn()`: exactly one of `login` and `users` must be set. */
export interface SignInOptions<Native> {
  readonly auth: WebAppAuth;
  /**
   * The path of the routes, as the application sees it: `/auth/frameio`. The `redirectUri` of `auth` must end with this
   * path and `/callback`.
   */
  readonly path: string;
  /** For applications in which signing in with Adobe is the login: `cookieLogin({ keys, current })`. */
  readonly login?: CookieLogin;
  /** For applications with a login of their own: identifies the user of a request. */
  readonly users?: SignInUsers<Native>;
  /** Creates the function that sends a session's token, such as `authenticatedFetch(session)`. Called once a session. */
  readonly fetch?: (session: UserSession) => Fetch;
  /**
   * Where the browser goes after a sign-in that did not set `?returnTo=/path`: a path or an https address (http only on
   * this machine). Default: `/`.
   */
  readonly afterSignIn?: string;
  /** Where the browser goes after signing out: a path or an address, as for `afterSignIn`. Default: `/`. */
  readonly afterSignOut?: string;
  /**
   * What browsers see when a sign-in or sign-out fails: the path of a page that requires no sign-in, or a function that
   * returns the response. The query of the page has `reason`, the error's code, and, if known, `retryAfter` in seconds
   * and `debugId`. With `userAction=required`, link to the route `action`, which takes the user to where the server
   * requires an action. Default: a plain page for people, JSON for programs.
   */
  readonly onFailure?:
    | string
    | ((failure: SignInFailure, request: Native) => Response | undefined | Promise<Response | undefined>);
  /** Distinguishes the cookies of several sign-ins of one origin: letters, digits and hyphens. Default: none. */
  readonly name?: string;
  /** Default: warnings and errors go to `console`. */
  readonly logger?: SignInLogger;
}

/** Throws an error about an option: a sentence that begins with the option's name. */
export function refuse(sentence: string): never {
  throw new ConfigurationError('invalid_option', `signIn(): ${sentence}`);
}

/** Checks the options that no other part checks. */
export function checkOptions(options: SignInOptions<never>): void {
  if (typeof options !== 'object' || options === null) refuse('options are missing. Pass { auth, path, login }.');
  const { auth, login, users, fetch, onFailure, name, logger } = options;
  if (typeof auth?.handleCallback !== 'function' || typeof auth.redirectUri !== 'string') {
    refuse('auth must be a WebAppAuth.');
  }
  if (login === undefined && users === undefined) {
    refuse(
      'login or users is missing. Set login to cookieLogin({ keys, current }), or users to { identify(request) }.',
    );
  }
  if (login !== undefined && users !== undefined) refuse('login and users exclude each other. Remove one of them.');
  if (login !== undefined && typeof login.open !== 'function') refuse('login must be cookieLogin({ keys, current }).');
  if (users !== undefined) checkUsers(users);
  if (fetch !== undefined && typeof fetch !== 'function') {
    refuse('fetch must be a function: (session) => authenticatedFetch(session).');
  }
  if (onFailure !== undefined && typeof onFailure !== 'string' && typeof onFailure !== 'function') {
    refuse('onFailure must be a path of this application, such as /sorry, or a function that returns a Response.');
  }
  if (name !== undefined && !/^[\w-]{1,64}$/.test(name)) {
    refuse('name must consist of 1 to 64 letters, digits and hyphens.');
  }
  if (logger !== undefined && [logger.debug, logger.warn, logger.error].some((log) => typeof log !== 'function')) {
    refuse('logger must have debug(), warn() and error().');
  }
}

/** The presence of `admit` decides which user the tokens of a sign-in belong to, so it must not be there by mistake. */
function checkUsers(users: SignInUsers<never>): void {
  if (typeof users?.identify !== 'function') {
    refuse('users must have identify(request): it returns the ID of the user whose request it is.');
  }
  for (const name of ['admit', 'dismiss'] as const) {
    if (users[name] !== undefined && typeof users[name] !== 'function') {
      refuse(`users.${name} must be a function. Leave it out if there is nothing for it to do.`);
    }
  }
}
