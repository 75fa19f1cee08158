/** Generated token sets, for the properties of what is stored. */
import fc from 'fast-check';
import { Secret } from '../../src/kernel/secret.js';
import type { TokenSet } from '../../src/kernel/token-set.js';

export const NOW = Date.UTC(2030, 0, 1);

/** Part of every token, and must never be shown. */
export const TOKEN = 'canary-token';

const anyToken = fc
  .string({ unit: 'grapheme-ascii' })
  .map((text) => new Secret(`${TOKEN}${text.replace(/[^\x21-\x7e]/g, '')}`));

/** Any token set that a server can grant. */
export const anyTokenSet: fc.Arbitrary<TokenSet> = fc
  .record({
    accessToken: anyToken,
    refreshToken: fc.option(anyToken),
    idToken: fc.option(anyToken),
    issuedAt: fc.integer({ min: 0, max: NOW }),
    lifetime: fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 })),
    scopes: fc.array(fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,20}$/)),
  })
  .map(({ accessToken, refreshToken, idToken, issuedAt, lifetime, scopes }) => ({
    accessToken,
    ...(refreshToken && { refreshToken }),
    ...(idToken && { idToken }),
    facts: {
      issuedAt,
      expiresAt: lifetime === null ? null : issuedAt + lifetime * 1000,
      refreshable: refreshToken !== null,
      scopes,
    },
  }));
