import { requireSecret, type UserAuthOptions } from './auth-options.js';
import { brand } from './kernel/brand.js';
import type { Scopes } from './session/scopes.js';
import { UserAuth } from './user-auth.js';

export interface WebAppAuthOptions extends UserAuthOptions {
  readonly clientId: string;
  /** The client secret; two during a rotation. The second is tried when the server rejects the first as wrong. */
  readonly clientSecret: string | readonly string[];
  /** The registered redirect URI, to which the server redirects users. */
  readonly redirectUri: string;
  /** The scopes to request. Default: those of the server's profile. */
  readonly scopes?: Scopes;
}

/**
 * Authenticates the users of a web application, with the authorization code grant (RFC 6749 §4.1), PKCE (RFC 7636) and
 * a client secret.
 *
 * @throws ConfigurationError for the first invalid option
 */
export class WebAppAuth extends UserAuth {
  constructor(options: WebAppAuthOptions) {
    requireSecret('WebAppAuth', options);
    const { clientId, clientSecret, redirectUri, scopes } = options;
    super({ options, clientId, clientSecret, redirectUri, scopes });
  }
}

brand(WebAppAuth, 'WebAppAuth');
