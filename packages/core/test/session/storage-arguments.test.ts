import { describe, expect, it } from 'vitest';
import { StorageError } from '../../src/kernel/errors.js';
import {
  assertCommitRequest,
  assertDueRequest,
  assertKey,
  assertLeaseRequest,
} from '../../src/kernel/storage-arguments.js';
import type { CommitRequest, LeaseRequest } from '../../src/kernel/token-storage.js';

const LEASE: LeaseRequest = { owner: 'instance-1', ttl: 30_000, ifVersion: 0 };
const COMMIT: CommitRequest = { value: 'fictional-refresh-token', expectedVersion: 0 };

describe('arguments of a storage', () => {
  it.each<[string, () => void]>([
    ['an empty key', () => assertKey('')],
    ['a lease on no record', () => assertLeaseRequest(LEASE)],
    [
      'a lease on the last version that a number can tell',
      () => assertLeaseRequest({ ...LEASE, ifVersion: 2 ** 53 - 1 }),
    ],
    ['an empty value', () => assertCommitRequest({ ...COMMIT, value: '' })],
    ['a record for ever, said by absence', () => assertCommitRequest(COMMIT)],
    ['a record for ever, said by a number', () => assertCommitRequest({ ...COMMIT, expiresAt: Infinity })],
    ['a record that is over already', () => assertCommitRequest({ ...COMMIT, expiresAt: -1 })],
    ['a record that is never due, said by a number', () => assertCommitRequest({ ...COMMIT, dueAt: Infinity })],
    ['a list of one key of any beginning', () => assertDueRequest({ prefix: '', limit: 1 })],
  ])('passes %s', (_, check) => {
    expect(check).not.toThrow();
  });

  it.each<[string, () => void]>([
    ['a key that is no string', () => assertKey(7 as never)],
    ['an owner that is no string', () => assertLeaseRequest({ ...LEASE, owner: undefined as never })],
    ['a lease of no length', () => assertLeaseRequest({ ...LEASE, ttl: 0 })],
    ['a lease without an end', () => assertLeaseRequest({ ...LEASE, ttl: Infinity })],
    ['a length that is text', () => assertLeaseRequest({ ...LEASE, ttl: '30000' as never })],
    ['a version below 0', () => assertLeaseRequest({ ...LEASE, ifVersion: -1 })],
    ['a version of one and a half', () => assertCommitRequest({ ...COMMIT, expectedVersion: 1.5 })],
    [
      'a version that no number can tell from the next',
      () => assertCommitRequest({ ...COMMIT, expectedVersion: 2 ** 53 }),
    ],
    ['an expiry that is no number', () => assertCommitRequest({ ...COMMIT, expiresAt: NaN })],
    ['an expiry before all time', () => assertCommitRequest({ ...COMMIT, expiresAt: -Infinity })],
    ['a due time that is no number', () => assertCommitRequest({ ...COMMIT, dueAt: NaN })],
    ['a due time that is a date', () => assertCommitRequest({ ...COMMIT, dueAt: new Date() as never })],
    ['a prefix that is no string', () => assertDueRequest({ prefix: null as never, limit: 1 })],
    ['a list of no keys', () => assertDueRequest({ prefix: '', limit: 0 })],
    ['a list without an end', () => assertDueRequest({ prefix: '', limit: Infinity })],
    ['an expiry that is a date', () => assertCommitRequest({ ...COMMIT, expiresAt: new Date() as never })],
  ])('rejects %s with a StorageError', (_, check) => {
    const failure = thrownBy(check);
    expect(failure).toBeInstanceOf(StorageError);
    expect(failure).toMatchObject({ code: 'invalid_argument' });
  });

  it('does not show a value that it rejects', () => {
    const failure = thrownBy(() => assertCommitRequest({ ...COMMIT, value: [COMMIT.value] as never }));
    expect(`${failure} ${JSON.stringify(failure)}`).not.toContain(COMMIT.value);
  });
});

function thrownBy(check: () => void): unknown {
  try {
    check();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}
