/**
 * Checks that every storage makes of its arguments. Call them inside async methods, so that callers see a rejection. No
 * message quotes an argument, because values hold tokens.
 */
import { StorageError } from './errors.js';
import type { CommitRequest, DueRequest, LeaseRequest } from './token-storage.js';

/** @throws StorageError `invalid_argument` for a key that is not a string */
export function assertKey(key: string): void {
  assertArgument(typeof key === 'string', 'A key must be a string.');
}

/**
 * @throws StorageError `invalid_argument` for an owner that is not a string, an invalid version, or a `ttl` that is not
 * finite and above 0
 */
export function assertLeaseRequest({ owner, ttl, ifVersion }: LeaseRequest): void {
  assertArgument(typeof owner === 'string', 'The `owner` of a lease must be a string.');
  assertArgument(Number.isFinite(ttl) && ttl > 0, 'A lease needs a `ttl` above 0 ms.');
  assertVersion(ifVersion);
}

/**
 * An `expiresAt` or `dueAt` of `Infinity` is valid, and means the same as omitting it.
 *
 * @throws StorageError `invalid_argument` for a value that is not a string, an invalid version, or an invalid time
 */
export function assertCommitRequest({ value, expectedVersion, expiresAt = 0, dueAt = 0 }: CommitRequest): void {
  assertArgument(typeof value === 'string', 'A `value` must be a string.');
  assertTime('expiresAt', expiresAt);
  assertTime('dueAt', dueAt);
  assertVersion(expectedVersion);
}

/**
 * @throws StorageError `invalid_argument` for a prefix that is not a string, or a limit that is not a whole number
 * above 0
 */
export function assertDueRequest({ prefix, limit }: DueRequest): void {
  assertArgument(typeof prefix === 'string', 'The `prefix` of keys must be a string.');
  assertArgument(Number.isSafeInteger(limit) && limit > 0, 'A `limit` is a whole number above 0.');
}

function assertTime(name: string, time: number): void {
  assertArgument(typeof time === 'number' && time > Number.NEGATIVE_INFINITY, `\`${name}\` must be a time in ms.`);
}

function assertVersion(version: number): void {
  assertArgument(Number.isSafeInteger(version) && version >= 0, 'A version is a whole number, 0 or above.');
}

function assertArgument(condition: boolean, message: string): void {
  if (!condition) throw new StorageError('invalid_argument', message);
}
