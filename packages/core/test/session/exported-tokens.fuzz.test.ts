import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/kernel/errors.js';
import { isToken, type TokenSet } from '../../src/kernel/token-set.js';
import { exportTokens, type ImportableTokens, readImport } from '../../src/session/exported-tokens.js';
import { anyJson, anyText, anything, exposed, runs, thrownBy } from '../fuzzing.js';
import { anyTokenSet, NOW, TOKEN } from './fuzzing.js';

const anyToken = fc.oneof(fc.constantFrom<unknown>(TOKEN, null, `${TOKEN}\n`), anyJson);
const anyTime = fc.oneof(fc.double(), fc.integer(), fc.constantFrom<unknown>(null, -0, 2e9, 1e11, 'NaN'), anyJson);
const anyScopes = fc.oneof(fc.constantFrom('openid', 'a b', 'a,b'), fc.array(anyText), anyJson);

/** An import in which each member is valid, invalid or absent. */
const oddImport = fc.record(
  {
    format: fc.oneof(fc.constantFrom(1, 1, 2), anyJson),
    accessToken: anyToken,
    access_token: anyToken,
    refreshToken: anyToken,
    refresh_token: anyToken,
    id_token: anyToken,
    expiresAt: anyTime,
    expires_at: anyTime,
    expires_in: anyTime,
    issued_at: anyTime,
    scopes: anyScopes,
    scope: anyScopes,
  },
  { requiredKeys: [] },
);

describe('an import of any kind', () => {
  it('is read, or rejected with a ConfigurationError that does not show it', () => {
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: oddImport }, anyJson, anything), (tokens) => {
        let read: TokenSet | undefined;
        const error = thrownBy(() => {
          read = readImport(tokens as ImportableTokens, NOW);
        });
        expect(exposed(error)).not.toContain(TOKEN);
        if (read === undefined) {
          expect(error).toBeInstanceOf(ConfigurationError);
          expect(error).toMatchObject({ code: 'invalid_import' });
          return;
        }
        const { accessToken, refreshToken, idToken, facts } = read;
        for (const token of [accessToken, refreshToken, idToken]) {
          if (token !== undefined) expect(isToken(token.reveal())).toBe(true);
        }
        expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
        expect(facts.issuedAt).toBeLessThanOrEqual(NOW);
        expect(facts.expiresAt === null || Number.isSafeInteger(facts.expiresAt)).toBe(true);
        expect(facts.refreshable).toBe(refreshToken !== undefined);
      }),
      runs(500),
    );
  });

  it('is what was exported', () => {
    fc.assert(
      fc.property(anyTokenSet, (tokens) => {
        const exported = exportTokens(tokens);
        const read = readImport(JSON.parse(JSON.stringify(exported)), NOW);
        expect(read.facts).toEqual(tokens.facts);
        expect(exportTokens(read)).toEqual(exported);
      }),
      runs(200),
    );
  });
});
