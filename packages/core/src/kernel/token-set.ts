import { redactor } from './redaction.js';
import { scopeList } from './scope-list.js';
import { Secret } from './secret.js';

/**
 * The public facts of a token set, as plain JSON. Times are in milliseconds: in a running session on its own time, in a
 * record on the storage's clock.
 */
export interface TokenFacts {
  /** When the request for these tokens was sent. */
  readonly issuedAt: number;
  /** When the access token expires: `issuedAt` plus the server's `expires_in`; `null` if the server gave none. */
  readonly expiresAt: number | null;
  /** Whether there is a refresh token. */
  readonly refreshable: boolean;
  /**
   * When the refresh token was issued, if that was before these tokens: the server issued no new one at the refresh,
   * and the old one keeps its end.
   */
  readonly refreshTokenIssuedAt?: number;
  /**
   * The random ID of the sign-in or import that these tokens come from, kept across refreshes; absent for a service.
   */
  readonly signIn?: string;
  /** The granted scopes, if known. */
  readonly scopes: readonly string[];
}

/** The characters of a token (RFC 6749 Appendix A.12 and A.17); others would break the header that carries it. */
const TOKEN = /^[\x20-\x7e]+$/;

export function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value);
}

/** A token set as the vault holds it. */
export interface TokenSet {
  readonly accessToken: Secret;
  readonly refreshToken?: Secret;
  /** Passed through unread, because a token pair is valid whatever its ID token says. */
  readonly idToken?: Secret;
  readonly facts: TokenFacts;
}

/** A token set as a response, a record or an import has it, not validated yet. */
export type ForeignTokens = {
  readonly [Member in 'accessToken' | 'refreshToken' | 'idToken' | Exclude<keyof TokenFacts, 'refreshable'>]?: unknown;
};

/**
 * Makes a token set of foreign data. Every set is made here. Returns `undefined` if there is no access token, or a
 * token or a time is invalid. Invalid values of other members are omitted.
 */
export function tokenSet(foreign: ForeignTokens): TokenSet | undefined {
  const { accessToken, refreshToken, idToken, issuedAt, expiresAt, refreshTokenIssuedAt, signIn, scopes } = foreign;
  if (!isToken(accessToken) || !(refreshToken === undefined || isToken(refreshToken))) return undefined;
  if (!isTime(issuedAt) || !(expiresAt === null || isTime(expiresAt))) return undefined;
  if (!(refreshTokenIssuedAt === undefined || isTime(refreshTokenIssuedAt)) || !Array.isArray(scopes)) return undefined;
  return {
    accessToken: new Secret(accessToken),
    ...(refreshToken !== undefined && { refreshToken: new Secret(refreshToken) }),
    ...(isToken(idToken) && { idToken: new Secret(idToken) }),
    facts: {
      issuedAt,
      expiresAt,
      refreshable: refreshToken !== undefined,
      ...(refreshTokenIssuedAt !== undefined && { refreshTokenIssuedAt }),
      ...(isSignIn(signIn) && { signIn }),
      scopes: grantedScopes(scopes, [accessToken, refreshToken, idToken].filter(isToken)),
    },
  };
}

/** Returns whether a `Date` can represent it. Beyond, times are too coarse to add a second to. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

/** Returns whether a value can be the random ID of a sign-in. */
export function isSignIn(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

/** Shorter tokens could occur in any word. */
const SHORTEST_TOKEN = 8;

function grantedScopes(named: readonly unknown[], tokens: readonly string[]): readonly string[] {
  const known = tokens.filter(({ length }) => length >= SHORTEST_TOKEN);
  const shortest = Math.min(...known.map(({ length }) => length));
  const redact = redactor(known);
  // Scopes are usually much shorter than tokens, and then cannot contain one.
  return scopeList(named, (text, limit) => (text.length < shortest ? text : redact(text, limit)));
}

/** Returns the tokens with their times on another clock, which is `ahead` milliseconds ahead. */
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
