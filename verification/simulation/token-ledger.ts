import type { Rotation } from '@frameio-auth/testing';

export interface LedgerRules {
  readonly rotation: Rotation;
  /** How long a spent refresh token still works after its first use, in milliseconds. */
  readonly gracePeriod: number;
  /** In seconds. */
  readonly accessTokenLifetime: number;
  /** In seconds, from each refresh token's own issue. */
  readonly refreshTokenLifetime: number;
  /** Whether a refresh ends the earlier access tokens of the sign-in. */
  readonly refreshEndsAccessTokens: boolean;
}

/** Tokens by name, `at#7` and `rt#3`. The names are also the tokens themselves, because they are short and readable. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
}

/** Why a refresh token is rejected. */
export type DeathOfToken = 'unknown' | 'revoked' | 'expired' | 'spent';

interface Family {
  readonly number: number;
  revoked: boolean;
}

interface RefreshToken {
  readonly family: Family;
  readonly parent: string | undefined;
  readonly expiresAt: number;
  spentAt?: number;
}

interface AccessToken {
  readonly number: number;
  readonly family: Family | undefined;
  readonly expiresAt: number;
  ended: boolean;
}

/** In milliseconds. */
const CODE_LIFETIME = 10 * 60_000;

/** The server's record of tokens: which exist, which sign-in each belongs to, and whether it is still valid. */
export class TokenLedger {
  readonly #rules: LedgerRules;
  readonly #now: () => number;
  readonly #refreshTokens = new Map<string, RefreshToken>();
  readonly #accessTokens = new Map<string, AccessToken>();
  /** The sign-in of each code that was exchanged. */
  readonly #codes = new Map<string, { family: Family | undefined; readonly expiresAt: number }>();
  #families = 0;

  constructor(rules: LedgerRules, now: () => number) {
    this.#rules = rules;
    this.#now = now;
  }

  /** Returns the server's time, in milliseconds since the Unix epoch. */
  get now(): number {
    return this.#now();
  }

  /** A user signs in. */
  signIn(): Required<IssuedTokens> {
    this.#families += 1;
    return this.#issuePair({ number: this.#families, revoked: false }, undefined);
  }

  /** Returns a code after a user's consent, valid for ten minutes and one use (RFC 6749 §4.1.2). */
  authorize(): string {
    const code = `code#${this.#codes.size + 1}`;
    this.#codes.set(code, { family: undefined, expiresAt: this.#now() + CODE_LIFETIME });
    return code;
  }

  /** RFC 6749 §4.1.3; a second use revokes the tokens of the first. */
  exchange(code: string): IssuedTokens | DeathOfToken {
    const entry = this.#codes.get(code);
    if (entry === undefined) return 'unknown';
    if (entry.family !== undefined) {
      entry.family.revoked = true;
      return 'spent';
    }
    if (entry.expiresAt <= this.#now()) return 'expired';
    const tokens = this.signIn();
    entry.family = this.#refreshTokens.get(tokens.refreshToken)?.family;
    return tokens;
  }

  /** Signs the client in as itself (RFC 6749 §4.4). */
  issueToClient(): IssuedTokens {
    return { accessToken: this.#issueAccessToken(undefined) };
  }

  /** RFC 6749 §6. */
  refresh(token: string): IssuedTokens | DeathOfToken {
    const { rotation, refreshEndsAccessTokens } = this.#rules;
    const death = this.deathOf(token);
    const entry = this.#refreshTokens.get(token);
    if (entry === undefined || death !== undefined) {
      if (death === 'spent' && rotation === 'revoke-chain' && entry !== undefined) entry.family.revoked = true;
      return death ?? 'unknown';
    }
    if (refreshEndsAccessTokens && entry.spentAt === undefined) this.#end((other) => other.family === entry.family);
    if (rotation === 'none') return { accessToken: this.#issueAccessToken(entry.family) };
    entry.spentAt ??= this.#now();
    return this.#issuePair(entry.family, token);
  }

  /** RFC 7009 §2.1: revokes a refresh token with its whole sign-in, or an access token alone. */
  revoke(token: string): void {
    const family = this.#refreshTokens.get(token)?.family;
    if (family !== undefined) family.revoked = true;
    this.#end((_, name) => name === token);
  }

  /** Revokes all sign-ins of the user. */
  revokeUser(): void {
    for (const { family } of this.#refreshTokens.values()) family.revoked = true;
  }

  /** Expires all access tokens at once; refresh tokens stay valid. */
  endAccessTokens(): void {
    this.#end(() => true);
  }

  /** Returns why a refresh with this token would be rejected now; `undefined` if it would not be. Changes nothing. */
  deathOf(token: string): DeathOfToken | undefined {
    const { rotation, gracePeriod } = this.#rules;
    const entry = this.#refreshTokens.get(token);
    if (entry === undefined) return 'unknown';
    if (entry.family.revoked) return 'revoked';
    if (entry.expiresAt <= this.#now()) return 'expired';
    const works = entry.spentAt === undefined || rotation === 'lenient' || this.#now() < entry.spentAt + gracePeriod;
    return works ? undefined : 'spent';
  }

  /** Whether the API accepts this access token. */
  accepts(token: string): boolean {
    const entry = this.#accessTokens.get(token);
    return entry !== undefined && !entry.ended && !entry.family?.revoked && this.#now() < entry.expiresAt;
  }

  expiryOf(accessToken: string): number | undefined {
    return this.#accessTokens.get(accessToken)?.expiresAt;
  }

  /** Returns the sign-in of a token; `undefined` for tokens of the client itself, and for unknown ones. */
  familyOf(token: string): number | undefined {
    return (this.#refreshTokens.get(token) ?? this.#accessTokens.get(token))?.family?.number;
  }

  /** Whether the first of two access tokens was issued first. */
  wasIssuedBefore(accessToken: string, other: string): boolean {
    const number = this.#accessTokens.get(accessToken)?.number;
    const otherNumber = this.#accessTokens.get(other)?.number;
    return number !== undefined && otherNumber !== undefined && number < otherNumber;
  }

  /** Whether a refresh token led to another one, by one refresh or several. */
  isAncestor(token: string, of: string): boolean {
    for (let parent = this.#refreshTokens.get(of)?.parent; parent !== undefined; ) {
      if (parent === token) return true;
      parent = this.#refreshTokens.get(parent)?.parent;
    }
    return false;
  }

  #end(which: (token: AccessToken, name: string) => boolean): void {
    for (const [name, token] of this.#accessTokens) if (which(token, name)) token.ended = true;
  }

  #issuePair(family: Family, parent: string | undefined): Required<IssuedTokens> {
    const refreshToken = `rt#${this.#refreshTokens.size + 1}`;
    const expiresAt = this.#now() + this.#rules.refreshTokenLifetime * 1000;
    this.#refreshTokens.set(refreshToken, { family, parent, expiresAt });
    return { accessToken: this.#issueAccessToken(family), refreshToken };
  }

  #issueAccessToken(family: Family | undefined): string {
    const number = this.#accessTokens.size + 1;
    const expiresAt = this.#now() + this.#rules.accessTokenLifetime * 1000;
    this.#accessTokens.set(`at#${number}`, { number, family, expiresAt, ended: false });
    return `at#${number}`;
  }
}
