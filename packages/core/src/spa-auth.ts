import { refuseSecret, type UserAuthOptions } from './auth-options.js';
import { brand } from './kernel/brand.js';
import { UserAuth } from './user-auth.js';

export type SPAAuthOptions = UserAuthOptions;

/**
 * Authenticates the users of a single-page application. Such a public client has no secret. PKCE (RFC 7636) proves that
 * the client that exchanges the code is the one that requested it. The server decides whether to issue a refresh token.
 *
 * @throws ConfigurationError for the first invalid option
 */
export class SPAAuth extends UserAuth {
  constructor(options: SPAAuthOptions) {
    refuseSecret('SPAAuth', options);
    super(options, undefined);
  }
}

brand(SPAAuth, 'SPAAuth');
