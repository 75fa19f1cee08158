import { StorageError } from '../kernel/errors.js';
import { foreignFailure } from '../kernel/foreign-failure.js';
import type { RecordFacts } from '../kernel/record-facts.js';
import { sanitizeText } from '../kernel/redaction.js';
import type { EndingCause, SessionEnding } from '../kernel/session-ending.js';
import { isSignIn, type TokenSet, tokenSet } from '../kernel/token-set.js';
import type { StoredRecord } from '../kernel/token-storage.js';
import type { Tombstone } from '../machine/effects.js';
import { readImport } from './exported-tokens.js';

/** The version of the format below. A record of a later format is rejected and left unchanged. */
const FORMAT = 1;

/** A session's record, as JSON in the storage. Times are milliseconds since the Unix epoch. */
type RecordBody =
  | {
      readonly format: typeof FORMAT;
      readonly status: 'tokens';
      readonly accessToken: string;
      readonly refreshToken?: string;
      readonly idToken?: string;
      readonly issuedAt: number;
      readonly expiresAt: number | null;
      readonly refreshTokenIssuedAt?: number;
      readonly signIn?: string;
      readonly scopes: readonly string[];
    }
  | {
      readonly format: typeof FORMAT;
      readonly status: 'expired';
      readonly ending: SessionEnding;
      readonly ofVersion: number;
    }
  | { readonly format: typeof FORMAT; readonly status: 'revoked'; readonly signIn?: string };

export function writeTokens({ accessToken, refreshToken, idToken, facts }: TokenSet): string {
  const body: RecordBody = {
    format: FORMAT,
    status: 'tokens',
    accessToken: accessToken.reveal(),
    ...(refreshToken && { refreshToken: refreshToken.reveal() }),
    ...(idToken && { idToken: idToken.reveal() }),
    issuedAt: facts.issuedAt,
    expiresAt: facts.expiresAt,
    ...(facts.refreshTokenIssuedAt !== undefined && { refreshTokenIssuedAt: facts.refreshTokenIssuedAt }),
    ...(facts.signIn !== undefined && { signIn: facts.signIn }),
    scopes: facts.scopes,
  };
  return JSON.stringify(body);
}

export function writeTombstone(tombstone: Tombstone): string {
  return JSON.stringify({ format: FORMAT, ...tombstone } satisfies RecordBody);
}

/** The content of a record: its public facts, and its tokens, if it has any. */
export interface RecordContents {
  readonly facts: RecordFacts;
  readonly tokens?: TokenSet;
}

/**
 * Reads a record of any format so far. An older format is read with its present meaning; the session's next commit
 * writes the current format. It also reads a token set as `exportTokens()` and the official SDKs write it, for
 * applications that stored tokens themselves before.
 *
 * @param now - the storage's time, for times that an older format lacks
 * @throws StorageError for a record that this version cannot read; no message quotes it, and it stays unchanged. A
 * damaged record may be replaced, so the error has its version; one of a newer format may not
 */
export function readRecord(record: StoredRecord | undefined, now: number): RecordContents {
  if (record === undefined) return { facts: { status: 'absent', version: 0 } };
  try {
    return contentsOf(record, now);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new StorageError(
      'record_unreadable',
      'The stored session cannot be read: it is damaged, or its key contains something else. It was not changed. Restore it from a backup, or sign in again, which replaces it.',
      { version: record.version },
    );
  }
}

function contentsOf({ version, value }: StoredRecord, now: number): RecordContents {
  const body = parse(value);
  switch (body['status']) {
    case undefined:
      return readExported(body, version, now);
    case 'tokens': {
      const tokens = tokenSet(body) ?? unreadable();
      return { facts: { status: 'tokens', version, tokens: tokens.facts }, tokens };
    }
    case 'expired':
      return { facts: { status: 'expired', version, ending: endingOf(body['ending']), ...ofVersionIn(body) } };
    case 'revoked':
      return { facts: { status: 'revoked', version, ...(isSignIn(body['signIn']) && { signIn: body['signIn'] }) } };
    default:
      return unreadable();
  }
}

type Body = Record<string, unknown>;

/** Reads the format before there were records: a bare token set. */
function readExported(body: Body, version: number, now: number): RecordContents {
  try {
    const tokens = readImport(body, now);
    return { facts: { status: 'tokens', version, tokens: tokens.facts }, tokens };
  } catch {
    return unreadable();
  }
}

function parse(value: string): Body {
  let body: unknown;
  try {
    body = JSON.parse(value);
  } catch {
    // The parser's own message quotes the text, which may hold tokens.
    return unreadable();
  }
  if (!isObject(body)) return unreadable();
  const format = body['format'] ?? 0;
  if (!Number.isInteger(format) || (body['status'] !== undefined && format === 0)) return unreadable();
  if ((format as number) > FORMAT) {
    throw new StorageError(
      'record_from_newer_version',
      'The stored session was written by a newer version of @frameio-auth/core. The record was not changed. Update this application.',
    );
  }
  return body;
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const CAUSES: readonly unknown[] = [
  'refresh_token_rejected',
  'refresh_interrupted',
  'user_action_required',
  'access_token_expired',
  'access_token_rejected',
] satisfies EndingCause[];

function endingOf(value: unknown): SessionEnding {
  if (!isObject(value) || !CAUSES.includes(value['cause'])) return unreadable();
  const [cause, failure] = [value['cause'] as EndingCause, value['failure']];
  if (failure === null) return { cause, failure };
  return { cause, failure: (isObject(failure) && foreignFailure(failure, sanitizeText)) || unreadable() };
}

/** Older tombstones lack it, and an invalid value counts as missing. */
function ofVersionIn({ ofVersion }: Body): { readonly ofVersion?: number } {
  return typeof ofVersion === 'number' && Number.isSafeInteger(ofVersion) && ofVersion >= 0 ? { ofVersion } : {};
}

/** Thrown for a record that is damaged. */
class Unreadable extends Error {}

function unreadable(): never {
  throw new Unreadable();
}
