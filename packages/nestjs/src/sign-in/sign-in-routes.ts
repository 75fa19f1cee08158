import { isPrivate } from '@frameio-auth/core/adapter';
import { complaint, type FrameioAuthModuleOptions } from '../connection-options.js';
import type { FrameioRequest } from '../frameio-users.js';
import type { FrameioAuthProblem } from '../http-exception.js';
import { ownPath } from './return-to.js';

/** A ready sign-in: the routes `GET login`, `GET callback`, `GET action` and `POST logout` under a path. */
export interface SignInOptions {
  /** Where the routes are, without the application's global prefix: `auth/frameio`. */
  readonly path: string;
  /**
   * Where the browser goes after a sign-in that named no place of its own with `?returnTo=/path`: a path, or an https
   * address; http only on this machine. Default: `/`.
   */
  readonly afterSignIn?: string;
  /** Where it goes after signing out: likewise. Default: `/`. */
  readonly afterSignOut?: string;
  /**
   * Where it goes when a sign-in failed: a path of a page that needs no sign-in. The query says of the error what a 401
   * or a 503 would say: `reason`, its code, and, if there are, `retryAfter` in seconds and `debugId`. With
   * `userAction=required`, a link to the route `action` takes the user to where the server wants something first.
   * Default: a plain page for people, JSON for programs.
   */
  readonly onFailure?: string;
  /** Whether the guard sends those who load a page to `login`, and afterwards back, in the place of a 401. Default: `false`. */
  readonly redirect?: boolean;
  /**
   * Decorators of the controller, such as the one by which a guard of the application's own lets everybody pass, or
   * `UseFilters()` with a filter that shows what failed in the application's own way.
   */
  readonly decorators?: readonly ClassDecorator[];
}

/** Where the sign-in of a connection is, as browsers see it. */
export class SignInRoutes {
  /** The path of the controller. */
  readonly path: string;
  /** The path of `login`, the global prefix and what a proxy puts before it included. */
  readonly login: string;
  /** The application's own origin. */
  readonly origin: string;
  readonly afterSignIn: string;
  readonly afterSignOut: string;
  readonly onFailure: string | undefined;
  readonly redirect: boolean;

  /** @throws ConfigurationError for what does not fit together */
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
    // What is registered is what browsers see, whatever prefix Nest or a proxy puts before the controller's path.
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

  /** Where the application says what failed. The address of where to act is not in it, because anybody could write one. */
  failure(onFailure: string, { code, actionUrl, retryAfter, debugId }: FrameioAuthProblem): string {
    const { pathname, searchParams, hash } = new URL(onFailure, this.origin);
    const said = { reason: code, userAction: actionUrl && 'required', retryAfter, debugId };
    for (const [name, value] of Object.entries(said)) if (value !== undefined) searchParams.set(name, String(value));
    return `${pathname}?${searchParams}${hash}`;
  }

  /** The address that has a browser sign in and come back to what it asked for. */
  loginThenBackTo({ url, originalUrl = url }: FrameioRequest & { readonly originalUrl?: string }): string {
    return this.loginWith(ownPath(originalUrl));
  }

  /** The address that has a browser sign in and come back to a path of this origin. */
  loginWith(returnTo: string | undefined): string {
    return returnTo === undefined ? this.login : `${this.login}?returnTo=${encodeURIComponent(returnTo)}`;
  }
}

/** Where the application sends browsers after a success, which may be where its pages are. */
function placeOf(connection: string, name: string, place: string): string {
  const path = ownPath(place);
  if (path !== undefined) return path;
  if (URL.canParse(place) && isPrivate(new URL(place))) return place;
  throw complaint(
    connection,
    `signIn.${name} must be a path of this application, such as /reviews, or an address that begins with https.`,
  );
}

/** The path of the controller, without slashes at its ends. */
export function signInPath(connection: string, { path }: SignInOptions): string {
  const trimmed = typeof path === 'string' ? path.replace(/^\/+|\/+$/g, '') : '';
  if (!/^[\w.~-]+(?:\/[\w.~-]+)*$/.test(trimmed)) {
    throw complaint(connection, "signIn.path must be a plain path. Set it as in { path: 'auth/frameio' }.");
  }
  return trimmed;
}
