import { Auth } from './auth.js';
import { authParts, type CommonOptions, requireSecret } from './auth-options.js';
import { brand } from './kernel/brand.js';
import type { Scopes } from './session/scopes.js';
import { TokenSession } from './session/token-session.js';

export interface ServerToServerAuthOptions extends CommonOptions {
  readonly clientId: string;
  /** The client secret; two during a rotation. The second is tried when the server rejects the first as wrong. */
  readonly clientSecret: string | readonly string[];
  /** The scopes to request. Default: those of the server's profile. */
  readonly scopes?: Scopes;
}

/**
 * Authenticates an application as itself, with the client credentials grant (RFC 6749 §4.4). There is no refresh token:
 * a new access token is requested before the old one expires.
 *
 * @throws ConfigurationError for the first invalid option
 */
export class ServerToServerAuth extends Auth<TokenSession> {
  constructor(options: ServerToServerAuthOptions) {
    requireSecret('ServerToServerAuth', options);
    const { clientSecret } = options;
    const { keys, dependencies } = authParts({ options, clientSecret, renewal: 'client_credentials' });
    super(keys, dependencies, (runner) => new TokenSession(runner));
  }
}

brand(ServerToServerAuth, 'ServerToServerAuth');
