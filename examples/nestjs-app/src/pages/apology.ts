import { FrameioAuthError } from '@frameio-auth/core';
import { FrameioAuthException } from '@frameio-auth/nestjs';
import { HttpException } from '@nestjs/common';
import { SIGN_IN } from '../users/sign-in.js';
import { html } from './html.js';
import { page } from './layout.js';

export interface ErrorPage {
  readonly status: number;
  readonly page: string;
}

/** The part of an error that a page shows. */
interface Trouble {
  readonly status: number;
  readonly code?: string;
  readonly actionUrl?: string | undefined;
  readonly signIn?: string | undefined;
}

const tryAgain = html`<p><a class="button" href="/profile">Sign in</a></p>`;
const signOut = html`<form method="post" action="/${SIGN_IN}/logout"><button class="button">Sign out</button></form>`;
const back = html`<p><a class="button" href="/">Back</a></p>`;

/** Returns the page for an error. */
export function errorPageFor(error: unknown): ErrorPage {
  const { status, code, actionUrl, signIn } = problemOf(error);
  if (actionUrl !== undefined) {
    const link = html`<p><a class="button" href="${actionUrl}">Go to Adobe</a></p>`;
    return errorPage(403, 'Adobe needs something from you first', html`<p>Then sign in here again.</p>${link}`);
  }
  if (code === 'access_denied') {
    return errorPage(403, 'You did not sign in', html`<p>Nothing of yours was shared with this site.</p>${tryAgain}`);
  }
  if (status === 401) {
    return errorPage(401, 'You are not signed in', html`<p>A sign-in was not completed, or is over.</p>${tryAgain}`);
  }
  if (code === 'confirmation_required' && signIn !== undefined) {
    const text = html`<p>You are signed in already, and another site sent you here. Continue only if you want to use another account.</p>`;
    const again = html`<p><a class="button" href="${signIn}">Sign in again</a></p>`;
    return errorPage(403, 'Sign in again?', html`${text}${again}${back}`);
  }
  if (code === 'foreign_origin') {
    return errorPage(
      403,
      'Nothing was done',
      html`<p>Another site sent this request. Use the pages of this site.</p>${back}`,
    );
  }
  if (status === 403) {
    const text = html`<p>Frame.io has no place for this Adobe account. Sign out, and sign in with another one.</p>`;
    return errorPage(403, 'No access to Frame.io', html`${text}${signOut}`);
  }
  if (status === 404) return errorPage(404, 'There is nothing here', back);
  if (status < 500) return errorPage(400, 'That was not understood', back);
  const text = html`<p>Something does not work, here or at Frame.io. You have lost nothing.</p>`;
  return errorPage(status, 'Please come back later', html`${text}${back}`);
}

function errorPage(status: number, title: string, content: ReturnType<typeof html>): ErrorPage {
  return { status, page: page(title, content) };
}

/** The guard and the decorators throw exceptions; the sign-in passes on the errors of core. */
function problemOf(error: unknown): Trouble {
  if (error instanceof FrameioAuthException) {
    const { code, actionUrl, signIn } = error.getResponse();
    return { status: error.getStatus(), code, actionUrl, signIn };
  }
  if (error instanceof FrameioAuthError) return problemOf(FrameioAuthException.of(error));
  return { status: error instanceof HttpException ? error.getStatus() : 500 };
}
