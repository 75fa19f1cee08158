import type { Secret } from './secret.js';

/**
 * What is known of a set of tokens and may be shown to anyone: plain JSON. Times are in milliseconds, in a running session
 * on its own time, in a record on the storage's clock.
 */
export interface TokenFacts {
  /** When the request that these tokens answer was sent. */
  readonly issuedAt: number;
  /** When the access token expires: `issuedAt` and the server's `expires_in`; `null` when the server did not say. */
  readonly expiresAt: number | null;
  /** Whether there is a refresh token. */
  readonly refreshable: boolean;
  /**
   * When the refresh token was issued, where that was before these tokens: the server gave no new one at the renewal,
   * and the old one keeps its end.
   */
  readonly refreshTokenIssuedAt?: number;
  /** The sign-in or import that these tokens come from, by a random name that renewals hand on; a service has none. */
  readonly signIn?: string;
  /** The scopes granted, where known. */
  readonly scopes: readonly string[];
}

/** What a token may be made of (RFC 6749 Appendix A.12 and A.17); anything else would break the header it goes into. */
const TOKEN = /^[\x20-\x7e]+$/;

export function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value);
}

/** A set of tokens as the vault holds it. */
export interface TokenSet {
  readonly accessToken: Secret;
  readonly refreshToken?: Secret;
  /** Passed through as it came; never read, because a token pair is good whatever its id token says. */
  readonly idToken?: Secret;
  readonly facts: TokenFacts;
}

/** The same tokens with their times on another clock, which is `ahead` milliseconds ahead of the one they are on. */
export function redated(tokens: TokenSet, ahead: number): TokenSet {
  if (ahead === 0) return tokens;
  const { issuedAt, expiresAt, refreshTokenIssuedAt } = tokens.facts;
  return {
    ...tokens,
    facts: {
      ...tokens.facts,
      issuedAt: issuedAt + ahead,
      expiresAt: expiresAt === null ? null : expiresAt + ahead,
      ...(refreshTokenIssuedAt !== undefined && { refreshTokenIssuedAt: refreshTokenIssuedAt + ahead }),
    },
  };
}
