import { describe, expect, it } from 'vitest';
import { ConfigurationError, foreignCode } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import type { TokenSet } from '../../src/kernel/token-set.js';
import type { AuthorizationClient } from '../../src/protocol/authorization-client.js';
import type { RevocationReply } from '../../src/protocol/revocation-endpoint.js';
import { requestTokens, revokeTokens } from '../../src/session/token-requests.js';

const CANARY = 'refresh.fictional-canary';

const tokens: TokenSet = {
  accessToken: new Secret('access.fictional'),
  refreshToken: new Secret(CANARY),
  facts: { issuedAt: 0, expiresAt: null, refreshable: true, scopes: [] },
};

/** A client with a fault: every request throws. */
function broken(error: Error): AuthorizationClient {
  const fail = () => {
    throw error;
  };
  return {
    authorizationUrl: fail,
    readCallback: fail,
    clientCredentials: fail,
    exchangeCode: fail,
    refresh: fail,
    revoke: fail,
    sendsNonce: fail,
    checkNonce: fail,
    revocationSpares: fail,
  };
}

describe('a message that cannot be made', () => {
  it('for an unforeseen reason is a failure like any other, and the reason, which may quote a token, is not shown', async () => {
    const client = broken(new TypeError(`Cannot read ${CANARY}`));
    const outcome = await requestTokens(client, { grant: 'refresh_token', renewed: tokens }, 0, 'fictional');
    expect(outcome).toEqual({
      ok: false,
      failure: {
        kind: 'configuration',
        source: 'session',
        code: 'unexpected_error',
        description:
          'The request failed for a reason that is not safe to show. Check the transport and the server, if they are your own.',
      },
    });
    expect(await revokeTokens(client, tokens)).toEqual({ revokedRemotely: false, reason: 'unexpected_error' });
  });

  it('because of the configuration says what is to be mended', async () => {
    const client = broken(new ConfigurationError('grant_unsupported', 'This server has no such grant.'));
    const outcome = await requestTokens(client, { grant: 'client_credentials', scopes: [] }, 0, 'fictional');
    expect(outcome).toMatchObject({
      failure: { kind: 'configuration', code: 'grant_unsupported', description: 'This server has no such grant.' },
    });
    expect(await revokeTokens(client, tokens)).toEqual({ revokedRemotely: false, reason: 'grant_unsupported' });
  });
});

describe('a revocation of both tokens', () => {
  const REVOKED: RevocationReply = { revoked: true };
  const refused = (code: string): RevocationReply => ({
    revoked: false,
    failure: { kind: 'terminal', source: 'server', code: foreignCode(code), description: 'Refused.' },
  });
  const unanswered: RevocationReply = {
    revoked: false,
    failure: { kind: 'transient', source: 'transport', code: 'invalid_request', description: 'No answer.' },
  };

  it.each<[string, RevocationReply, RevocationReply, object]>([
    ['both are revoked', REVOKED, REVOKED, { revokedRemotely: true }],
    ...['invalid_request', 'invalid_token', 'invalid_grant', 'http_400'].map(
      (code): [string, RevocationReply, RevocationReply, object] => [
        `the access token died with the refresh token (${code})`,
        REVOKED,
        refused(code),
        { revokedRemotely: true },
      ],
    ),
    [
      'access tokens cannot be revoked there (RFC 7009 §2.2.1)',
      REVOKED,
      refused('unsupported_token_type'),
      { revokedRemotely: false, reason: 'unsupported_token_type' },
    ],
    ['no server answers', REVOKED, unanswered, { revokedRemotely: false, reason: 'invalid_request' }],
    [
      'the refresh token is refused, and the access token is not',
      refused('invalid_request'),
      REVOKED,
      { revokedRemotely: false, reason: 'invalid_request' },
    ],
  ])('tells what became of them when %s', async (_name, ofRefreshToken, ofAccessToken, result) => {
    const client: AuthorizationClient = {
      ...broken(new TypeError('not asked for')),
      revoke: async ({ hint }) => (hint === 'refresh_token' ? ofRefreshToken : ofAccessToken),
    };
    expect(await revokeTokens(client, tokens)).toEqual(result);
  });

  it('without a refresh token goes by the access token alone', async () => {
    const { refreshToken: _, ...withoutRefreshToken } = tokens;
    const client: AuthorizationClient = { ...broken(new TypeError()), revoke: async () => refused('invalid_request') };
    expect(await revokeTokens(client, withoutRefreshToken)).toEqual({
      revokedRemotely: false,
      reason: 'invalid_request',
    });
  });
});
