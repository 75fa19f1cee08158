import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.js';
import type { TokenSet } from '../../src/kernel/token-set.js';
import { exportTokens, type ImportableTokens, readImport } from '../../src/session/exported-tokens.js';

const NOW = Date.UTC(2026, 0, 1);

function tokens(facts: Partial<TokenSet['facts']> = {}): TokenSet {
  return {
    accessToken: new Secret('access-token.fictional'),
    refreshToken: new Secret('refresh-token.fictional'),
    idToken: new Secret('id-token.fictional'),
    facts: { issuedAt: NOW, expiresAt: NOW + 3_600_000, refreshable: true, scopes: ['openid', 'profile'], ...facts },
  };
}

describe('an export', () => {
  it('has all there is, with times in seconds', () => {
    expect(exportTokens(tokens())).toEqual({
      format: 1,
      accessToken: 'access-token.fictional',
      refreshToken: 'refresh-token.fictional',
      idToken: 'id-token.fictional',
      issuedAt: NOW / 1000,
      expiresAt: NOW / 1000 + 3600,
      scopes: ['openid', 'profile'],
    });
  });

  it('has no field for what there is not', () => {
    const { accessToken, facts } = tokens({ expiresAt: null, refreshable: false });
    expect(Object.keys(exportTokens({ accessToken, facts })).sort()).toEqual([
      'accessToken',
      'format',
      'issuedAt',
      'scopes',
    ]);
  });

  it('says since when the refresh token is, where that is longer', () => {
    const old = tokens({ refreshTokenIssuedAt: NOW - 1_234_567 });
    expect(exportTokens(old)).toMatchObject({ issuedAt: NOW / 1000, refreshTokenIssuedAt: NOW / 1000 - 1_234.567 });
    expect(readImport(exportTokens(old), NOW).facts).toEqual(old.facts);
  });

  it('becomes the same tokens again, to the millisecond', () => {
    for (let step = 0; step < 5000; step += 1) {
      const before = tokens({ issuedAt: NOW - step, expiresAt: NOW + step * 977 + 1 });
      const after = readImport(JSON.parse(JSON.stringify(exportTokens(before))), NOW);
      expect(after.facts).toEqual(before.facts);
    }
    const { accessToken, refreshToken, idToken } = readImport(exportTokens(tokens()), NOW);
    expect([accessToken, refreshToken, idToken].map((secret) => secret?.reveal())).toEqual([
      'access-token.fictional',
      'refresh-token.fictional',
      'id-token.fictional',
    ]);
  });
});

describe('an import', () => {
  it('shows none of its secrets', () => {
    expect(JSON.stringify(readImport(exportTokens(tokens()), NOW))).not.toMatch(/(?:access|refresh|id)-token/);
  });

  it.each<readonly [string, ImportableTokens, object]>([
    ['nothing but an access token', {}, { issuedAt: NOW, expiresAt: null, refreshable: false, scopes: [] }],
    [
      'nulls for what there is not',
      { refresh_token: null, idToken: null, expires_at: null, scope: null },
      {
        expiresAt: null,
        refreshable: false,
        scopes: [],
      },
    ],
    [
      'snake case',
      { refresh_token: 'r.fictional', expires_at: 1_800_000_000, issued_at: 1_700_000_000 },
      {
        issuedAt: 1_700_000_000_000,
        expiresAt: 1_800_000_000_000,
        refreshable: true,
      },
    ],
    ['fractions of a second', { expiresAt: 1_800_000_000.25 }, { expiresAt: 1_800_000_000_250 }],
    ['scopes with commas', { scopes: 'openid, profile,' }, { scopes: ['openid', 'profile'] }],
    ['scopes with spaces', { scope: ' openid  profile ' }, { scopes: ['openid', 'profile'] }],
    ['scopes as an array', { scopes: ['openid', 'a,b'] }, { scopes: ['openid', 'a,b'] }],
    ['no scopes', { scopes: '' }, { scopes: [] }],
    ['a time of issue to come, as of a clock that is ahead', { issuedAt: NOW / 1000 + 60 }, { issuedAt: NOW }],
    ['1970', { expiresAt: 0 }, { expiresAt: 0 }],
  ])('reads %s', (_name, more, facts) => {
    expect(readImport({ accessToken: 'access-token.fictional', ...more }, NOW).facts).toMatchObject(facts);
  });

  it.each<readonly [string, ImportableTokens, number | undefined]>([
    ['in snake case', { refresh_token_issued_at: NOW / 1000 - 60 }, NOW - 60_000],
    ['as null', { refreshTokenIssuedAt: null }, undefined],
    ['as no earlier than that of the others', { refreshTokenIssuedAt: NOW / 1000 }, undefined],
    ['later than now', { refreshTokenIssuedAt: NOW / 1000 + 60 }, undefined],
  ])('may have the issue of the refresh token %s', (_name, member, issuedAt) => {
    const imported = readImport({ accessToken: 'a.fictional', refreshToken: 'r.fictional', ...member }, NOW);
    expect(imported.facts.refreshTokenIssuedAt).toBe(issuedAt);
  });

  it('takes our own name of a member before the other one', () => {
    const { accessToken } = readImport({ accessToken: 'ours.fictional', access_token: 'theirs.fictional' }, NOW);
    expect(accessToken.reveal()).toBe('ours.fictional');
  });

  it('ignores what it does not know', () => {
    const unknown = { token_type: 'bearer', expires_in: 3600, expires_at: 1_800_000_000, sub: 'mara', __proto__: null };
    expect(readImport({ access_token: 'a.fictional', ...unknown }, NOW).facts.expiresAt).toBe(1_800_000_000_000);
  });
});
