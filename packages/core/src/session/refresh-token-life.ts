import type { TokenFacts } from '../kernel/token-set.js';
import type { SessionContext } from '../machine/context.js';
import type { Window } from '../machine/policy.js';

/** How much of a refresh token's life is left when it is renewed although nobody uses it. */
const LAST_SHARE = 0.2;

/** How long before the end of a refresh token it is renewed at the earliest, unless the application says it. */
export function defaultKeepAliveBefore(refreshTokenLifetime: number): number {
  return refreshTokenLifetime * LAST_SHARE;
}

/** When a refresh token expires. Its life is counted from its own issue: no use of it makes it longer. */
export function refreshTokenEnd(
  { issuedAt, refreshTokenIssuedAt = issuedAt }: TokenFacts,
  refreshTokenLifetime: number,
): number {
  return refreshTokenIssuedAt + refreshTokenLifetime;
}

/**
 * When tokens that nobody uses are to be renewed: in the first half of the time before their end, so that sessions that
 * began together spread out, and the second half is left for failures. `undefined`: that would be of no use, because
 * there is no refresh token, or this is the time and the server did not give a new one.
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
 * Why renewing cannot keep a session alive.
 *
 * - `no_refresh_token`: the server gave none.
 * - `not_rotated`: the server gave no new refresh token at the last renewal, and the old one keeps its end.
 * - `client_refused`: the server refuses this client, so that somebody must mend its configuration, or else the user
 *   sign in again.
 * - `session_ended`: it is over; the server refused the refresh token, or wants the user to act.
 */
export type ReauthenticationReason = 'no_refresh_token' | 'not_rotated' | 'client_refused' | 'session_ended';

/** An end that can be seen coming, and that no renewal puts off; `undefined`: none can be seen. */
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
