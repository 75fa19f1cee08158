import { requireSecret, type UserAuthOptions } from './auth-options.js';
import { brand } from './kernel/brand.js';
import { UserAuth } from './user-auth.js';

export interface WebAppAuthOptions extends UserAuthOptions {
  /** The client secret; two during a rotation. The second is tried when the server rejects the first as wrong. */
  readonly clientSecret: string | readonly string[];
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
    super(options, options.clientSecret);
  }
}

brand(WebAppAuth, 'WebAppAuth');
