import { cleaner } from './foreign-text.js';
import { scopeList } from './scope-list.js';
import { Secret } from './secret.js';

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

/** A set of tokens as an answer, a record or an import has it. Nothing of it is known to be what it should be. */
export type ForeignTokens = {
  readonly [Member in 'accessToken' | 'refreshToken' | 'idToken' | Exclude<keyof TokenFacts, 'refreshable'>]?: unknown;
};

/**
 * Makes a set of tokens of what came from outside; every set is made here. `undefined` when there is no access token, or
 * a token or a time is none. What merely accompanies the tokens is left out when it is not what it should be.
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

/** Times beyond those that a `Date` can have are too coarse to add a second to. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

/** Whether a value can be the name of a sign-in, which instances choose at random. */
export function isSignIn(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

/** Shorter tokens may stand in any word. */
const SHORTEST_TOKEN = 8;

function grantedScopes(named: readonly unknown[], tokens: readonly string[]): readonly string[] {
  const known = tokens.filter(({ length }) => length >= SHORTEST_TOKEN);
  const shortest = Math.min(...known.map(({ length }) => length));
  const clean = cleaner(known);
  // Scopes are much shorter than tokens, as a rule, and then no token has to be looked for in them.
  return scopeList(named, (text, limit) => (text.length < shortest ? text : clean(text, limit)));
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
