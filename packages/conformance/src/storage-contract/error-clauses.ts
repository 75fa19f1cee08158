import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { StorageError } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { assertNoRecord, assertRecord, type Clause, KEY, LONG, write } from './storage-fixture.js';

const SECRET = 'fictional-secret-refresh-token';

/** Invalid calls, by what is wrong with them. */
const SENSELESS: Readonly<Record<string, (storage: TokenStorage) => Promise<unknown>>> = {
  'a value that is an object': (storage) =>
    storage.commit(KEY, { value: { refreshToken: SECRET } as never, expectedVersion: 0 }),
  'a value that is a buffer': (storage) =>
    storage.commit(KEY, { value: Buffer.from(SECRET) as never, expectedVersion: 0 }),
  'a value that is absent': (storage) => storage.commit(KEY, { value: undefined as never, expectedVersion: 0 }),
  'an expected version below 0': (storage) => storage.commit(KEY, { value: SECRET, expectedVersion: -1 }),
  'an expected version of one and a half': (storage) => storage.commit(KEY, { value: SECRET, expectedVersion: 1.5 }),
  'an expected version that is no number': (storage) => storage.commit(KEY, { value: SECRET, expectedVersion: NaN }),
  'an expiry that is no number': (storage) =>
    storage.commit(KEY, { value: SECRET, expectedVersion: 0, expiresAt: NaN }),
  'a due time that is no number': (storage) => storage.commit(KEY, { value: SECRET, expectedVersion: 0, dueAt: NaN }),
  'a list of no keys': (storage) => storage.due({ prefix: '', limit: 0 }),
  'a list of half a key': (storage) => storage.due({ prefix: '', limit: 0.5 }),
  'a list of keys that begin with no string': (storage) => storage.due({ prefix: undefined as never, limit: 1 }),
  'a lease of no length': (storage) => storage.lease(KEY, { owner: 'one', ttl: 0, ifVersion: 0 }),
  'a lease of a negative length': (storage) => storage.lease(KEY, { owner: 'one', ttl: -LONG, ifVersion: 0 }),
  'a lease without an end': (storage) => storage.lease(KEY, { owner: 'one', ttl: Infinity, ifVersion: 0 }),
  'a lease of a length that is no number': (storage) => storage.lease(KEY, { owner: 'one', ttl: NaN, ifVersion: 0 }),
  'a lease on a version below 0': (storage) => storage.lease(KEY, { owner: 'one', ttl: LONG, ifVersion: -1 }),
  'a lease on a version of one and a half': (storage) =>
    storage.lease(KEY, { owner: 'one', ttl: LONG, ifVersion: 1.5 }),
};

export const errorClauses: readonly Clause[] = [
  {
    id: 'error.argument',
    rule: 'An argument that no storage could keep is rejected with a StorageError, and changes nothing.',
    async prove({ storage }) {
      for (const [what, call] of Object.entries(SENSELESS)) {
        assertStorageError(await failureOf(() => call(storage)), `With ${what}, a call`);
        assertNoRecord(await storage.read(KEY));
      }
      const version = await write(storage, KEY, 'value');
      for (const [what, call] of Object.entries(SENSELESS)) {
        assertStorageError(await failureOf(() => call(storage)), `With ${what}, a call`);
        assertRecord(await storage.read(KEY), 'value', version);
      }
    },
  },
  {
    id: 'error.secret',
    rule: 'No error contains the value that was to be written, or the stored one.',
    async prove({ storage, other }) {
      const version = await write(storage, KEY, SECRET);
      const failures = await Promise.all(Object.values(SENSELESS).map((call) => failureOf(() => call(storage))));
      await storage.close();
      const late = { value: SECRET, expectedVersion: version };
      failures.push(await failureOf(() => storage.commit(KEY, late)), await failureOf(() => storage.read(KEY)));
      await other.close();
      failures.push(await failureOf(() => other.commit(KEY, late)));
      for (const failure of failures) {
        const shown = `${failure} ${JSON.stringify(failure)} ${inspect(failure, { depth: 9, showHidden: true })}`;
        const encoded = [
          SECRET,
          Buffer.from(SECRET).toString('base64').slice(0, 40),
          Buffer.from(SECRET).toString('hex'),
        ];
        assert.ok(!encoded.some((text) => shown.includes(text)), 'An error holds the value.');
      }
    },
  },
];

/** Resolves to the rejection of a call; fails if it throws instead, or resolves. */
export async function failureOf(call: () => Promise<unknown>): Promise<unknown> {
  let reply: Promise<unknown>;
  try {
    reply = call();
  } catch {
    assert.fail('A call threw, where its promise should have rejected.');
  }
  return reply.then(
    () => undefined,
    (error: unknown) => error,
  );
}

export function assertStorageError(failure: unknown, subject: string): void {
  const found =
    failure instanceof Error ? `with a ${failure.name}` : failure === undefined ? 'not at all' : 'with no Error';
  assert.ok(failure instanceof StorageError, `${subject} should fail with a StorageError, and fails ${found}.`);
}
