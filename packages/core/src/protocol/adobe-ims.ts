import { ConfigurationError } from '../kernel/errors.js';
import { checkOptions, checkProfile, type ServerProfile } from './server-profile.js';
import { checkOrigin } from './web-address.js';

const ORIGINS = {
  production: 'https://ims-na1.adobelogin.com',
  stage: 'https://ims-na1-stg1.adobelogin.com',
} as const;

export interface AdobeImsOptions {
  /** Which of Adobe's servers; `production` unless said otherwise. */
  readonly environment?: keyof typeof ORIGINS;
  /** A server that stands in for Adobe's, such as a local one for tests: `http://127.0.0.1:8080`. */
  readonly origin?: string;
}

/**
 * Adobe IMS, which signs in for Frame.io V4. The facts are those of Adobe's guides to user and server-to-server
 * authentication and of Frame.io's OpenAPI description.
 *
 * Redirect URIs: https with the name of a host, for localhost too, for web app and single-page app credentials; Native
 * credentials have `adobe+<hash>://adobeid/<client id>` and no other, which no command line can receive. For one that is
 * not registered, Adobe uses the credential's default one without a word, or shows "Unable to validate entity".
 *
 * Frame.io answers the same 401 to a token that has expired, lacks a scope, is of an Adobe ID that is not linked to a
 * Frame.io account, or of one without entitlement.
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
    // Adobe takes a challenge without a method as `plain`, and takes one from confidential clients too.
    pkce: 'S256',

    scopeSeparator: ',',
    defaultScopes: {
      clientCredentials: ['openid', 'AdobeID', 'frame.s2s.all'],
      // Without any of these five, Frame.io's API answers 401; `offline_access` is what yields a refresh token.
      user: ['openid', 'email', 'profile', 'offline_access', 'additional_info.roles'],
    },
    refreshTokenLifetime: 14 * 24 * 60 * 60,
    maxStateLength: 4096,

    // Adobe wants https for localhost as well. Any other redirect URI is silently replaced by the client's default
    // one, so the callback would never come. A server on this machine that stands in for Adobe need not mind.
    plainHttpRedirects: server.startsWith('http:'),
    callbackCarriesIssuer: false,
    // Adobe adds `AdobeID` when a user signs in. A token request that repeats the scopes asked for loses it, and then
    // Frame.io answers 401.
    codeRequestCarriesStateAndScope: false,
    refreshCarriesScope: false,
    // Documented as `?client_id=…` for public clients, with `token` alone in the body.
    revocationClientId: 'query',
    revocationTokenTypeHint: false,

    // A wrong client id is `invalid_client` too: only the description tells that it is the secret.
    wrongSecret: [{ error: 'invalid_client', description: 'invalid client_secret parameter' }],
    // Such as `ride_AdobeID_acct_actreq`: terms to accept, an e-mail address to confirm.
    userAction: { errorPrefix: 'ride_', addressField: 'jump' },
    errorKinds: {},
    // How a dead refresh token is refused is not documented.
    unknownErrors: 'terminal',
    // Nor is whether id tokens repeat the nonce; PKCE ties the code to its sign-in in any case.
    missingNonce: 'accepted',
    debugIdHeader: 'x-debug-id',
  });
}
