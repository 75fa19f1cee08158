import { requireSecret, type UserAuthOptions } from './auth-options.js';
import { brand } from './kernel/brand.js';
import type { Scopes } from './session/scopes.js';
import { UserAuth } from './user-auth.js';

export interface WebAppAuthOptions extends UserAuthOptions {
  readonly clientId: string;
  /** Two while one replaces the other: the second is tried when the server says that the first is wrong. */
  readonly clientSecret: string | readonly string[];
  /** Where the server sends users back to, as it is registered. */
  readonly redirectUri: string;
  /** Default: the server profile's. */
  readonly scopes?: Scopes;
}

/**
 * A web application whose users sign in, with the authorization code grant (RFC 6749 §4.1), PKCE (RFC 7636) and a
 * client secret.
 *
 * @throws ConfigurationError for the first option that cannot work
 */
export class WebAppAuth extends UserAuth {
  constructor(options: WebAppAuthOptions) {
    requireSecret('WebAppAuth', options);
    const { clientId, clientSecret, redirectUri, scopes } = options;
    super({ options, clientId, clientSecret, redirectUri, scopes });
  }
}

brand(WebAppAuth, 'WebAppAuth');
