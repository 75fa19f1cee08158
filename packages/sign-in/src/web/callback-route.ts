import { AuthenticationError, type UserSession } from '@frameio-auth/core';
import type { Parts } from './parts.js';
import { authenticationError } from './problem.js';
import type { SignInRequest } from './request.js';
import { redirect } from './responses.js';
import type { Identity } from './users.js';

/** This browser began the sign-in, as the secret in its cookie proves, or the user is known. */
const REPEAT = { allowRepeat: true };

/** `GET callback`: receives the browser back from the server, and completes the sign-in that it began. */
export async function callback<Native>(
  parts: Parts<Native>,
  request: SignInRequest,
  native: Native,
  identify: () => Promise<Identity | undefined>,
): Promise<Response> {
  const { addresses, auth, identities, pending } = parts;
  const url = addresses.callback(request);
  const begun = await pending.read(request, url.searchParams.get('state') ?? '');
  const response = redirect(begun?.returnTo ?? addresses.afterSignIn);
  if (identities.admits) {
    if (begun === undefined) refuseStray();
    await completeAndAdmit(parts, url, native, response.headers, identify);
  } else {
    const user = await identify();
    if (user === undefined) refuseStray();
    // Accepts only a sign-in that this user's session began, so the user ties it to the browser.
    await auth.session(user.key).handleCallback(url, REPEAT);
  }
  return response;
}

async function completeAndAdmit<Native>(
  { auth, identities, sessions }: Parts<Native>,
  url: URL,
  native: Native,
  headers: Headers,
  identify: () => Promise<Identity | undefined>,
): Promise<void> {
  // Comes first, because it may fail, and a code works only once.
  const former = (await identify())?.key;
  const session = await complete();
  const { key } = session;
  if (key === former) return; // A repeated callback from a browser that was already admitted.
  try {
    await identities.admit({ key, session, request: native, headers });
  } catch (error) {
    await sessions.giveUp(key, former);
    throw error;
  }
  if (former !== undefined) await sessions.giveUp(former, key);

  async function complete(): Promise<UserSession> {
    try {
      // A repeated callback is also identified by its code, which an attacker who planted the cookie of a sign-in does
      // not know. So a browser that lost the first response is admitted again.
      return await auth.handleCallback(url, REPEAT);
    } catch (error) {
      if (former === undefined || !(error instanceof AuthenticationError) || error.code !== 'state_used') throw error;
      // The user went back to the server and approved again the request that had signed this browser in.
      return auth.session(former).handleCallback(url, REPEAT);
    }
  }
}

function refuseStray(): never {
  throw authenticationError(
    'state_mismatch',
    'This browser did not start this sign-in, or more than ten minutes ago. Start it again in this browser.',
  );
}
