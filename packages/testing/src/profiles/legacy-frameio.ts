import { randomBytes } from 'node:crypto';
import type { Client, ClientRegistry } from '../client-registry.js';
import { fictionalClients } from '../fictional-clients.js';
import { basicCredentials, type ReceivedRequest } from '../http-message.js';
import { OAuthError } from '../oauth-error.js';
import type { IssuedTokens } from '../token-issuer.js';
import type { Profile } from './profile.js';

const HOUR = 3600;

const random = (): string => randomBytes(32).toString('base64url');

/** Frame.io's own server for the V2 API. */
export const legacyFrameio: Profile = {
  name: 'legacy-frameio',
  // No source mentions a revocation endpoint.
  paths: { authorize: '/oauth2/auth', token: '/oauth2/token' },
  accessTokenLifetime: HOUR,
  refreshTokenLifetime: 30 * 24 * HOUR,
  rotation: 'strict',
  refreshEndsAccessTokens: true,
  clients: fictionalClients(
    { service: [], user: ['account.read', 'asset.create', 'offline'] },
    'http://localhost:5050/callback',
  ),
  refreshScope: 'offline',
  scopeSeparator: / +/,
  apiScopes: { user: [], service: [] },
  addedScopes: [],
  unregisteredRedirectUri: 'refused',
  longestState: Number.POSITIVE_INFINITY,
  grantTypes: ['authorization_code', 'refresh_token'],

  everyAnswer: () => ({}),

  /**
   * Authenticates a client: an application with PKCE is named in the body and must not send `Authorization`; one
   * without must.
   */
  authenticateClient(request: ReceivedRequest, clients: ClientRegistry): Client {
    const basic = basicCredentials(request.headers);
    const client = clients.find(basic?.clientId ?? request.form.get('client_id') ?? '');
    if (client === undefined) throw new OAuthError('invalid_client', 'unknown client', 401);
    if (client.isPublic) {
      const tried = request.headers['authorization'] !== undefined || request.form.has('client_secret');
      if (tried) throw new OAuthError('invalid_client', 'this client must not authenticate', 401);
    } else if (basic === undefined) {
      throw new OAuthError('invalid_client', 'this client authenticates by HTTP Basic', 401);
    } else if (!client.secrets.includes(basic.clientSecret)) {
      throw new OAuthError('invalid_client', 'client authentication failed', 401);
    }
    return client;
  },

  /**
   * Checks what is documented: `scope` in a refresh, for every application; `state` and `scope` with a code, for those
   * without PKCE.
   */
  checkTokenRequest({ form }: ReceivedRequest, client: Client): void {
    const isRefresh = form.get('grant_type') === 'refresh_token';
    const wanted = isRefresh ? ['scope'] : client.isPublic ? ['redirect_uri'] : ['redirect_uri', 'state', 'scope'];
    const missing = wanted.find((name) => !form.has(name));
    if (missing !== undefined) throw new OAuthError('invalid_request', `missing ${missing} parameter`);
  },

  tokenAnswer({ accessToken, refreshToken, expiresIn, scopes }: IssuedTokens): object {
    return {
      access_token: accessToken,
      expires_in: expiresIn,
      refresh_token: refreshToken,
      scope: scopes.join(' '),
      token_type: 'bearer',
    };
  },

  mint: {
    code: () => `code.fictional.${random()}`,
    accessToken: () => `access.fictional.${random()}`,
    refreshToken: () => `refresh.fictional.${random()}`,
  },
};
