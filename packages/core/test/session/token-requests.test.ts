import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import type { TokenSet } from '../../src/kernel/token-set.js';
import type { AuthorizationClient } from '../../src/protocol/authorization-client.js';
import { requestTokens, revokeTokens } from '../../src/session/token-requests.js';

const CANARY = 'refresh.fictional-canary';

const tokens: TokenSet = {
  accessToken: new Secret('access.fictional'),
  refreshToken: new Secret(CANARY),
  facts: { issuedAt: 0, expiresAt: null, refreshable: true, scopes: [] },
};

/** The messages with a mistake in them, by which every one of them throws. */
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
  };
}

describe('a message that cannot be made', () => {
  it('for a reason that nobody foresaw is a failure like any other, and the reason, which may quote a token, is not shown', async () => {
    const client = broken(new TypeError(`Cannot read ${CANARY}`));
    const outcome = await requestTokens(client, { grant: 'refresh_token', renewed: tokens }, 0, 'fictional');
    expect(outcome).toEqual({
      ok: false,
      failure: {
        kind: 'configuration',
        source: 'session',
        code: 'unexpected_error',
        description: 'The request could not be made, for a reason that is not shown here.',
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
