import { isSecureUrl, ownPath } from '@frameio-auth/core/adapter';
import { complaint, type FrameioAuthModuleOptions } from '../connection-options.js';
import type { FrameioAuthProblem } from '../frameio-auth.exception.js';
import type { FrameioRequest } from '../frameio-users.interface.js';

/**
 * Configures the built-in sign-in: the routes `GET login`, `GET callback`, `GET action` and `POST logout` under a path.
 */
export interface SignInOptions {
  /** The path of the routes, without the application's global prefix: `auth/frameio`. */
  readonly path: string;
  /**
   * Where the browser goes after a sign-in that did not set `?returnTo=/path`: a path or an https address (http only on
   * this machine). Default: `/`.
   */
  readonly afterSignIn?: string;
  /** Where the browser goes after signing out: a path or an address, as for `afterSignIn`. Default: `/`. */
  readonly afterSignOut?: string;
  /**
   * Where the browser goes after a failed sign-in: the path of a page that requires no sign-in. The query contains what
   * a 401 or a 503 would say: `reason`, the error's code, and, if known, `retryAfter` in seconds and `debugId`. With
   * `userAction=required`, link to the route `action`, which takes the user to where the server requires an action.
   * Default: a plain page for people, JSON for programs.
   */
  readonly onFailure?: string;
  /**
   * Whether the guard redirects page loads to `login`, and back afterwards, instead of answering 401. Default: `false`.
   */
  readonly redirect?: boolean;
  /**
   * Decorators for the controller, such as one that exempts it from the application's own guard, or `UseFilters()` with
   * a filter that displays failures in the application's own way.
   */
  readonly decorators?: readonly ClassDecorator[];
}

/** Holds the addresses of a connection's sign-in, as browsers see them. */
export class SignInRoutes {
  /** The path of the controller. */
  readonly path: string;
  /** The path of `login`, including the global prefix and any prefix of a proxy. */
  readonly login: string;
  /** The application's own origin. */
  readonly origin: string;
  readonly afterSignIn: string;
  readonly afterSignOut: string;
  readonly onFailure: string | undefined;
  readonly redirect: boolean;

  /**
   * @throws ConfigurationError if the options do not fit together
   */
  constructor(connection: string, options: FrameioAuthModuleOptions, signIn: SignInOptions) {
    if (options.flow !== 'web-app') {
      throw complaint(
        connection,
        "signIn is for users, so it needs flow: 'web-app'. Leave it out, or change the flow.",
      );
    }
    if (options.users === undefined) {
      throw complaint(
        connection,
        'users is missing, and signIn must know who signs in. Set it to { identify(request) { … } }.',
      );
    }
    this.path = signInPath(connection, signIn);
    const { origin, pathname } = new URL(options.redirectUri);
    if (!pathname.endsWith(`/${this.path}/callback`)) {
      throw complaint(
        connection,
        `redirectUri must end with /${this.path}/callback, where signIn.path has the callback. Change one of them, and what is registered at the server.`,
      );
    }
    // The registered redirect URI is what browsers see, whatever prefix Nest or a proxy adds to the controller's path.
    this.login = pathname.replace(/callback$/, 'login');
    this.origin = origin;
    this.afterSignIn = placeOf(connection, 'afterSignIn', signIn.afterSignIn ?? '/');
    this.afterSignOut = placeOf(connection, 'afterSignOut', signIn.afterSignOut ?? '/');
    if (signIn.onFailure !== undefined && ownPath(signIn.onFailure) === undefined) {
      throw complaint(connection, 'signIn.onFailure must be a path of this application, such as /sorry.');
    }
    this.onFailure = signIn.onFailure;
    this.redirect = signIn.redirect ?? false;
  }

  /**
   * Returns the address of the application's failure page. It omits the `actionUrl`, because anyone could forge it in a
   * link.
   */
  failure(onFailure: string, { code, actionUrl, retryAfter, debugId }: FrameioAuthProblem): string {
    const { pathname, searchParams, hash } = new URL(onFailure, this.origin);
    const said = { reason: code, userAction: actionUrl && 'required', retryAfter, debugId };
    for (const [name, value] of Object.entries(said)) if (value !== undefined) searchParams.set(name, String(value));
    return `${pathname}?${searchParams}${hash}`;
  }

  /** Returns the address that signs a browser in and returns it to the page it requested. */
  loginThenBackTo({ url, originalUrl = url }: FrameioRequest & { readonly originalUrl?: string }): string {
    return this.loginWith(ownPath(originalUrl));
  }

  /** Returns the address that signs a browser in and returns it to a path of this origin. */
  loginWith(returnTo: string | undefined): string {
    return returnTo === undefined ? this.login : `${this.login}?returnTo=${encodeURIComponent(returnTo)}`;
  }
}

/** Checks where browsers go after a success, which may be another origin if the application's pages are there. */
function placeOf(connection: string, name: string, place: string): string {
  const path = ownPath(place);
  if (path !== undefined) return path;
  if (URL.canParse(place) && isSecureUrl(new URL(place))) return place;
  throw complaint(
    connection,
    `signIn.${name} must be a path of this application, such as /reviews, or an address that begins with https.`,
  );
}

/** Returns the path of the controller, without leading and trailing slashes. */
export function signInPath(connection: string, { path }: SignInOptions): string {
  const trimmed = typeof path === 'string' ? path.replace(/^\/+|\/+$/g, '') : '';
  if (!/^[\w.~-]+(?:\/[\w.~-]+)*$/.test(trimmed)) {
    throw complaint(connection, "signIn.path must be a plain path. Set it as in { path: 'auth/frameio' }.");
  }
  return trimmed;
}
