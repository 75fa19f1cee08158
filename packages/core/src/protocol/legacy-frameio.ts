import { checkOptions, checkProfile, type ServerProfile } from './server-profile.js';
import { checkOrigin } from './web-address.js';

export interface LegacyFrameioOptions {
  /**
   * Whether the app is registered with PKCE. The server rejects an app with PKCE that sends a secret, and an app
   * without PKCE that sends none. Default: `false`.
   */
  readonly pkce?: boolean;
  /** A server that replaces Frame.io's, such as a local one for tests: `http://127.0.0.1:8080`. */
  readonly origin?: string;
}

/**
 * Returns the profile of Frame.io's own OAuth server, the authorization server of Frame.io V2. Its facts come from
 * Frame.io's developer guides.
 *
 * Frame.io removes the V2 API on 1 December 2026; Camera-to-Cloud stays. Whether this server is removed as well is not
 * announced. Users move to V4 by signing in with `adobeIms()` and an Adobe credential. V2 tokens do not work there, and
 * accounts that were not migrated do not appear.
 */
export function legacyFrameio(options: LegacyFrameioOptions = {}): ServerProfile {
  checkOptions('legacyFrameio', options);
  const { pkce = false, origin = 'https://applications.frame.io' } = options;
  const server = checkOrigin('legacyFrameio: origin', origin);

  return checkProfile({
    name: 'legacy-frameio',
    issuer: server,
    authorizationEndpoint: `${server}/oauth2/auth`,
    tokenEndpoint: `${server}/oauth2/token`,
    // No revocation endpoint and no client credentials grant: neither is documented for OAuth applications.

    clientAuthentication: pkce ? 'none' : 'client_secret_basic',
    pkce: pkce ? 'S256' : 'none',

    scopeSeparator: ' ',
    // Here the scope `offline`, not `offline_access`, yields a refresh token.
    defaultScopes: { clientCredentials: [], user: ['account.read', 'offline'] },
    refreshTokenLifetime: 30 * 24 * 60 * 60,

    plainHttpRedirects: true,
    callbackCarriesIssuer: false,
    codeRequestCarriesStateAndScope: true,
    // Every refresh in the guides has a `scope`.
    refreshCarriesScope: true,
    revocationClientId: 'body',
    revocationTokenTypeHint: true,

    wrongSecret: [{ error: 'invalid_client' }],
    errorKinds: {},
  });
}
