import { createHash } from 'node:crypto';
import { RateLimitError, UserActionRequiredError } from '@frameio-auth/core';
import { describe, expect, test } from 'vitest';
import { failurePage } from '../src/web/failure-page.js';
import { wordsFor } from '../src/web/languages/negotiation.js';
import { signInProblemOf } from '../src/web/problem.js';

test.each([
  [null, 'en'],
  ['', 'en'],
  ['*', 'en'],
  ['de', 'de'],
  ['de-CH, fr;q=0.9', 'de'],
  ['nl, fr;q=0.3, es;q=0.7, en;q=0.1', 'es'],
  ['JA-JP', 'ja'],
  ['de;q=0, fr;q=0.1', 'fr'],
  ['constructor, __proto__', 'en'],
  [`${'xx,'.repeat(50_000)}de`, 'en'],
])('speaks the language that the reader prefers (RFC 9110 §12.5.4): %.40s', (header, language) => {
  expect(wordsFor(header).language).toBe(language);
});

describe.each(['en', 'de', 'fr', 'es', 'ja'])('a page in %s', (language) => {
  test.each([
    [401, 'access_denied'],
    [403, 'confirmation_required'],
    [401, 'not_logged_in'],
    [401, 'state_unknown'],
    [403, 'foreign_origin'],
    [503, 'ECONNRESET'],
  ])('says what happened, and matches its Content-Security-Policy: %i %s', async (statusCode, code) => {
    const problem = { statusCode, error: '', code, message: '', signIn: '/auth/frameio/login?a=1&b=2' };
    const { html, headers } = await failurePage(problem, language);
    expect(html).toContain(`<html lang="${language}">`);
    expect(html).toMatch(/<title>[^<&]+<\/title>/);
    expect(html).toMatch(/<h1>[^<]+<\/h1>\n<p>[^<]+<\/p>/);
    expect(html).toContain(`<small>${code}</small>`);
    expect(html).not.toContain('a=1&b');
    const style = /<style>(.*)<\/style>/s.exec(html)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers['Content-Security-Policy']).toContain(`style-src 'sha256-${hash}'`);
  });
});

test('links to where the user must act, and shows no words that others chose', async () => {
  const details = {
    errorDescription: 'Pay $100.',
    actionUrl: 'https://adobe.example/terms?a="><b>',
    debugId: 'call me',
  };
  const error = new UserActionRequiredError('ride_AdobeID_acct_terms' as never, 'Pay $100.', details);
  const { html } = await failurePage(signInProblemOf(error, '/login'), 'en');
  expect(html).toContain('<a href="https://adobe.example/terms?a=&#34;&#62;&#60;b&#62;">Continue</a>');
  expect(html).toContain('<a href="/login">Sign in again</a>');
  expect(html).not.toMatch(/Pay|call me/);
});

test('tells programs how long to wait', () => {
  const error = new RateLimitError('Wait.', { retryAfter: 600 });
  expect(signInProblemOf(error, '/login')).toMatchObject({ statusCode: 503, retryAfter: 600 });
});
