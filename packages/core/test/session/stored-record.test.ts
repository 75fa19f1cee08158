import { describe, expect, it } from 'vitest';
import { StorageError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import type { EndingCause } from '../../src/kernel/session-ending.js';
import type { TokenSet } from '../../src/kernel/token-set.js';
import { readRecord, writeTokens, writeTombstone } from '../../src/session/stored-record.js';

const NOW = Date.UTC(2026, 0, 1);

const tokens: TokenSet = {
  accessToken: new Secret('access-token.fictional'),
  refreshToken: new Secret('refresh-token.fictional'),
  idToken: new Secret('id-token.fictional'),
  facts: { issuedAt: NOW, expiresAt: NOW + 1, refreshable: true, scopes: ['openid'] },
};

function refusalOf(value: string): StorageError {
  try {
    readRecord({ value, version: 1 }, NOW);
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error('It was read');
}

describe('a record', () => {
  it('of tokens is read as it was written', () => {
    const { facts, tokens: read } = readRecord({ value: writeTokens(tokens), version: 7 }, NOW);
    expect(facts).toEqual({ status: 'tokens', version: 7, tokens: tokens.facts });
    expect(read?.facts).toEqual(tokens.facts);
    expect([read?.accessToken, read?.refreshToken, read?.idToken].map((secret) => secret?.reveal())).toEqual([
      'access-token.fictional',
      'refresh-token.fictional',
      'id-token.fictional',
    ]);
    expect(JSON.stringify(facts)).not.toContain('token.fictional');
  });

  it('of a refresh token that is older than the other tokens says since when it is', () => {
    const facts = { ...tokens.facts, refreshTokenIssuedAt: NOW - 86_400_000 };
    const { facts: read } = readRecord({ value: writeTokens({ ...tokens, facts }), version: 7 }, NOW);
    expect(read).toEqual({ status: 'tokens', version: 7, tokens: facts });
    expect(writeTokens(tokens)).not.toContain('refreshTokenIssuedAt');
  });

  it('of an access token alone, without an expiry, is read as it was written', () => {
    const facts = { issuedAt: NOW, expiresAt: null, refreshable: false, scopes: [] };
    const value = writeTokens({ accessToken: tokens.accessToken, facts });
    expect(value).not.toContain('refresh');
    expect(readRecord({ value, version: 1 }, NOW).facts).toEqual({ status: 'tokens', version: 1, tokens: facts });
  });

  it.each<EndingCause>([
    'refresh_token_rejected',
    'refresh_interrupted',
    'user_action_required',
    'access_token_expired',
    'access_token_rejected',
  ])('of an ending (%s) is read as it was written', (cause) => {
    const failure = { kind: 'terminal', source: 'server', code: 'invalid_grant', description: 'Gone.' } as const;
    for (const ending of [
      { cause, failure: null },
      { cause, failure },
    ]) {
      const value = writeTombstone({ status: 'expired', ending, ofVersion: 1 });
      expect(readRecord({ value, version: 2 }, NOW)).toEqual({
        facts: { status: 'expired', version: 2, ending, ofVersion: 1 },
      });
    }
  });

  it.each([
    ['says nothing', undefined],
    ['has text', '1'],
    ['has a fraction', 1.5],
    ['has one below zero', -1],
    ['has too large a one', 2 ** 53],
    ['has null', null],
  ])('of an ending that %s in place of the version of its tokens is read anyway', (_, ofVersion) => {
    const ending = { cause: 'refresh_token_rejected', failure: null };
    const value = JSON.stringify({ format: 1, status: 'expired', ending, ofVersion });
    expect(readRecord({ value, version: 2 }, NOW)).toEqual({ facts: { status: 'expired', version: 2, ending } });
  });

  it('of a sign-out is read as it was written', () => {
    const value = writeTombstone({ status: 'revoked' });
    expect(readRecord({ value, version: 3 }, NOW)).toEqual({ facts: { status: 'revoked', version: 3 } });
    const named = writeTombstone({ status: 'revoked', signIn: 'one' });
    expect(readRecord({ value: named, version: 3 }, NOW)).toEqual({
      facts: { status: 'revoked', version: 3, signIn: 'one' },
    });
  });

  it('of a sign-out that names no possible sign-in is read anyway', () => {
    const value = JSON.stringify({ format: 1, status: 'revoked', signIn: ['one'] });
    expect(readRecord({ value, version: 3 }, NOW)).toEqual({ facts: { status: 'revoked', version: 3 } });
  });

  it('that is not there has the version 0', () => {
    expect(readRecord(undefined, NOW)).toEqual({ facts: { status: 'absent', version: 0 } });
  });

  it('that an application wrote itself, as exportTokens() gives it, is read as tokens', () => {
    const value = JSON.stringify({
      access_token: 'a.fictional',
      refresh_token: 'r.fictional',
      expires_at: 1_800_000_000,
    });
    const { facts, tokens: read } = readRecord({ value, version: 4 }, NOW);
    expect(facts).toMatchObject({ status: 'tokens', version: 4, tokens: { expiresAt: 1_800_000_000_000 } });
    expect(read?.refreshToken?.reveal()).toBe('r.fictional');
  });
});

const good = { format: 1, status: 'tokens', accessToken: 'a.fictional', issuedAt: NOW, expiresAt: null, scopes: [] };

describe('a record that cannot be read', () => {
  it.each<readonly [string, unknown]>([
    ['an array', []],
    ['null', null],
    ['a number', 7],
    ['an empty object', {}],
    ['no format', { ...good, format: undefined }],
    ['a format that is no number', { ...good, format: '1' }],
    ['an unknown status', { ...good, status: 'lost' }],
    ['no access token', { ...good, accessToken: undefined }],
    ['an empty access token', { ...good, accessToken: '' }],
    ['a refresh token that is none', { ...good, refreshToken: null }],
    ['a time that is none', { ...good, issuedAt: 'yesterday' }],
    [
      'an issue of its refresh token that is none',
      { ...good, refreshToken: 'r.fictional', refreshTokenIssuedAt: null },
    ],
    ['no expiry at all', { ...good, expiresAt: undefined }],
    ['scopes that are none', { ...good, scopes: 'openid' }],
    ['an ending without a cause', { format: 1, status: 'expired', ending: { failure: null } }],
    ['an unknown cause', { format: 1, status: 'expired', ending: { cause: 'toString', failure: null } }],
    ['a failure that is none', { format: 1, status: 'expired', ending: { cause: 'refresh_interrupted', failure: 7 } }],
    [
      'an unknown kind',
      {
        format: 1,
        status: 'expired',
        ending: { cause: 'refresh_interrupted', failure: { kind: 'constructor', code: 'x' } },
      },
    ],
  ])('because it has %s is rejected', (_name, body) => {
    const error = refusalOf(JSON.stringify(body));
    expect(error.code).toBe('record_unreadable');
    expect(error.message).toMatch(/It was not changed.*sign in again, which replaces it/);
  });

  it('is not quoted', () => {
    for (const value of [
      '{"accessToken":"access-token.fictional',
      'access-token.fictional',
      JSON.stringify({ ...good, accessToken: 'access-token.fictional', scopes: 7 }),
      JSON.stringify({ access_token: 'access-token.fictional', expires_at: 'access-token.fictional' }),
    ]) {
      const error = refusalOf(value);
      expect(JSON.stringify([error, error.message, error.stack])).not.toContain('access-token.fictional');
    }
  });

  it('because a newer version wrote it says to update', () => {
    const error = refusalOf(JSON.stringify({ format: 2, status: 'tokens', anything: 'else' }));
    expect(error.code).toBe('record_from_newer_version');
    expect(error.message).toContain('Update this application');
  });
});
