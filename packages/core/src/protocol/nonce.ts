import type { Failure } from '../kernel/failure.js';
import type { Secret } from '../kernel/secret.js';
import { claimsOf } from './id-token.js';
import type { ServerProfile } from './server-profile.js';

/** Returns whether a sign-in with these scopes sends a `nonce` (OpenID Connect Core §3.1.2.1). */
export function sendsNonce({ nonce = 'with_openid' }: ServerProfile, scopes: readonly string[]): boolean {
  return nonce === 'always' || (nonce === 'with_openid' && scopes.includes('openid'));
}

/**
 * Compares the `nonce` of a sign-in with that of its ID token (OpenID Connect Core §3.1.3.7). A different one means
 * that the code comes from another sign-in, so the tokens belong to another user or browser. Then the sign-in fails.
 *
 * Nothing else in the ID token is read. One that cannot be read, because it is encrypted or not a JWT, proves nothing
 * and is ignored.
 *
 * @param sent - absent if the sign-in sent no nonce, or it is unknown
 * @returns the failure; `undefined` if the tokens may be used
 */
export function checkNonce(
  { name, missingNonce = 'rejected' }: ServerProfile,
  sent: Secret | undefined,
  idToken: Secret | undefined,
): Failure | undefined {
  const claims = sent && idToken && claimsOf(idToken.reveal());
  if (sent === undefined || claims === undefined) return undefined;
  const { nonce } = claims;
  if (nonce === sent.reveal() || (nonce === undefined && missingNonce === 'accepted')) return undefined;
  const [code, what] =
    nonce === undefined
      ? ([
          'nonce_missing',
          "has no nonce, although one was sent (if it never has: server.missingNonce: 'accepted')",
        ] as const)
      : (['nonce_mismatch', 'has the nonce of another sign-in'] as const);
  return {
    kind: 'terminal',
    source: 'session',
    code,
    description: `The ID token of ${name} ${what}, so the tokens were rejected. Start the sign-in again.`,
  };
}
