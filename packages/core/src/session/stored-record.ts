import { StorageError } from '../kernel/errors.js';
import { foreignFailure } from '../kernel/foreign-failure.js';
import { cleanText } from '../kernel/foreign-text.js';
import type { RecordFacts } from '../kernel/record-facts.js';
import type { EndingCause, SessionEnding } from '../kernel/session-ending.js';
import { isSignIn, type TokenSet, tokenSet } from '../kernel/token-set.js';
import type { StoredRecord } from '../kernel/token-storage.js';
import type { Tombstone } from '../machine/effects.js';
import { readImport } from './exported-tokens.js';

/** The version of the format below. A record of a later one is refused and left as it is. */
const FORMAT = 1;

/** What a session's record holds, as JSON in storage. Times are milliseconds since the Unix epoch. */
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

/** What is in a record: what may be shown of it, and its tokens, if it has any. */
export interface RecordContents {
  readonly facts: RecordFacts;
  readonly tokens?: TokenSet;
}

/**
 * Reads a record of any format so far. An older one is read as what it means today, and is written in today's format
 * by the session's next commit; so is a token set as `exportTokens()` and the official SDKs write it, which is what an
 * application has that kept tokens itself before it put its storage behind this port.
 *
 * @param now - the storage's time, for what an older format does not say
 * @throws StorageError for a record that this version cannot read; its text is in no message, and it stays as it is.
 *   One that is damaged may be replaced, so its version is in the error; one of a newer format may not
 */
export function readRecord(record: StoredRecord | undefined, now: number): RecordContents {
  if (record === undefined) return { facts: { status: 'absent', version: 0 } };
  try {
    return contentsOf(record, now);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new StorageError(
      'record_unreadable',
      'The stored session cannot be read: it is damaged, or something else was written under its key. It was left as it is: mend it, or sign in again, which replaces it.',
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

/** The format before there were records: a bare token set. */
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
      'The stored session was written by a newer version of @frameio-auth/core. Update this application; the record was left as it is.',
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
  return { cause, failure: (isObject(failure) && foreignFailure(failure, cleanText)) || unreadable() };
}

/** Tombstones did not always say it, and one that says it wrongly is taken for one of those. */
function ofVersionIn({ ofVersion }: Body): { readonly ofVersion?: number } {
  return typeof ofVersion === 'number' && Number.isSafeInteger(ofVersion) && ofVersion >= 0 ? { ofVersion } : {};
}

/** Something in the record is not as it was written. */
class Unreadable extends Error {}

function unreadable(): never {
  throw new Unreadable();
}
