// The pages for users. The applications differ only in how they send them.
import { AuthenticationError, ConfigurationError, FrameioAuthError, UserActionRequiredError } from '@frameio-auth/core';
import { SignInRequiredError, type SignInVisit } from '@frameio-auth/sign-in';
import { escaped, type Page, page } from './layout.ts';

const signIn = '<p><a class="button" href="/login">Sign in with Adobe</a></p>';
const tryAgain = '<p><a class="button" href="/login">Try again</a></p>';
const signOut = '<form method="post" action="/logout"><button class="button">Sign out</button></form>';
const back = '<p><a class="button" href="/">Back</a></p>';

const welcome = page(200, 'Review Portal', `<p>See your Frame.io reviews in one place.</p>${signIn}`);

/** Returns the first page, for a visitor or a user. */
export async function home(frameio: SignInVisit, api: string): Promise<Page> {
  if ((await frameio.session()) === undefined) return welcome;
  return profile(await frameio.fetch(`${api}/v4/me`));
}

/** Returns the page for the user that Frame.io's `GET /v4/me` describes. */
export async function profile(answer: Response): Promise<Page> {
  if (answer.ok) {
    const { data } = (await answer.json()) as { data: { name: string; email: string } };
    return page(200, `Hello, ${data.name}`, `<p>Signed in to Frame.io as ${escaped(data.email)}.</p>${signOut}`);
  }
  await answer.body?.cancel();
  // Even after a refresh: an Adobe account that Frame.io does not know gets 401, one without permissions gets 403.
  if (answer.status === 401 || answer.status === 403) {
    const text = 'Frame.io has no place for this Adobe account. Sign out, and sign in with another one.';
    return page(403, 'No access to Frame.io', `<p>${text}</p>${signOut}`);
  }
  return unavailable;
}

/** Asks a signed-in user to confirm a sign-in that another site led to. The button is on this application's page. */
const confirmation = page(
  200,
  'Sign in again?',
  `<p>You are signed in already, and another site sent you here. Continue only if you want to use another account.</p>${signIn}${back}`,
);

/**
 * For a callback of a sign-in that this browser did not begin: a link from someone else, or one that was used before.
 */
const strayCallback = page(
  400,
  'This sign-in cannot be completed',
  `<p>It was begun elsewhere, is too old, or was completed before.</p>${tryAgain}`,
);

/** For a form that another site sent. */
const foreignForm = page(
  403,
  'Nothing was done',
  `<p>Another site sent this request. Use the pages of this site.</p>${back}`,
);

export const notFound = page(404, 'There is nothing here', back);

const later = `<p>Something does not work, here or at Frame.io. You have lost nothing.</p>${back}`;
const unavailable = page(503, 'Please come back later', later);
const broken = page(500, 'Please come back later', later);

/** Returns the page for an error, and logs the error. */
export function errorPage(error: unknown): Page {
  if (error instanceof UserActionRequiredError) {
    const { actionUrl } = error;
    const link = actionUrl === undefined ? '' : `<p><a class="button" href="${escaped(actionUrl)}">Go to Adobe</a></p>`;
    return page(403, 'Adobe needs something from you first', `<p>Then sign in here again.</p>${link}${signIn}`);
  }
  if (error instanceof AuthenticationError) {
    if (error.errorCode === 'access_denied') {
      return page(403, 'You did not sign in', `<p>Nothing of yours was shared with this site.</p>${tryAgain}`);
    }
    return error instanceof SignInRequiredError
      ? page(403, 'Your sign-in has ended', `<p>Please sign in again.</p>${signIn}`)
      : strayCallback;
  }
  if (error instanceof FrameioAuthError && error.code === 'confirmation_required') return confirmation;
  if (error instanceof FrameioAuthError && error.code === 'foreign_origin') return foreignForm;
  // A rejection by the framework itself, such as for a body that is too long.
  if (Number(Object(error).statusCode) < 500) return page(400, 'That was not understood', back);
  // The errors of these packages say what to do, and contain no token: they may be logged as they are.
  console.error(error);
  return error instanceof FrameioAuthError && !(error instanceof ConfigurationError) ? unavailable : broken;
}
