import { ConfigurationError } from '../kernel/errors.js';
import { checkOptions, checkProfile, type ServerProfile } from './server-profile.js';
import { checkOrigin } from './web-address.js';

const ORIGINS = {
  production: 'https://ims-na1.adobelogin.com',
  stage: 'https://ims-na1-stg1.adobelogin.com',
} as const;

export interface AdobeImsOptions {
  /** Which of Adobe's servers to use. Default: `production`. */
  readonly environment?: keyof typeof ORIGINS;
  /** A server that replaces Adobe's, such as a local one for tests: `http://127.0.0.1:8080`. */
  readonly origin?: string;
}

/**
 * Returns the profile of Adobe IMS, the authorization server of Frame.io V4. Its facts come from Adobe's guides to user
 * and server-to-server authentication and from Frame.io's OpenAPI description.
 *
 * Redirect URIs: web app and single-page app credentials require https with a host name, for localhost too. Native
 * credentials have `adobe+<hash>://adobeid/<client id>` only, which no command line can receive. If a redirect URI is
 * not registered, Adobe silently uses the credential's default one, or shows "Unable to validate entity".
 *
 * Frame.io responds with the same 401 in four cases: the token has expired; it lacks a scope; its Adobe ID is not
 * linked to a Frame.io account; or that account has no entitlement.
 */
export function adobeIms(options: AdobeImsOptions = {}): ServerProfile {
  checkOptions('adobeIms', options);
  const { environment = 'production', origin } = options;
  if (environment !== 'production' && environment !== 'stage') {
    throw new ConfigurationError('invalid_option', "adobeIms: environment must be 'production' or 'stage'.");
  }
  const server = checkOrigin('adobeIms: origin', origin ?? ORIGINS[environment]);

  return checkProfile({
    name: 'adobe-ims',
    // The endpoints are constants because Adobe's discovery document is closed to browsers (CORS).
    issuer: server,
    authorizationEndpoint: `${server}/ims/authorize/v2`,
    tokenEndpoint: `${server}/ims/token/v3`,
    revocationEndpoint: `${server}/ims/revoke`,

    clientAuthentication: 'client_secret_basic',
    clientCredentialsAuthentication: 'client_secret_post',
    // Adobe treats a challenge without a method as `plain`, and accepts one from confidential clients too.
    pkce: 'S256',

    scopeSeparator: ',',
    defaultScopes: {
      clientCredentials: ['openid', 'AdobeID', 'frame.s2s.all'],
      // Without any of these five, Frame.io's API responds with 401. `offline_access` yields the refresh token.
      user: ['openid', 'email', 'profile', 'offline_access', 'additional_info.roles'],
    },
    refreshTokenLifetime: 14 * 24 * 60 * 60,
    maxStateLength: 4096,

    // Adobe requires https for localhost too. It silently replaces any other redirect URI by the client's default one,
    // so the callback would never arrive. A local server that replaces Adobe's may use http.
    plainHttpRedirects: server.startsWith('http:'),
    callbackCarriesIssuer: false,
    // Adobe adds `AdobeID` when a user signs in. A token request that repeats the requested scopes loses it, and then
    // Frame.io responds with 401.
    codeRequestCarriesStateAndScope: false,
    refreshCarriesScope: false,
    // Documented as `?client_id=…` for public clients, with `token` alone in the body.
    revocationClientId: 'query',
    revocationTokenTypeHint: false,

    // A wrong client ID is `invalid_client` too: only the description identifies a wrong secret.
    wrongSecret: [{ error: 'invalid_client', description: 'invalid client_secret parameter' }],
    // Such as `ride_AdobeID_acct_actreq`: terms to accept, an e-mail address to confirm.
    userAction: { errorPrefix: 'ride_', addressField: 'jump' },
    errorKinds: {},
    // The `error` for a dead refresh token is not documented.
    unknownErrors: 'terminal',
    // It is not documented whether ID tokens repeat the nonce; PKCE binds the code to its sign-in in any case.
    missingNonce: 'accepted',
    debugIdHeader: 'x-debug-id',
  });
}
