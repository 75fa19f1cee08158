import { returnToOf } from './addresses.js';
import type { Parts } from './parts.js';
import { ForbiddenRequestError } from './problem.js';
import { isOwnForm, type SignInRequest } from './request.js';
import { redirect } from './responses.js';
import type { Identity } from './users.js';

/** `POST logout`: signs the user out. Closes the session and revokes its tokens. */
export async function logout<Native>(
  { addresses, failures, identities, pending, sessions }: Parts<Native>,
  request: SignInRequest,
  native: Native,
  identify: () => Promise<Identity | undefined>,
): Promise<Response> {
  if (!isOwnForm(request, addresses.origin)) {
    const message =
      'The user was not signed out, because another site sent the request. Sign out on a page of this application.';
    throw new ForbiddenRequestError('foreign_origin', message);
  }
  const done = redirect(returnToOf(request) ?? addresses.afterSignOut, pending.ended(request));
  const key = (await identify())?.key;
  if (key === undefined) return done;
  const session = await sessions.get(key);
  const { headers } = done;
  try {
    await session.revoke();
  } catch (error) {
    // The user is logged out here even if the storage is unavailable.
    await identities.dismiss({ key, session, request: native, headers });
    const failed = await failures.respond(error, request, native, false);
    const response = new Response(failed.body, failed); // Its headers may be immutable.
    for (const cookie of headers.getSetCookie()) response.headers.append('Set-Cookie', cookie);
    return response;
  }
  await identities.dismiss({ key, session, request: native, headers });
  // The next sign-in has another key, so nothing refers to this session any more.
  if (identities.admits) await session.close();
  return done;
}
