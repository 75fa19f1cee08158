import { ConfigurationError, StorageError, UserActionRequiredError } from '@frameio-auth/core';
import { foreignCode } from '@frameio-auth/core/adapter';
import { expect, it, onTestFinished, vi } from 'vitest';
import { errorPage, profile } from '../../examples/web-app/src/pages.js';

it('shows a name as text, whatever is in it', async () => {
  const name = `<img src="x" onerror='alert(1)'> & Mara`;

  const { html } = await profile(Response.json({ data: { name, email: 'mara@studio.example' } }));

  expect(html).toContain('<h1>Hello, &#60;img src=&#34;x&#34; onerror=&#39;alert(1)&#39;&#62; &#38; Mara</h1>');
});

it.each([401, 403])('tells an account that Frame.io does not let in to take another one (%i)', async (status) => {
  const page = await profile(new Response('{}', { status }));

  expect(page.status).toBe(403);
  expect(page.html).toContain('<h1>No access to Frame.io</h1>');
  expect(page.html).toContain('<form method="post" action="/logout">');
});

it('asks to come back later when Frame.io itself fails', async () => {
  const page = await profile(new Response('', { status: 502 }));

  expect(page.status).toBe(503);
  expect(page.html).toContain('<h1>Please come back later</h1>');
});

it.each([
  {
    with: 'a link',
    actionUrl: 'https://account.adobe.example/terms?a=1&b=2',
    link: /terms\?a=1&#38;b=2">Go to Adobe</,
  },
  { with: 'no link', actionUrl: undefined, link: /^(?!.*Go to Adobe)/s },
])('sends a user who must act at Adobe there, with $with', ({ actionUrl, link }) => {
  const details = { errorDescription: 'Accept the terms.', actionUrl };

  const page = errorPage(
    new UserActionRequiredError(foreignCode('ride_AdobeID_acct_terms'), 'The user must act.', details),
  );

  expect(page.status).toBe(403);
  expect(page.html).toMatch(link);
});

it.each([
  { what: 'an outage of the storage', error: new StorageError('storage_failed', 'It does not answer.'), status: 503 },
  { what: 'a wrong secret', error: new ConfigurationError('invalid_client', 'Check clientSecret.'), status: 500 },
  { what: 'a bug', error: new TypeError('undefined is not a function'), status: 500 },
  { what: 'nothing at all', error: undefined, status: 500 },
])('asks to come back later, and logs why, for $what', ({ error, status }) => {
  const log = vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => log.mockRestore());

  expect(errorPage(error)).toMatchObject({ status, html: expect.stringContaining('<h1>Please come back later</h1>') });
  expect(log.mock.calls).toEqual([[error]]);
});

it('tells the visitor, and not the log, what the framework rejected', () => {
  expect(errorPage(Object.assign(new Error('Unsupported Media Type'), { statusCode: 415 })).status).toBe(400);
});
