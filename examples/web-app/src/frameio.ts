// The sign-in, the same for each framework.
import type { WebAppAuth } from '@frameio-auth/core';
import { cookieLogin, type SignIn, signIn } from '@frameio-auth/sign-in';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import { headers } from './layout.ts';
import { errorPage } from './pages.ts';

/** The dependencies of each of the applications. None knows which authorization server is used. */
export interface Portal {
  readonly frameio: SignIn;
  /** The origin of Frame.io's API. */
  readonly api: string;
}

/**
 * @param api - the origin of Frame.io's API
 * @param cookieKey - 32 bytes that protect the cookies
 */
export function frameioSignIn(auth: WebAppAuth, api: string, cookieKey: Uint8Array): SignIn {
  return signIn({
    auth,
    path: '/', // The routes are /login, /callback and /logout.
    login: cookieLogin({ keys: { one: cookieKey }, current: 'one' }),
    fetch: (session) => authenticatedFetch(session, { allowedOrigins: [api] }),
    logger: { ...console, debug() {}, error() {} }, // errorPage() logs errors.
    // Leave it out for the plain pages of the package, in the user's language.
    onFailure({ error }) {
      const { status, html } = errorPage(error);
      return new Response(html, { status, headers: { ...headers, 'content-type': 'text/html; charset=utf-8' } });
    },
  });
}
