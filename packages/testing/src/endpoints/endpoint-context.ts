import type { Clock } from '@frameio-auth/core/adapter';
import type { ClientRegistry } from '../client-registry.js';
import type { Profile } from '../profiles/profile.js';
import type { SecretLedger } from '../secret-ledger.js';
import type { TokenIssuer } from '../token-issuer.js';
import type { User } from '../users.js';

/** What the endpoints share. */
export interface EndpointContext {
  readonly profile: Profile;
  readonly clients: ClientRegistry;
  readonly issuer: TokenIssuer;
  readonly users: readonly User[];
  readonly ledger: SecretLedger;
  readonly clock: Pick<Clock, 'now'>;
  readonly allowHttpRedirects: boolean;
  readonly unregisteredRedirectUri: Profile['unregisteredRedirectUri'];
  readonly enterprise: boolean;
  readonly sendIssuer: boolean;
  /** The server's origin, which is also its issuer identifier. */
  origin(): string;
}
