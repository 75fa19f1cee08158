import { ConfigurationError } from '../kernel/errors.js';
import type { TokenStorage } from '../kernel/token-storage.js';
import { areConfusable } from '../protocol/callback.js';
import type { ServerProfile } from '../protocol/server-profile.js';

interface Claim {
  readonly redirectUri: string;
  readonly server: ServerProfile;
}

/** Who sends users back to where, by the storage in which their sign-ins meet. */
const claims = new WeakMap<TokenStorage, Set<Claim>>();

/**
 * Claims a redirect URI for a server. Where two servers share one, and neither names itself in callbacks (RFC 9207), a
 * code of the one can be led to the other: nothing in the callback tells whose it is (RFC 9700 §4.4.2).
 *
 * @returns gives the redirect URI up
 * @throws ConfigurationError `redirect_uri_shared`
 */
export function claimRedirectUri(storage: TokenStorage, redirectUri: string, server: ServerProfile): () => void {
  const claimed = claims.get(storage) ?? new Set();
  for (const other of claimed) {
    if (other.server.issuer === server.issuer || !areConfusable(other.redirectUri, redirectUri)) continue;
    if (other.server.callbackCarriesIssuer || server.callbackCarriesIssuer) continue;
    throw new ConfigurationError(
      'redirect_uri_shared',
      `redirectUri is that of another server's sign-in as well, or cannot be told from it: ${server.issuer} and ${other.server.issuer} both send users back to it, and neither says in the callback which of them it is. Register one with a path of its own for each server.`,
    );
  }
  const claim = { redirectUri, server };
  claims.set(storage, claimed.add(claim));
  return () => void claimed.delete(claim);
}
