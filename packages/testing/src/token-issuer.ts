import { createHash } from 'node:crypto';
import type { Clock } from '@frameio-auth/core/adapter';
import { OAuthError } from './oauth-error.js';

/**
 * What a refresh does to the refresh token that was presented:
 *
 * - `none`: nothing; it stays valid, and the response contains no refresh token;
 * - `lenient`: a new one is issued, and the old one stays valid until it expires;
 * - `strict`: a new one is issued, and the old one is spent: presenting it again responds with `invalid_grant`;
 * - `revoke-chain`: as `strict`, and presenting a spent one revokes every token of that sign-in.
 */
export type Rotation = 'none' | 'lenient' | 'strict' | 'revoke-chain';

export interface IssuerRules {
  readonly clock: Pick<Clock, 'now'>;
  /** In seconds. */
  readonly accessTokenLifetime: number;
  /** In seconds, from each refresh token's own issue. */
  readonly refreshTokenLifetime: number;
  readonly rotation: Rotation;
  /**
   * How long a spent refresh token still works after its first use, in milliseconds. Each such use issues a new pair;
   * pairs issued before stay valid.
   */
  readonly gracePeriod: number;
  /** Whether a refresh ends the earlier access tokens of the sign-in. */
  readonly refreshEndsAccessTokens: boolean;
  readonly mint: TokenMint;
}

/** Generates the strings, a new one at each call. */
export interface TokenMint {
  code(): string;
  accessToken(subject: TokenSubject): string;
  refreshToken(subject: TokenSubject): string;
}

export interface TokenSubject {
  readonly clientId: string;
  /** Absent: the client itself. */
  readonly userId?: string;
  readonly scopes: readonly string[];
  readonly issuedAt: number;
  /** In seconds. */
  readonly lifetime: number;
}

/** What a user allowed a client. */
export interface Consent {
  readonly clientId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  /** Whether the tokens include a refresh token. */
  readonly refreshable: boolean;
  /** The redirect URI that the code was sent to. */
  readonly redirectUri: string;
  readonly state?: string;
  readonly nonce?: string;
  readonly codeChallenge?: { readonly value: string; readonly method: 'plain' | 'S256' };
}

/** RFC 6749 §4.1.3. Members that are absent are not checked, except the verifier of a code that has a challenge. */
export interface CodeRedemption {
  readonly code: string;
  readonly clientId: string;
  readonly redirectUri?: string | undefined;
  readonly codeVerifier?: string | undefined;
  readonly state?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** RFC 6749 §6. */
export interface RefreshRequest {
  readonly refreshToken: string;
  readonly clientId: string;
  /** At most what was granted; absent: all of it. */
  readonly scopes?: readonly string[] | undefined;
  /** Does not rotate this once, as with the rotation `none`. */
  readonly keepRefreshToken?: boolean | undefined;
}

/** Tokens as issued. */
export interface IssuedTokens {
  readonly clientId: string;
  readonly userId?: string;
  readonly scopes: readonly string[];
  readonly accessToken: string;
  /** In seconds. */
  readonly expiresIn: number;
  readonly refreshToken?: string;
  readonly nonce?: string;
}

/** The facts about a valid access token. */
export interface AccessTokenFacts {
  readonly clientId: string;
  readonly userId?: string;
  readonly scopes: readonly string[];
  /**
   * The number of the sign-in that it descends from: later ones have higher numbers. Absent: the token belongs to the
   * client itself.
   */
  readonly signIn?: number;
}

/** All tokens that descend from one sign-in. */
interface Family {
  readonly consent: Consent;
  readonly signIn: number;
  revoked: boolean;
}

interface CodeEntry {
  readonly consent: Consent;
  readonly expiresAt: number;
  /** Set by the redemption. */
  family?: Family;
}

interface RefreshTokenEntry {
  readonly family: Family;
  readonly expiresAt: number;
  spentAt?: number;
}

interface AccessTokenEntry extends AccessTokenFacts {
  readonly family?: Family;
  readonly expiresAt: number;
  ended: boolean;
}

/** RFC 6749 §4.1.2 recommends ten minutes at most. */
const CODE_LIFETIME = 10 * 60_000;

/** Issues, rotates and revokes tokens: only the rules, without HTTP and client authentication. */
export class TokenIssuer {
  readonly #rules: IssuerRules;
  readonly #codes = new Map<string, CodeEntry>();
  readonly #accessTokens = new Map<string, AccessTokenEntry>();
  readonly #refreshTokens = new Map<string, RefreshTokenEntry>();
  #signIns = 0;

