/** Sign-in for the App Router of Next.js 15 and 16. */
import type { UserSession } from '@frameio-auth/core';
import type { Fetch } from './web/options.js';
import type { SignIn } from './web/sign-in.js';
import { SignInRequiredError } from './web/sign-in-required-error.js';
import type { SignInVisit } from './web/visit.js';

/** What `users` gets: the request, or in server components and actions only its headers. */
export type NextRequestHeaders = Pick<Request, 'headers'>;

type Handler = (request: Request) => Promise<Response>;

/** A sign-in in an application of Next.js. */
export interface NextSignIn {
  /** The handlers of `app/<path>/[action]/route.ts`: `export const { GET, HEAD, POST } = frameio.handlers`. */
  readonly handlers: { readonly GET: Handler; readonly HEAD: Handler; readonly POST: Handler };
  /**
   * A `proxy` (in Next.js 15: `middleware`) for pages that require a sign-in. It redirects page loads to the sign-in,
   * answers all other requests with 401, and extends the login of active users.
   */
  readonly proxy: (request: Request) => Promise<Response | undefined>;
  /** Resolves to the session of the user, in server components, actions and route handlers. */
  session(): Promise<UserSession | undefined>;
  /**
   * Resolves to the session of the user, with a token that is valid now. Redirects to the sign-in if there is none.
   *
   * @param returnTo - the path of the page, to come back to it
   */
  require(returnTo?: string): Promise<UserSession>;
  /** Sends a request with the token of the user, by the option `fetch`. Redirects to the sign-in if there is none. */
  readonly fetch: Fetch;
}

/**
 * Creates the sign-in of an application. Nothing is read when the module loads, because `next build` loads it too, on a
 * machine without the secrets.
 *
 * @param create - calls `signIn()`. Called once in a process, although Next.js bundles each route by itself
 * @param name - distinguishes several sign-ins of one application
 */
export function frameioAuth(create: () => SignIn<NextRequestHeaders>, name = 'default'): NextSignIn {
  const signIn = () => keptIn(globalThis, Symbol.for(`@frameio-auth/sign-in/next ${name}`), create);

  const handle: Handler = async (request) => (await signIn().handle(request)) ?? new Response(null, { status: 404 });

  /** Runs an operation for the user of the current request. */
  async function using<Result>(
    work: (visit: SignInVisit<NextRequestHeaders>) => Promise<Result>,
    returnTo?: string,
  ): Promise<Result> {
    const { headers } = await nextHeaders();
    const native = { headers: await headers() };
    // A page load, so that a user who must sign in is redirected. The address of the page is not known here.
    const request = { method: 'GET', url: returnTo ?? '', headers: pageLoad(native.headers) };
    try {
      return await work(signIn().visit(request, { native }));
    } catch (error) {
      if (!(error instanceof SignInRequiredError)) throw error;
      const location = error.response.headers.get('location');
      if (location === null) throw error;
      const { redirect } = await nextNavigation();
      return redirect(location);
    }
  }

  return {
    handlers: { GET: handle, HEAD: handle, POST: handle },
    async proxy(request) {
      const cookies: string[] = [];
      const visit = signIn().visit(request, { native: request, setCookie: (cookie) => cookies.push(cookie) });
      try {
        await visit.require();
      } catch (error) {
        return withWholeAddress(await visit.answer(error), signIn().origin);
      }
      if (cookies.length === 0) return undefined;
      const { NextResponse } = await nextServer();
      const response = NextResponse.next();
      for (const cookie of cookies) response.headers.append('Set-Cookie', cookie);
      return response;
    },
    session: () => using((visit) => visit.session()),
    require: (returnTo) => using((visit) => visit.require(), returnTo),
    fetch: (input, init) => using((visit) => visit.fetch(input, init)),
  };
}

/** Returns what an object keeps under a key, and makes it first if there is nothing. */
function keptIn<Value>(object: object, key: symbol, make: () => Value): Value {
  const kept = object as Record<symbol, Value | undefined>;
  kept[key] ??= make();
  return kept[key];
}

/** Next.js accepts only whole addresses in the redirects of a proxy. */
function withWholeAddress(response: Response, origin: string): Response {
  const location = response.headers.get('location');
  if (location !== null) response.headers.set('location', new URL(location, origin).href);
  return response;
}

function pageLoad(headers: Pick<Headers, 'get'>): Pick<Headers, 'get'> {
  return { get: (name) => (name === 'sec-fetch-mode' ? 'navigate' : headers.get(name)) };
}

// Next.js takes 217 MB, so this repository does not install it. These are the parts of its types that are used here.

function nextHeaders(): Promise<{ headers(): Promise<Headers> }> {
  // @ts-expect-error: not installed
  return import('next/headers.js');
}

function nextNavigation(): Promise<{ redirect(url: string): never }> {
  // @ts-expect-error: not installed
  return import('next/navigation.js');
}

function nextServer(): Promise<{ readonly NextResponse: { next(): Response } }> {
  // @ts-expect-error: not installed
  return import('next/server.js');
}
