import { ConfigurationError } from '../kernel/errors.js';
import type { TokenStorage } from '../kernel/token-storage.js';
import { areConfusable } from '../protocol/callback.js';
import type { ServerProfile } from '../protocol/server-profile.js';

interface Claim {
  readonly redirectUri: string;
  readonly server: ServerProfile;
}

/** The claims of each storage, in which the sign-ins meet. */
const claims = new WeakMap<TokenStorage, Set<Claim>>();

/**
 * Claims a redirect URI for a server. If two servers share one, and neither names itself in callbacks (RFC 9207), a
 * code of one server can be sent to the other: the callback does not show which server issued it (RFC 9700 §4.4.2).
 *
 * @returns a function that releases the claim
 * @throws ConfigurationError `redirect_uri_shared`
 */
export function claimRedirectUri(storage: TokenStorage, redirectUri: string, server: ServerProfile): () => void {
  const claimed = claims.get(storage) ?? new Set();
  for (const other of claimed) {
    if (other.server.issuer === server.issuer || !areConfusable(other.redirectUri, redirectUri)) continue;
    if (other.server.callbackCarriesIssuer || server.callbackCarriesIssuer) continue;
    throw new ConfigurationError(
      'redirect_uri_shared',
      `redirectUri is also that of another server, or cannot be distinguished from it: ${server.issuer} and ${other.server.issuer} both redirect users to it, and neither names itself in the callback. Register a redirect URI with its own path for each server.`,
    );
  }
  const claim = { redirectUri, server };
  claims.set(storage, claimed.add(claim));
  return () => void claimed.delete(claim);
}
