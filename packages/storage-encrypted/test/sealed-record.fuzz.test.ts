import { StorageError } from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../../tests/seeds.js';
import { encryptedStorage } from '../src/encrypted-storage.js';
import { KEYS } from './keys.js';

const SECRET = 'canary-token';

const wellFormed = fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text));
const anyKey = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom('mara', '\ud800', '\udc00'));

function bench() {
  const inner = memoryStorage();
  return { inner, storage: encryptedStorage(inner, { keys: KEYS, current: '2030-01' }) };
}

/** Returns the value under a key, decrypted or as the error code. */
async function readingOf(storage: ReturnType<typeof encryptedStorage>, key: string): Promise<string | undefined> {
  try {
    return (await storage.read(key)).record?.value;
  } catch (error) {
    expect(error).toBeInstanceOf(StorageError);
    const { code, message, version } = error as StorageError;
    expect(code).toMatch(/^(?:record_tampered|record_moved|record_not_encrypted|encryption_key_(?:missing|wrong))$/);
    expect(version).toBe(1);
    expect(message).not.toContain(SECRET);
    return undefined;
  }
}

async function sealed(key: string, value: string): Promise<string> {
  const { inner, storage } = bench();
  await storage.commit(key, { value, expectedVersion: 0 });
  return (await inner.read(key)).record?.value ?? '';
}

const anyChange = fc.record({
  at: fc.nat({ max: 9_999 }),
  drop: fc.nat({ max: 3 }),
  add: fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.string({ unit: 'binary', maxLength: 2 }),
    fc.constantFrom('A', '_', '.', '=', ' ', '\n', '+', '/'),
  ),
});

function changed(
  text: string,
  { at, drop, add }: typeof anyChange extends fc.Arbitrary<infer Change> ? Change : never,
) {
  const place = at % (text.length + 1);
  return text.slice(0, place) + add + text.slice(place + drop);
}

describe('an encrypted record', () => {
  it('is read as it was written, and nothing of it is in clear', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, wellFormed, async (key, text) => {
        const value = `${SECRET}${text}`;
        const { inner, storage } = bench();
        await storage.commit(key, { value, expectedVersion: 0 });
        expect((await storage.read(key)).record?.value).toBe(value);
        expect((await inner.read(key)).record?.value).not.toContain(SECRET);
      }),
      runs(50),
    );
  });

  it('that was changed is refused, or says the same in another spelling of base64url', async () => {
    const key = 'mara';
    await fc.assert(
      fc.asyncProperty(wellFormed, fc.array(anyChange, { minLength: 1, maxLength: 3 }), async (text, changes) => {
        const value = `${SECRET}${text}`;
        const tampered = changes.reduce(changed, await sealed(key, value));
        const { inner, storage } = bench();
        await inner.commit(key, { value: tampered, expectedVersion: 0 });
        expect([undefined, value]).toContain(await readingOf(storage, key));
      }),
      runs(50),
    );
  });

  it('is refused under the key of another session, and with parts of another record', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, anyKey, wellFormed, fc.subarray([0, 1, 2, 3, 4]), async (key, other, text, parts) => {
        fc.pre(key !== other);
        const [mine, theirs] = await Promise.all([sealed(key, `mine ${text}`), sealed(other, `theirs ${text}`)]);
        const theirParts = theirs.split('.');
        const mixed = mine.split('.').map((part, index) => (parts.includes(index) ? theirParts[index] : part));
        const { inner, storage } = bench();
        await inner.commit(key, { value: mixed.join('.'), expectedVersion: 0 });
        const isMine = mixed.join('.') === mine;
        expect(await readingOf(storage, key)).toBe(isMine ? `mine ${text}` : undefined);
      }),
      runs(60),
    );
  });

  it('is refused when it is anything else', async () => {
    const header = fc
      .record(
        {
          typ: fc.constantFrom<unknown>('frameio-auth-record', 'JWT', 1),
          alg: fc.constantFrom<unknown>('dir', 'none', 'A256KW', null),
          enc: fc.constantFrom<unknown>('A256GCM', 'A128GCM', {}),
          kid: fc.constantFrom<unknown>('2030-01', '2029-07', '__proto__', 'constructor', '', 7, '\n'),
          key_check: fc.constantFrom<unknown>('x', 1),
          record_key: fc.constantFrom<unknown>('x', 1),
          crit: fc.constantFrom<unknown>(['b64'], 'x'),
          zip: fc.constant('DEF'),
        },
        { requiredKeys: [] },
      )
      .map((members) => Buffer.from(JSON.stringify(members)).toString('base64url'));
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(header, fc.array(fc.base64String(), { maxLength: 5 })).map(([head, rest]) => [head, ...rest].join('.')),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const { inner, storage } = bench();
        await inner.commit('mara', { value, expectedVersion: 0 });
        expect(await readingOf(storage, 'mara')).toBeUndefined();
      }),
      runs(60),
    );
  });
});
