import { checkOptions, checkProfile, type ServerProfile } from './server-profile.js';
import { checkOrigin } from './web-address.js';

export interface LegacyFrameioOptions {
  /**
   * Whether the app is registered with PKCE. The server wants one or the other: an app with PKCE that sends a secret
   * is refused, and so is one without PKCE that sends none. `false` unless said otherwise.
   */
  readonly pkce?: boolean;
  /** A server that stands in for Frame.io's, such as a local one for tests: `http://127.0.0.1:8080`. */
  readonly origin?: string;
}

/**
 * Frame.io's own OAuth server, which signs in for Frame.io V2. The facts are those of its developer guides.
 *
 * Frame.io removes the V2 API on 1 December 2026; Camera-to-Cloud stays. Whether this server goes with it is not
 * announced. Users come to V4 by signing in with `adobeIms()`, with a credential of Adobe's: tokens of V2 are of no use
 * there, and accounts that were not migrated do not appear.
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
    // `offline`, not `offline_access`, is what yields a refresh token here.
    defaultScopes: { clientCredentials: [], user: ['account.read', 'offline'] },
    refreshTokenLifetime: 30 * 24 * 60 * 60,

    plainHttpRedirects: true,
    callbackCarriesIssuer: false,
    codeRequestCarriesStateAndScope: true,
    // The guides show no refresh without `scope`.
    refreshCarriesScope: true,
    revocationClientId: 'body',
    revocationTokenTypeHint: true,

    wrongSecret: [{ error: 'invalid_client' }],
    errorKinds: {},
  });
}
