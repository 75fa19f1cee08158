import { AuthenticationError, ProtocolError, StorageError, UserActionRequiredError } from '@frameio-auth/core';
import { foreignCode } from '@frameio-auth/core/adapter';
import { FrameioAuthException } from '@frameio-auth/nestjs';
import { BadRequestException, ForbiddenException, NotFoundException } from '@nestjs/common';
import { expect, it } from 'vitest';
import { errorPageFor } from '../../examples/nestjs-app/src/pages/apology.js';
import { html } from '../../examples/nestjs-app/src/pages/html.js';
import { page } from '../../examples/nestjs-app/src/pages/layout.js';

it('shows a name as text, whatever is in it, and a list as markup', () => {
  const name = `<img src="x" onerror='alert(1)'> & Mara`;

  const shown = page(name, html`<ul>${[name, 'Studio'].map((each) => html`<li>${each}</li>`)}</ul>`);

  const text = '&#60;img src=&#34;x&#34; onerror=&#39;alert(1)&#39;&#62; &#38; Mara';
  expect(shown).toContain(`<h1>${text}</h1>\n<ul><li>${text}</li><li>Studio</li></ul>`);
});

const details = { errorDescription: 'Accept the terms.', actionUrl: 'https://account.adobe.example/terms?a=1&b=2' };
const problem = { statusCode: 401, error: 'Unauthorized', code: 'ride_AdobeID_acct_terms', message: 'Act first.' };

it.each([
  {
    what: 'an error of the sign-in',
    error: new UserActionRequiredError(foreignCode('ride_AdobeID_acct_terms'), 'The user must act.', details),
  },
  {
    what: 'an exception of the guard',
    error: new FrameioAuthException({ ...problem, actionUrl: details.actionUrl }),
  },
])('sends a user who must act at Adobe there, for $what', ({ error }) => {
  const { status, page: shown } = errorPageFor(error);

  expect(status).toBe(403);
  expect(shown).toContain('href="https://account.adobe.example/terms?a=1&#38;b=2">Go to Adobe<');
});

it.each([
  {
    what: 'a user who declined',
    error: new AuthenticationError('access_denied', 'Declined.', { errorDescription: 'Declined.' }),
    status: 403,
    title: 'You did not sign in',
  },
  {
    what: 'a callback that another browser began',
    error: new AuthenticationError('state_mismatch', 'Not begun here.', { errorDescription: 'Not begun here.' }),
    status: 401,
    title: 'You are not signed in',
  },
  {
    what: 'a signed-in user who comes from another site',
    error: new FrameioAuthException({ ...problem, statusCode: 403, code: 'confirmation_required', signIn: '/login' }),
    status: 403,
    title: 'Sign in again?',
  },
  {
    what: 'a form of another site',
    error: new FrameioAuthException({ ...problem, statusCode: 403, code: 'foreign_origin' }),
    status: 403,
    title: 'Nothing was done',
  },
  {
    what: 'an account that Frame.io does not let in',
    error: new ForbiddenException(),
    status: 403,
    title: 'No access to Frame.io',
  },
  { what: 'an unknown page', error: new NotFoundException(), status: 404, title: 'There is nothing here' },
  { what: 'a malformed request', error: new BadRequestException(), status: 400, title: 'That was not understood' },
  {
    what: 'an outage of the storage',
    error: new StorageError('storage_failed', 'It does not answer.'),
    status: 503,
    title: 'Please come back later',
  },
  {
    what: 'an answer of the server that is of no use',
    error: new ProtocolError('invalid_response', 'It is no JSON.'),
    status: 502,
    title: 'Please come back later',
  },
  { what: 'a bug', error: new TypeError('undefined is not a function'), status: 500, title: 'Please come back later' },
])('has a page for $what', ({ error, status, title }) => {
  expect(errorPageFor(error)).toEqual({ status, page: expect.stringContaining(`<h1>${title}</h1>`) });
});
