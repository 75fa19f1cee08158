import type { Failure } from '../kernel/failure.js';
import type { Secret } from '../kernel/secret.js';
import { parseJsonObject } from './json-object.js';
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

/** The claims of a signed JWT (RFC 7515 §7.1); `undefined` for anything else. Its signature is not verified. */
function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload = '', , ...more] = token.split('.');
  if (more.length > 0) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (byte) =>
      byte.charCodeAt(0),
    );
    return parseJsonObject(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
