import { isSecureUrl, ownPath } from '@frameio-auth/core/adapter';
import { refuse, type SignInOptions } from './options.js';
import type { SignInProblem } from './problem.js';
import { addressOf, type SignInRequest } from './request.js';

/** The routes, with the method that each accepts. */
const ROUTES = { login: 'GET', callback: 'GET', action: 'GET', logout: 'POST' } as const;

export type RouteName = keyof typeof ROUTES;

/** Knows the addresses of a sign-in: those of its routes, and those to which it redirects browsers. */
export class Addresses {
  /** The application's own origin, as browsers see it. It is that of the redirect URI, whatever a header says. */
  readonly origin: string;
  /** The path of the routes, as the application sees it; empty for the root. */
  readonly path: string;
  /** The path of `login`, as browsers see it: with any prefix that a proxy adds. */
  readonly login: string;
  readonly afterSignIn: string;
  readonly afterSignOut: string;
  readonly #callback: URL;

  /**
   * @throws ConfigurationError if the options do not fit together
   */
  constructor({ auth, path, afterSignIn, afterSignOut }: SignInOptions<never>) {
    this.path = checkedPath(path);
    this.#callback = new URL(auth.redirectUri);
    if (!isSecureUrl(this.#callback)) refuse('redirectUri must begin with https (http only on this machine).');
    const { origin, pathname } = this.#callback;
    if (!pathname.endsWith(`${this.path}/callback`)) {
      refuse(
        `path ${this.path || '/'} does not match the redirectUri, which must end with ${this.path}/callback. Change one of them, and what is registered at the server.`,
      );
    }
    this.origin = origin;
    this.login = pathname.replace(/callback$/, 'login');
    this.afterSignIn = destination('afterSignIn', afterSignIn ?? '/');
    this.afterSignOut = destination('afterSignOut', afterSignOut ?? '/');
  }

  /** Returns the route that a request is for, and whether it has the route's method. */
  route(request: SignInRequest): { readonly name: RouteName; readonly method: string } | undefined {
    const { path } = addressOf(request);
    if (!path.startsWith(`${this.path}/`)) return undefined;
    const name = path.slice(this.path.length + 1);
    return Object.hasOwn(ROUTES, name) ? { name: name as RouteName, method: ROUTES[name as RouteName] } : undefined;
  }

  /** Returns the address of a callback, as browsers see it. */
  callback(request: SignInRequest): URL {
    const url = new URL(this.#callback);
    url.search = addressOf(request).query;
    return url;
  }

  /** Returns the address that signs a browser in and returns it to a path of this origin. */
  loginWith(returnTo: string | undefined): string {
    return returnTo === undefined ? this.login : `${this.login}?returnTo=${encodeURIComponent(returnTo)}`;
  }

  /**
   * Returns the address of the application's failure page. It omits the `actionUrl`, because anyone could forge it in a
   * link.
   */
  failure(onFailure: string, { code, actionUrl, retryAfter, debugId }: SignInProblem): string {
    const { pathname, searchParams, hash } = new URL(onFailure, this.origin);
    const said = { reason: code, userAction: actionUrl && 'required', retryAfter, debugId };
    for (const [name, value] of Object.entries(said)) if (value !== undefined) searchParams.set(name, String(value));
    return `${pathname}?${searchParams}${hash}`;
  }
}

/** Returns the path that a request asks to return to, if it is a path of this origin. */
export function returnToOf(request: SignInRequest): string | undefined {
  const [place, ...others] = new URLSearchParams(addressOf(request).query).getAll('returnTo');
  return others.length === 0 ? ownPath(place) : undefined;
}

function checkedPath(path: unknown): string {
  if (path === '/') return '';
  const trimmed = typeof path === 'string' ? path.replace(/^\/+|\/+$/g, '') : '';
  if (!/^[\w.~-]+(?:\/[\w.~-]+)*$/.test(trimmed)) refuse('path must be a plain path, such as /auth/frameio.');
  return `/${trimmed}`;
}

/** Checks where browsers go after a success, which may be another origin if the application's pages are there. */
function destination(option: string, place: string): string {
  const path = ownPath(place);
  if (path !== undefined) return path;
  if (URL.canParse(place) && isSecureUrl(new URL(place))) return place;
  return refuse(
    `${option} must be a path of this application, such as /reviews, or an address that begins with https.`,
  );
}
