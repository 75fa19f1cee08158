/**
 * What every storage refuses, whatever it keeps its records in. A storage calls these inside its async methods, so that
 * callers see a rejection. No message quotes what was handed over, because values hold tokens.
 */
import { StorageError } from './errors.js';
import type { CommitRequest, LeaseRequest } from './token-storage.js';

/** @throws StorageError `invalid_argument` for a key that is no string */
export function assertKey(key: string): void {
  assertArgument(typeof key === 'string', 'A key must be a string.');
}

/** @throws StorageError `invalid_argument` for an owner that is no string, no version, or a `ttl` without an end */
export function assertLeaseRequest({ owner, ttl, ifVersion }: LeaseRequest): void {
  assertArgument(typeof owner === 'string', 'The `owner` of a lease must be a string.');
  assertArgument(Number.isFinite(ttl) && ttl > 0, 'A lease needs a `ttl` above 0 ms.');
  assertVersion(ifVersion);
}

/**
 * An `expiresAt` of `Infinity` passes: it says the same as none.
 *
 * @throws StorageError `invalid_argument` for a value that is no string, no version, or an `expiresAt` that is no time
 */
export function assertCommitRequest({ value, expectedVersion, expiresAt = 0 }: CommitRequest): void {
  assertArgument(typeof value === 'string', 'A `value` must be a string.');
  assertArgument(
    typeof expiresAt === 'number' && expiresAt > Number.NEGATIVE_INFINITY,
    '`expiresAt` must be a time in ms.',
  );
  assertVersion(expectedVersion);
}

function assertVersion(version: number): void {
  assertArgument(Number.isSafeInteger(version) && version >= 0, 'A version is a whole number, 0 or above.');
}

function assertArgument(condition: boolean, message: string): void {
  if (!condition) throw new StorageError('invalid_argument', message);
}
