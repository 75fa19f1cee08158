import { refuseSecret, type UserAuthOptions } from './auth-options.js';
import { brand } from './kernel/brand.js';
import type { Scopes } from './session/scopes.js';
import { UserAuth } from './user-auth.js';

export interface SPAAuthOptions extends UserAuthOptions {
  readonly clientId: string;
  /** Where the server sends users back to, as it is registered. */
  readonly redirectUri: string;
  /** Default: the server profile's. */
  readonly scopes?: Scopes;
}

/**
 * A single-page application: a public client, which has no secret and proves by PKCE (RFC 7636) that the one who exchanges the
 * code is the one who asked for it. Whether it gets a refresh token is the server's choice.
 *
 * @throws ConfigurationError for the first option that cannot work
 */
export class SPAAuth extends UserAuth {
  constructor(options: SPAAuthOptions) {
    refuseSecret('SPAAuth', options);
    const { clientId, redirectUri, scopes } = options;
    super({ options, clientId, clientSecret: undefined, redirectUri, scopes });
  }
}

brand(SPAAuth, 'SPAAuth');