  constructor(rules: IssuerRules) {
    this.#rules = rules;
  }

  /** Issues a code for a consent; it works once, for ten minutes. */
  issueCode(consent: Consent): string {
    const code = this.#rules.mint.code();
    this.#codes.set(code, { consent, expiresAt: this.#now() + CODE_LIFETIME });
    return code;
  }

  /** @throws OAuthError `invalid_grant` or `invalid_scope` */
  redeemCode(redemption: CodeRedemption): IssuedTokens {
    const entry = this.#codes.get(redemption.code);
    if (entry === undefined || entry.consent.clientId !== redemption.clientId) {
      throw new OAuthError('invalid_grant', 'unknown authorization code');
    }
    if (entry.family !== undefined) {
      // RFC 6749 §4.1.2: a code that comes twice may have been stolen, so its tokens are revoked.
      entry.family.revoked = true;
      throw new OAuthError('invalid_grant', 'the authorization code was used before');
    }
    const { consent } = entry;
    if (entry.expiresAt <= this.#now()) throw new OAuthError('invalid_grant', 'the authorization code has expired');
    if (redemption.redirectUri !== undefined && redemption.redirectUri !== consent.redirectUri) {
      throw new OAuthError('invalid_grant', 'redirect_uri is not the one that the code was sent to');
    }
    if (redemption.state !== undefined && redemption.state !== consent.state) {
      throw new OAuthError('invalid_grant', 'state is not the one of the authorization request');
    }
    checkCodeVerifier(consent.codeChallenge, redemption.codeVerifier);
    checkWithin(consent.scopes, redemption.scopes);
    this.#signIns += 1;
    entry.family = { consent, signIn: this.#signIns, revoked: false };
    const tokens = this.#issuePair(entry.family, redemption.scopes ?? consent.scopes, consent.refreshable);
    return consent.nonce === undefined ? tokens : { ...tokens, nonce: consent.nonce };
  }

  /** RFC 6749 §4.4: an access token for the client itself; never a refresh token. */
  issueToClient(clientId: string, scopes: readonly string[]): IssuedTokens {
    return this.#issueAccessToken({ clientId, scopes });
  }

  /** @throws OAuthError `invalid_grant` or `invalid_scope` */
  refresh(request: RefreshRequest): IssuedTokens {
    const { rotation, refreshEndsAccessTokens } = this.#rules;
    const now = this.#now();
    const entry = this.#refreshTokens.get(request.refreshToken);
    if (entry === undefined || entry.family.consent.clientId !== request.clientId) {
      throw new OAuthError('invalid_grant', 'unknown refresh token');
    }
    const { family } = entry;
    if (family.revoked) throw new OAuthError('invalid_grant', 'the refresh token was revoked');
    if (entry.expiresAt <= now) throw new OAuthError('invalid_grant', 'the refresh token has expired');
    const replayed = entry.spentAt !== undefined;
    if (this.#worksUntil(entry) <= now) {
      if (rotation === 'revoke-chain') family.revoked = true;
      throw new OAuthError('invalid_grant', 'the refresh token was used before');
    }
    checkWithin(family.consent.scopes, request.scopes);

    const rotates = rotation !== 'none' && request.keepRefreshToken !== true;
    if (rotates) entry.spentAt ??= now;
    // A permitted replay comes from an instance that lost a race: it must not harm the winner's token.
    if (refreshEndsAccessTokens && !replayed) this.#endAccessTokens((token) => token.family === family);
    return this.#issuePair(family, request.scopes ?? family.consent.scopes, rotates);
  }

  /**
   * RFC 7009 §2.1: revokes a refresh token with every token of its sign-in, or an access token alone. Does nothing for
   * an unknown token, or, with `clientId`, for another client's.
   */
  revoke(token: string, clientId?: string): void {
    const family = this.#refreshTokens.get(token)?.family;
    if (family !== undefined && (clientId ?? family.consent.clientId) === family.consent.clientId)
      family.revoked = true;
    const access = this.#accessTokens.get(token);
    if (access !== undefined && (clientId ?? access.clientId) === access.clientId) access.ended = true;
  }

  /** Revokes all sign-ins of a user, as when the user removes the application in the account's settings. */
  revokeUser(userId: string): void {
    const families = [...this.#refreshTokens.values(), ...this.#accessTokens.values()].map((entry) => entry.family);
    for (const family of families) if (family?.consent.userId === userId) family.revoked = true;
  }

  /** Expires all access tokens at once; refresh tokens stay valid. */
  expireAccessTokens(): void {
    this.#endAccessTokens(() => true);
  }

  /** Expires the access tokens of a user, or of a service client; refresh tokens stay valid. */
  expireAccessTokensOf(who: string): void {
    this.#endAccessTokens(({ userId, clientId }) => (userId ?? clientId) === who);
  }

  /** Returns the number of the latest sign-in. */
  get signIns(): number {
    return this.#signIns;
  }

  /** Returns the facts about an access token; `undefined` if it is unknown, expired or revoked. */
  accessTokenFacts(token: string): AccessTokenFacts | undefined {
    const entry = this.#accessTokens.get(token);
    if (entry === undefined || entry.ended || entry.family?.revoked || entry.expiresAt <= this.#now()) return undefined;
    return entry;
  }

  /** Whether a refresh with this token would be granted to its client now. Changes nothing. */
  refreshTokenIsLive(token: string): boolean {
    const entry = this.#refreshTokens.get(token);
    return entry !== undefined && !entry.family.revoked && this.#now() < this.#worksUntil(entry);
  }

  #worksUntil({ expiresAt, spentAt }: RefreshTokenEntry): number {
    const { rotation, gracePeriod } = this.#rules;
    if (spentAt === undefined || rotation === 'lenient') return expiresAt;
    return Math.min(expiresAt, spentAt + gracePeriod);
  }

  #now(): number {
    return this.#rules.clock.now();
  }

  #endAccessTokens(which: (token: AccessTokenEntry) => boolean): void {
    for (const token of this.#accessTokens.values()) if (which(token)) token.ended = true;
  }

  #issuePair(family: Family, scopes: readonly string[], withRefreshToken: boolean): IssuedTokens {
    const { clientId, userId } = family.consent;
    const tokens = this.#issueAccessToken({ clientId, userId, scopes }, family);
    if (!withRefreshToken) return tokens;
    const lifetime = this.#rules.refreshTokenLifetime;
    const issuedAt = this.#now();
    const subject = { clientId, userId, scopes: family.consent.scopes, issuedAt, lifetime };
    const refreshToken = this.#rules.mint.refreshToken(subject);
    this.#refreshTokens.set(refreshToken, { family, expiresAt: issuedAt + lifetime * 1000 });
    return { ...tokens, refreshToken };
  }

  #issueAccessToken(facts: AccessTokenFacts, family?: Family): IssuedTokens {
    const lifetime = this.#rules.accessTokenLifetime;
    const issuedAt = this.#now();
    const accessToken = this.#rules.mint.accessToken({ ...facts, issuedAt, lifetime });
    const entry = { ...facts, expiresAt: issuedAt + lifetime * 1000, ended: false };
    this.#accessTokens.set(accessToken, family === undefined ? entry : { ...entry, family, signIn: family.signIn });
    return { ...facts, accessToken, expiresIn: lifetime };
  }
}

/**
 * RFC 7636 §4.6; and RFC 9700 §4.8.2: a verifier without a challenge is rejected, because an attacker may have removed
 * the challenge.
 */
function checkCodeVerifier(challenge: Consent['codeChallenge'], verifier: string | undefined): void {
  if (challenge === undefined) {
    if (verifier !== undefined) throw new OAuthError('invalid_grant', 'unexpected code_verifier parameter');
    return;
  }
  if (verifier === undefined) throw new OAuthError('invalid_grant', 'missing code_verifier parameter');
  const derived = challenge.method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
  if (derived !== challenge.value) throw new OAuthError('invalid_grant', 'code_verifier does not match code_challenge');
}

function checkWithin(granted: readonly string[], asked: readonly string[] = []): void {
  const extra = asked.find((scope) => !granted.includes(scope));
  if (extra !== undefined) throw new OAuthError('invalid_scope', 'scope was not granted by the user');
}
