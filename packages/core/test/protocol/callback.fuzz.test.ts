import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthenticationError } from '../../src/kernel/errors.js';
import type { Callback } from '../../src/protocol/callback.js';
import { anyText, anything, exposed, runs, thrownBy } from '../fuzzing.js';
import { CLIENT_SECRET, clientOf } from './fictional-client.js';
import { anyProfile, profiles } from './fuzzing.js';

const CODE = 'canary-code';

const anyParameter = fc.tuple(
  fc.oneof(
    fc.constantFrom('code', 'state', 'error', 'error_description', 'iss', 'jump', 'where', 'code[]', 'Code'),
    anyText,
  ),
  fc.oneof(
    fc.constantFrom(CODE, 'state', 'access_denied', 'ride_act', CLIENT_SECRET, ...profiles.map(({ issuer }) => issuer)),
    anyText,
  ),
);

const anyQuery = fc
  .array(anyParameter, { maxLength: 6 })
  .map((parameters) =>
    new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString(),
  );

const anyCallback: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom('https://app.example.com/callback', '/callback', '', 'app:/done', 'http://[::1]/', '//', '%'),
        fc.constantFrom('?', '#', '', '??', '?#', '&'),
        anyQuery,
        fc.constantFrom('', '#', '#_=_', '&', '\n'),
      )
      .map((parts) => parts.join('')),
  },
  fc.webUrl({ withFragments: true, withQueryParameters: true }).map((text) => new URL(text)),
  anyText,
  anything,
);

/**
 * Returns whether the error shows the browser's own words. The callback's `code` is removed from them; no other secret
 * is known there.
 */
function repeatsTheBrowser(error: unknown): boolean {
  return error instanceof AuthenticationError && /browser claims|names the issuer/.test(error.message);
}

describe('a callback of any kind', () => {
  it('is read, or rejected with an AuthenticationError that does not show its code (RFC 6749 §4.1.2)', () => {
    fc.assert(
      fc.property(anyProfile, anyCallback, (profile, url) => {
        const client = clientOf(profile);
        let callback: Callback | undefined;
        const error = thrownBy(() => {
          callback = client.readCallback(url as string);
        });
        if (callback === undefined) {
          expect(error).toBeInstanceOf(AuthenticationError);
          expect((error as AuthenticationError).errorCode).toMatch(
            /^(?:invalid_callback|state_missing|issuer_missing|issuer_mismatch)$/,
          );
        } else {
          expect(callback.state).not.toBe('');
          if (!callback.outcome.ok) {
            const { error: claim } = callback.outcome;
            expect(claim).toBeInstanceOf(AuthenticationError);
            const { code, errorDescription, message } = claim;
            expect(`${code}${errorDescription}${message}`).not.toMatch(/[\p{Cc}\p{Cf}]/u);
            expect([code, errorDescription]).not.toContain('');
          }
        }
        const shown = exposed(error) + exposed(callback?.outcome);
        for (const secret of [CODE, CLIENT_SECRET]) {
          // A code may be only where it belongs, or in the browser's own words.
          if (secret === CODE && (callback?.outcome.ok === false || repeatsTheBrowser(error))) continue;
          expect(shown).not.toContain(secret);
        }
      }),
      runs(250),
    );
  });

  it.each([`?code=${CODE}&state=x&iss=https://elsewhere.example/${CODE}`, `?code=${CODE}&state=${CODE}&iss=${CODE}`])(
    'does not show its code where it shows an issuer that is another: %s',
    (url) => {
      expect(
        exposed(thrownBy(() => clientOf(profiles[0] as (typeof profiles)[number]).readCallback(url))),
      ).not.toContain(CODE);
    },
  );

  it('is read the same from an address, a path and a query alone', () => {
    const client = clientOf(profiles[0] as (typeof profiles)[number]);
    const words = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(words, words, (code, state) => {
        const query = new URLSearchParams({ code, state }).toString();
        const address = `https://app.example.com/callback?${query}`;
        for (const form of [address, new URL(address), `/callback?${query}`, `?${query}`, query, `${address}#end`]) {
          const callback = client.readCallback(form);
          expect(callback.state).toBe(state);
          expect(callback.outcome.ok && callback.outcome.code.reveal()).toBe(code);
        }
      }),
      runs(100),
    );
  });
});
