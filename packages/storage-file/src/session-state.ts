import { StorageError } from '@frameio-auth/core';

/** The whole state of one key as stored in a file: plain JSON, times in milliseconds since the Unix epoch. */
export interface SessionState {
  /** The version of the last commit, even if its record has expired since; 0 before the first. */
  readonly version: number;
  readonly record: {
    readonly value: string;
    /** When the record expires; `null`: never. */
    readonly expiresAt: number | null;
    /**
     * When the record is due, the key to list it by, which the folder's name does not reveal, and the id of its hint in
     * the index. Absent: never, as in files from before this field existed. It is part of the record, because older
     * processes keep or replace a record as a whole.
     */
    readonly due?: { readonly at: number; readonly key: string; readonly hint?: string };
  } | null;
  /** Outlives its deadline and its record: an expired lease is evidence that its work may have been done. */
  readonly lease: {
    readonly id: string;
    readonly owner: string;
    readonly until: number;
    /** The duration it was granted for, in milliseconds; absent in files from before this field existed. */
    readonly ttl?: number;
  } | null;
}

/** The state of a key that has never been used. */
export const UNUSED: SessionState = { version: 0, record: null, lease: null };

const FORMAT = 1;

/** No byte follows the closing brace, so a truncated file is not valid JSON. */
export function write(state: SessionState): string {
  return JSON.stringify({ format: FORMAT, ...state });
}

/**
 * Parses the text of a file.
 *
 * @param path - only for the error
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

/** Creates the error for a file that cannot be read. The file is kept, and never treated as a missing session. */
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
    return undefined; // The parser's own message quotes the text, which contains tokens.
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
  // It becomes part of a path.
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
