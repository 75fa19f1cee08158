import { ConfigurationError } from '../kernel/errors.js';
import { isToken, type TokenSet, tokenSet } from '../kernel/token-set.js';

/** Tokens in plain text, for the application to store. Treat them as secrets. */
export interface ExportedTokens {
  /** The version of this format. */
  readonly format: 1;
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** When the access token expires, in seconds since the Unix epoch, as in the official SDKs; absent if unknown. */
  readonly expiresAt?: number;
  /** When the tokens were requested, in seconds since the Unix epoch. */
  readonly issuedAt?: number;
  /**
   * When the refresh token was issued, in seconds since the Unix epoch; present if that was before these tokens were.
   */
  readonly refreshTokenIssuedAt?: number;
  readonly scopes?: readonly string[];
}

/**
 * What `importTokens()` accepts: what `exportTokens()` returned, here or in the official SDKs. Both `access_token` and
 * `accessToken` work; times are seconds since the Unix epoch, scopes an array or one string.
 */
export interface ImportableTokens {
  readonly format?: number;
  readonly accessToken?: string;
  readonly access_token?: string;
  readonly refreshToken?: string | null;
  readonly refresh_token?: string | null;
  readonly idToken?: string | null;
  readonly id_token?: string | null;
  readonly expiresAt?: number | null;
  readonly expires_at?: number | null;
  readonly issuedAt?: number | null;
  readonly issued_at?: number | null;
  readonly refreshTokenIssuedAt?: number | null;
  readonly refresh_token_issued_at?: number | null;
  readonly scopes?: string | readonly string[] | null;
  readonly scope?: string | readonly string[] | null;
}

export function exportTokens({ accessToken, refreshToken, idToken, facts }: TokenSet): ExportedTokens {
  return {
    format: 1,
    accessToken: accessToken.reveal(),
    ...(refreshToken && { refreshToken: refreshToken.reveal() }),
    ...(idToken && { idToken: idToken.reveal() }),
    ...(facts.expiresAt !== null && { expiresAt: facts.expiresAt / 1000 }),
    issuedAt: facts.issuedAt / 1000,
    ...(facts.refreshTokenIssuedAt !== undefined && { refreshTokenIssuedAt: facts.refreshTokenIssuedAt / 1000 }),
    scopes: [...facts.scopes],
  };
}

/**
 * Values from here on are milliseconds: epoch seconds reach it in three thousand years, epoch milliseconds passed it
 * long ago.
 */
const FIRST_MILLISECONDS = 100_000_000_000;

/** @throws ConfigurationError that says what is wrong; no message quotes the import */
export function readImport(tokens: ImportableTokens, now: number): TokenSet {
  if (typeof tokens !== 'object' || tokens === null || Array.isArray(tokens)) {
    refuse('must be the object that exportTokens() gave. Parse it first if it was stored as JSON.');
  }
  const { format = 1 } = tokens;
  if (format !== 1) {
    refuse(
      typeof format === 'number' && format > 1
        ? `have the format ${format}, of a newer version of @frameio-auth/core. Update this application to import them.`
        : 'have a format that is no version number. Import what exportTokens() gave, unchanged.',
    );
  }
  const accessToken = textOf('accessToken', tokens.accessToken ?? tokens.access_token);
  if (accessToken === undefined) refuse('have no accessToken. Import what exportTokens() gave, unchanged.');
  const refreshToken = textOf('refreshToken', tokens.refreshToken ?? tokens.refresh_token);
  const idToken = textOf('idToken', tokens.idToken ?? tokens.id_token);
  const expiresAt = timeOf('expiresAt', tokens.expiresAt ?? tokens.expires_at);
  if (expiresAt === undefined && 'expires_in' in tokens) {
    refuse('say how long they live (expires_in) and not since when. Add expiresAt, in seconds since the Unix epoch.');
  }
  const issuedAt = Math.min(timeOf('issuedAt', tokens.issuedAt ?? tokens.issued_at) ?? now, now);
  const refreshTokenIssuedAt = timeOf(
    'refreshTokenIssuedAt',
    tokens.refreshTokenIssuedAt ?? tokens.refresh_token_issued_at,
  );
  const read = tokenSet({
    accessToken,
    refreshToken,
    idToken,
    issuedAt,
    expiresAt: expiresAt ?? null,
    ...(refreshTokenIssuedAt !== undefined && refreshTokenIssuedAt < issuedAt && { refreshTokenIssuedAt }),
    scopes: scopesOf(tokens.scopes ?? tokens.scope),
  });
  // Each member has passed the same checks above, so this cannot fail.
  return read as TokenSet;
}

function textOf(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  // A Headers object's own error would quote the value. A space is that of "Bearer …", copied with the token.
  if (!isToken(value) || value.includes(' ')) {
    refuse(
      `have ${name === 'accessToken' || name === 'idToken' ? 'an' : 'a'} ${name} that is no token. Import what exportTokens() gave, unchanged.`,
    );
  }
  return value;
}

function timeOf(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    refuse(`have an ${name} that is no time. Give it in seconds since the Unix epoch.`);
  }
  if (value >= FIRST_MILLISECONDS) {
    refuse(`have an ${name} in milliseconds. Give it in seconds since the Unix epoch.`);
  }
  // Fractional seconds are inexact in binary; the original milliseconds were whole numbers.
  return Math.round(value * 1000) + 0; // Turns -0 into 0, because JSON does not keep -0.
}

function scopesOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const scopes = typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : value;
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) {
    refuse('have scopes that are neither a string nor an array of strings.');
  }
  return [...scopes];
}

function refuse(complaint: string): never {
  throw new ConfigurationError('invalid_import', `The imported tokens ${complaint}`);
}
