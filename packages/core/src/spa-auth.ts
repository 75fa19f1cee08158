import { refuseSecret, type UserAuthOptions } from './auth-options.js';
import { brand } from './kernel/brand.js';
import type { Scopes } from './session/scopes.js';
import { UserAuth } from './user-auth.js';

export interface SPAAuthOptions extends UserAuthOptions {
  readonly clientId: string;
  /** The registered redirect URI, to which the server redirects users. */
  readonly redirectUri: string;
  /** The scopes to request. Default: those of the server's profile. */
  readonly scopes?: Scopes;
}

/**
 * Authenticates the users of a single-page application. Such a public client has no secret. PKCE (RFC 7636) proves that
 * the client that exchanges the code is the one that requested it. The server decides whether to issue a refresh token.
 *
 * @throws ConfigurationError for the first invalid option
 */
export class SPAAuth extends UserAuth {
  constructor(options: SPAAuthOptions) {
    refuseSecret('SPAAuth', options);
    const { clientId, redirectUri, scopes } = options;
    super({ options, clientId, clientSecret: undefined, redirectUri, scopes });
  }
}

brand(SPAAuth, 'SPAAuth');
