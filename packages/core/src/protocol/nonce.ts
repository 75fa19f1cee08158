import type { Failure } from '../kernel/failure.js';
import type { Secret } from '../kernel/secret.js';
import { claimsOf } from './id-token.js';
import type { ServerProfile } from './server-profile.js';

/** Whether a sign-in with these scopes sends a `nonce` (OpenID Connect Core §3.1.2.1). */
export function sendsNonce({ nonce = 'with_openid' }: ServerProfile, scopes: readonly string[]): boolean {
  return nonce === 'always' || (nonce === 'with_openid' && scopes.includes('openid'));
}

/**
 * Compares the `nonce` of a sign-in with that of its id token (OpenID Connect Core §3.1.3.7). Another one means that the
 * code was begun elsewhere, so the tokens are of another user or browser: the sign-in fails.
 *
 * Nothing else of the id token is read. One that cannot be read, because it is encrypted or no JWT, proves nothing, and
 * never costs the tokens that came with it.
 *
 * @param sent - absent when the sign-in had no nonce, or nobody knows it any more
 */
export function checkNonce(
  { name, missingNonce = 'refused' }: ServerProfile,
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
    description: `The id token of ${name} ${what}, so the tokens were not taken. Start the sign-in again.`,
  };
}
