import type { AuthorizationUrl } from '@frameio-auth/core';
import { returnToOf } from './addresses.js';
import { randomText } from './digest.js';
import type { Parts } from './parts.js';
import { signInSecret } from './pending-cookie.js';
import { authenticationError, ForbiddenRequestError } from './problem.js';
import { isFromOwnPage, type SignInRequest } from './request.js';
import { redirect } from './responses.js';
import type { Identity } from './users.js';

/** `GET login`: begins a sign-in and redirects the browser to the server. */
export async function login<Native>(
  parts: Parts<Native>,
  request: SignInRequest,
  identify: () => Promise<Identity | undefined>,
): Promise<Response> {
  const { addresses, identities, pending } = parts;
  const returnTo = returnToOf(request);
  const user = await identify();
  if (user === undefined && !identities.admits) {
    throw authenticationError(
      'not_logged_in',
      'No user is logged in to this application, so no sign-in was started. Log in first.',
    );
  }
  // Otherwise another site could send a known user here while signed in at the server as a different person, and have
  // the user work in that person's account.
  if (user !== undefined && !isFromOwnPage(request, addresses.origin)) {
    throw new ForbiddenRequestError(
      'confirmation_required',
      'No sign-in was started: the user is known already, and another site sent the request. Ask the user to confirm: show a link to `signIn` on a page of this application.',
      addresses.loginWith(returnTo),
    );
  }
  const secret = await signInSecret();
  const { url } = await (identities.admits || user === undefined
    ? begin(parts, secret.state)
    : parts.auth.session(user.key).getAuthorizationUrl({ state: secret.state }));
  return redirect(url, await pending.begun(request, secret, returnTo));
}

/**
 * Begins the sign-in of a new session, with a key that cannot be guessed. An attacker may have planted what the browser
 * sent, and keep a copy.
 */
async function begin<Native>({ auth }: Parts<Native>, state: string): Promise<AuthorizationUrl> {
  const session = auth.session(randomText());
  try {
    return await session.getAuthorizationUrl({ state });
  } finally {
    // The storage holds what is needed to complete it. Users who never return cost no memory.
    await session.close();
  }
}
