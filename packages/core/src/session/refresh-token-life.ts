import type { TokenFacts } from '../kernel/token-set.js';
import type { SessionContext } from '../machine/context.js';
import type { Window } from '../machine/policy.js';

/** The share of a refresh token's lifetime that is left when keep-alive may refresh it. */
const LAST_SHARE = 0.2;

/**
 * Returns how long before its end an unused refresh token may be refreshed, by default; in the unit of the lifetime.
 */
export function defaultKeepAliveBefore(refreshTokenLifetime: number): number {
  return refreshTokenLifetime * LAST_SHARE;
}

/** Returns when a refresh token expires. Its lifetime counts from its own issue; using it does not extend it. */
export function refreshTokenEnd(
  { issuedAt, refreshTokenIssuedAt = issuedAt }: TokenFacts,
  refreshTokenLifetime: number,
): number {
  return refreshTokenIssuedAt + refreshTokenLifetime;
}

/**
 * Returns when unused tokens are refreshed: in the first half of the time before their end. So sessions that began
 * together spread out, and the second half is left for retries. Returns `undefined` if a refresh is of no use: there is
 * no refresh token, or it is in this time already and the server issued no new one.
 */
export function keepAliveWindow(
  tokens: TokenFacts,
  refreshTokenLifetime: number,
  before: number,
  now: number,
): Window | undefined {
  if (!tokens.refreshable) return undefined;
  const end = refreshTokenEnd(tokens, refreshTokenLifetime);
  const isOld = tokens.refreshTokenIssuedAt !== undefined;
  if (isOld && now >= end - before) return undefined;
  return { notBefore: end - before, notAfter: end - before / 2 };
}

/**
 * Why refreshing cannot keep a session alive.
 *
 * - `no_refresh_token`: the server issued none.
 * - `not_rotated`: the server issued no new refresh token at the last refresh, and the old one keeps its end.
 * - `client_refused`: the server rejects this client. Fix its configuration, or the user must sign in again.
 * - `session_ended`: the server rejected the refresh token, or requires the user to act.
 */
export type ReauthenticationReason = 'no_refresh_token' | 'not_rotated' | 'client_refused' | 'session_ended';

/** Returns the end that is known in advance and that no refresh postpones; `undefined` if there is none. */
export function unavoidableEnd(
  { tokens, failure, renewal }: SessionContext,
  refreshTokenLifetime: number | undefined,
): { readonly by: number; readonly reason: ReauthenticationReason } | undefined {
  if (tokens === null || renewal === 'client_credentials') return undefined;
  if (!tokens.refreshable) {
    return tokens.expiresAt === null ? undefined : { by: tokens.expiresAt, reason: 'no_refresh_token' };
  }
  if (refreshTokenLifetime === undefined) return undefined;
  const by = refreshTokenEnd(tokens, refreshTokenLifetime);
  if (failure?.kind === 'configuration') return { by, reason: 'client_refused' };
  return tokens.refreshTokenIssuedAt === undefined ? undefined : { by, reason: 'not_rotated' };
}
