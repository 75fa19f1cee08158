import { StorageError } from '@frameio-auth/core';

/** All that is known of one key, as it stands in a file: plain JSON, times in milliseconds since the Unix epoch. */
export interface SessionState {
  /** The version of the last commit, whose record may be gone since; 0 before the first. */
  readonly version: number;
  readonly record: {
    readonly value: string;
    /** When it is to be forgotten; `null`: never. */
    readonly expiresAt: number | null;
    /**
     * When it is due, the key that it is listed by, which the folder's name does not tell, and the id of the hint that
     * says so in the index; absent: never, as in files of the time before there was this. It lies inside the record, because processes of that time keep or
     * replace a record as a whole.
     */
    readonly due?: { readonly at: number; readonly key: string; readonly hint?: string };
  } | null;
  /** Outlives its deadline and its record: a lease that time has ended is evidence that its work may have been done. */
  readonly lease: {
    readonly id: string;
    readonly owner: string;
    readonly until: number;
    /** For how long it was granted, in milliseconds; absent in files of the time before there was this. */
    readonly ttl?: number;
  } | null;
}

/** What is known of a key that nobody has used. */
export const NOTHING: SessionState = { version: 0, record: null, lease: null };

const FORMAT = 1;

/** No byte follows the closing brace, so a file that has lost its end is no JSON. */
export function write(state: SessionState): string {
  return JSON.stringify({ format: FORMAT, ...state });
}

/**
 * @param path - for the error alone
 * @throws StorageError `record_unreadable`, `record_too_new`
 */
export function parse(text: string, path: string): SessionState {
  const file = json(text);
  if (!isObject(file) || !Number.isSafeInteger(file['format']))
    throw unreadable(path, 'is damaged or not a file of this storage');
  if (file['format'] !== FORMAT) {
    throw new StorageError(
      'record_too_new',
      `${path} was written by another version of this package, in format ${file['format']}; this one knows ` +
        `${FORMAT}. It was left as it is. Bring all processes that share the directory to the same version.`,
    );
  }
  const { version, record, lease } = file;
  if (!isCount(version) || !(record === null || isRecord(record)) || !(lease === null || isLease(lease))) {
    throw unreadable(path, 'is damaged');
  }
  return { version, record, lease };
}

/** The error for what cannot be read. It is kept, and never taken for a session that is not there. */
export function unreadable(path: string, complaint: string): StorageError {
  return new StorageError(
    'record_unreadable',
    `${path} ${complaint}. It was left as it is. Put it back from a copy, or move the session's folder out of the ` +
      'directory to begin the session anew: then its user must sign in again.',
  );
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The parser's own message quotes the text, which holds tokens.
  }
}

function isRecord(value: unknown): value is NonNullable<SessionState['record']> {
  return (
    isObject(value) &&
    typeof value['value'] === 'string' &&
    (value['expiresAt'] === null || isTime(value['expiresAt'])) &&
    (value['due'] === undefined || isDue(value['due']))
  );
}

function isDue(value: unknown): boolean {
  if (!isObject(value) || !isTime(value['at']) || typeof value['key'] !== 'string') return false;
  const { hint } = value;
  // It becomes a part of a path.
  return hint === undefined || (typeof hint === 'string' && /^[0-9a-f]{24}$/.test(hint));
}

function isLease(value: unknown): value is NonNullable<SessionState['lease']> {
  return (
    isObject(value) &&
    typeof value['id'] === 'string' &&
    typeof value['owner'] === 'string' &&
    isTime(value['until']) &&
    (value['ttl'] === undefined || isTime(value['ttl']))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number';
}
