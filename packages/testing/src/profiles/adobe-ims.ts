import { randomBytes, randomUUID } from 'node:crypto';
import type { Client, ClientRegistry } from '../client-registry.js';
import { fictionalClients } from '../fictional-clients.js';
import { basicCredentials, type ReceivedRequest } from '../http-message.js';
import { OAuthError } from '../oauth-error.js';
import type { IssuedTokens, TokenSubject } from '../token-issuer.js';
import type { Profile } from './profile.js';

const DAY = 86_400;

const USER_SCOPES = ['openid', 'email', 'profile', 'offline_access', 'additional_info.roles'];
const SERVICE_SCOPES = ['openid', 'AdobeID', 'frame.s2s.all'];

/** Adobe's Identity Management System, as Frame.io V4 uses it. */
export const adobeIms: Profile = {
  name: 'adobe-ims',
  paths: {
    authorize: '/ims/authorize/v2',
    token: '/ims/token/v3',
    revoke: '/ims/revoke',
    userinfo: '/ims/userinfo/v2',
    validate: '/ims/validate_token/v1',
    discovery: '/ims/.well-known/openid-configuration',
    keys: '/ims/keys',
  },
  accessTokenLifetime: DAY - 1,
  refreshTokenLifetime: 14 * DAY,
  // Each refresh has been seen to return a new pair. That the old one becomes invalid immediately is reported, not
  // promised. A test server takes the stricter reading.
  rotation: 'strict',
  refreshEndsAccessTokens: false,
  clients: fictionalClients(
    { service: SERVICE_SCOPES, user: USER_SCOPES },
    'adobe+f1c710a1://adobeid/slate-uploader.fictional',
  ),
  refreshScope: 'offline_access',
  scopeSeparator: /[ ,]+/,
  apiScopes: { user: [...USER_SCOPES, 'AdobeID'], service: ['frame.s2s.all'] },
  addedScopes: ['AdobeID'],
  unregisteredRedirectUri: 'replaced',
  longestState: 4096,
  grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],

  everyAnswer: () => ({ 'x-debug-id': `fictional-${randomUUID()}` }),

  authenticateClient(request: ReceivedRequest, clients: ClientRegistry): Client {
    const basic = basicCredentials(request.headers);
    const secretInBody = request.form.get('client_secret') ?? undefined;
    if (basic !== undefined && secretInBody !== undefined) {
      // RFC 6749 §2.3
      throw new OAuthError('invalid_request', 'more than one way of client authentication');
    }
    const clientId = basic?.clientId ?? request.form.get('client_id') ?? request.query.get('client_id') ?? '';
    const secret = basic?.clientSecret ?? secretInBody;
    const client = clients.find(clientId);
    // All of these with 400, although RFC 6749 §5.2 prefers 401.
    if (client === undefined) throw new OAuthError('invalid_client', 'invalid client_id parameter');
    if (client.isPublic && secret !== undefined) {
      throw new OAuthError('invalid_client', 'unexpected client_secret parameter');
    }
    if (!client.isPublic && !client.secrets.includes(secret ?? '')) {
      throw new OAuthError('invalid_client', 'invalid client_secret parameter');
    }
    return client;
  },

  checkTokenRequest() {},

  /** No `scope`, and a lower-case `token_type`. Company accounts get no `token_type`, and a different `iss`. */
  tokenAnswer(tokens: IssuedTokens, issuer: string, enterprise: boolean): object {
    const { accessToken, refreshToken, clientId, userId, scopes, expiresIn, nonce } = tokens;
    const idToken =
      userId !== undefined && scopes.includes('openid')
        ? jwtShaped({ iss: enterprise ? `${issuer}/ims` : issuer, aud: clientId, sub: userId, nonce })
        : undefined;
    return {
      access_token: accessToken,
      refresh_token: refreshToken,
      id_token: idToken,
      sub: userId,
      token_type: enterprise ? undefined : 'bearer',
      expires_in: expiresIn,
    };
  },

  mint: {
    code: () => `code.fictional.${randomBytes(24).toString('base64url')}`,
    accessToken: (subject) => jwtShaped({ type: 'access_token', ...claims(subject) }),
    refreshToken: (subject) => jwtShaped({ type: 'refresh_token', ...claims(subject) }),
  },
};

/** Returns the claims of Adobe's tokens: no `exp`, and times as strings of milliseconds. */
function claims({ clientId, userId, scopes, issuedAt, lifetime }: TokenSubject): object {
  return {
    id: randomUUID(),
    client_id: clientId,
    user_id: userId ?? `${clientId}@techacct.fictional`,
    as: 'ims-fictional',
    scope: scopes.join(','),
    created_at: String(issuedAt),
    expires_in: String(lifetime * 1000),
  };
}

/**
 * Returns three parts like a JWT's, with the `x5u` header that strict libraries reject, and no verifiable signature.
 */
function jwtShaped(payload: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = part({ alg: 'RS256', x5u: 'fictional-key.cer', kid: 'fictional', itt: 'at' });
  return `${header}.${part(payload)}.fictional-${randomBytes(32).toString('base64url')}`;
}
