import { describe, expect, it } from 'vitest';
import { StorageError } from '../../src/kernel/errors.js';
import { readRecord } from '../../src/session/stored-record.js';

const NOW = 1_800_000_000_000;
const read = (body: unknown) => readRecord({ value: JSON.stringify(body), version: 7 }, NOW);

describe('records of older formats', () => {
  it('reads what exportTokens() wrote as the tokens of today', () => {
    const { facts, tokens } = read({
      format: 1,
      accessToken: 'access.fictional.1',
      refreshToken: 'refresh.fictional.1',
      expiresAt: NOW / 1000 + 3600,
      issuedAt: NOW / 1000 - 60,
      scopes: ['openid'],
    });
    expect(facts).toEqual({
      status: 'tokens',
      version: 7,
      tokens: { issuedAt: NOW - 60_000, expiresAt: NOW + 3_600_000, refreshable: true, scopes: ['openid'] },
    });
    expect(tokens?.refreshToken?.reveal()).toBe('refresh.fictional.1');
  });

  it('reads the exports of the official SDKs, with times in seconds', () => {
    const { facts } = read({ access_token: 'access.fictional.2', refresh_token: null, expires_at: NOW / 1000 + 60 });
    expect(facts).toEqual({
      status: 'tokens',
      version: 7,
      tokens: { issuedAt: NOW, expiresAt: NOW + 60_000, refreshable: false, scopes: [] },
    });
  });
});

describe('records that cannot be read', () => {
  it('rejects one of a newer format and says to update, and nothing by which it could be replaced', () => {
    const attempt = () => read({ format: 2, status: 'tokens', accessToken: 'access.fictional.3' });
    expect(attempt).toThrow(expect.objectContaining({ name: 'StorageError', code: 'record_from_newer_version' }));
    expect(attempt).not.toThrow(expect.objectContaining({ version: expect.anything() }));
  });

  it.each([
    ['text that is no JSON', 'access.fictional.4'],
    ['JSON that is no object', '["access.fictional.4"]'],
    ['an object without tokens', '{}'],
    ['tokens in milliseconds', `{"accessToken":"access.fictional.4","expiresAt":${NOW}}`],
    ['a status without a format', '{"status":"tokens","accessToken":"access.fictional.4"}'],
    ['an unknown status', '{"format":1,"status":"asleep"}'],
    ['a truncated record', '{"format":1,"status":"tokens","accessToken":"access.fict'],
  ])('rejects %s, and repeats none of it', (_, value) => {
    const attempt = () => readRecord({ value, version: 7 }, NOW);
    expect(attempt).toThrow(StorageError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'record_unreadable', version: 7 }));
    expect(attempt).not.toThrow(/fictional/);
  });
});
