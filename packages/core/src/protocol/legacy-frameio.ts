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

/** Frame.io's own OAuth server, which signs in for Frame.io V2. The facts are those of its developer guides. */
export function legacyFrameio(options: LegacyFrameioOptions = {}): ServerProfile {
  checkOptions('legacyFrameio', options);
  const { pkce = false, origin = 'https://applications.frame.io' } = options;
  const server = checkOrigin('legacyFrameio: origin', origin);

  return checkProfile({
    name: 'legacy-frameio',
    issuer: server,
    authorizationEndpoint: `${server}/oauth2/auth`,
    tokenEndpoint: `${server}/oauth2/token`,
    // No revocation endpoint and no client credentials grant: neither is documented.

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
