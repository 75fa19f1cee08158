import { inspect } from 'node:util';
import { ConfigurationError, StorageError } from '@frameio-auth/core';
import type { Lease, TokenStorage } from '@frameio-auth/core/adapter';
import { type EncryptedStorageOptions, type EncryptionKey, encryptedStorage } from '@frameio-auth/storage-encrypted';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { KEYS } from './keys.js';

const KEY = 'ims.example/fictional-client/session/fictional-user';
const VALUE = '{"refreshToken":"fictional-refresh-token-Żółć"}';

let records: TokenStorage;

beforeEach(() => {
  records = memoryStorage();
});

function encrypted(options: Partial<EncryptedStorageOptions> = {}): TokenStorage {
  return encryptedStorage(records, { keys: KEYS, current: '2030-01', ...options });
}

async function write(storage: TokenStorage, value: string, expectedVersion = 0, key = KEY): Promise<number> {
  const reply = await storage.commit(key, { value, expectedVersion });
  if (reply.outcome !== 'committed') throw new Error('The test expected no conflict.');
  return reply.version;
}

/** Returns the value in the underlying storage. */
async function stored(key = KEY): Promise<string> {
  const { record } = await records.read(key);
  if (record === undefined) throw new Error('The test expected a record.');
  return record.value;
}

/** Replaces the value in the underlying storage. */
async function replace(value: string, key = KEY): Promise<number> {
  const { record } = await records.read(key);
  return write(records, value, record?.version ?? 0, key);
}

function headerOf(jwe: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwe.split('.')[0] ?? '', 'base64url').toString());
}

function withHeader(jwe: string, change: object): string {
  const header = JSON.stringify({ ...headerOf(jwe), ...change });
  return [Buffer.from(header).toString('base64url'), ...jwe.split('.').slice(1)].join('.');
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function expectFailure(call: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const failure = await failureOf(call);
  expect(failure).toBeInstanceOf(StorageError);
  expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(failure).not.toHaveProperty('cause');
}

describe('a record', () => {
  it('is a compact JWE with AES-256-GCM under a direct key (RFC 7518 §4.5, §5.3)', async () => {
    await write(encrypted(), VALUE);
    expect(await stored()).toMatch(/^[\w-]+\.\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/); // 96-bit nonce, 128-bit tag
    expect(headerOf(await stored())).toEqual({
      typ: 'frameio-auth-record',
      alg: 'dir',
      enc: 'A256GCM',
      kid: '2030-01',
      key_check: expect.stringMatching(/^[\w-]{22}$/),
      record_key: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it('is never encrypted twice with the same nonce', async () => {
    const storage = encrypted();
    const nonces = new Set<string | undefined>();
    let version = 0;
    for (let turn = 0; turn < 20; turn += 1) {
      version = await write(storage, VALUE, version);
      nonces.add((await stored()).split('.')[2]);
    }
    expect(nonces.size).toBe(20);
  });

  it('does not name the session to which it belongs', async () => {
    await write(encrypted(), VALUE);
    const text = Buffer.from((await stored()).split('.')[0] ?? '', 'base64url').toString();
    expect(text).not.toContain('fictional');
  });

  it('is decrypted in each reply that shows it', async () => {
    const storage = encrypted();
    const version = await write(storage, VALUE);
    const record = { value: VALUE, version };
    const request = { owner: 'one', ttl: 1000, ifVersion: version };
    expect(await storage.read(KEY)).toMatchObject({ record });
    expect(await storage.lease(KEY, request)).toMatchObject({ outcome: 'granted', record });
    expect(await storage.lease(KEY, { ...request, owner: 'two' })).toMatchObject({ outcome: 'held', record });
    expect(await storage.lease(KEY, { ...request, ifVersion: 0 })).toMatchObject({ outcome: 'moved', record });
    expect(await storage.commit(KEY, { value: 'other', expectedVersion: 0 })).toMatchObject({
      outcome: 'conflict',
      record,
    });
  });

  it('is told of by the version that it has in the storage below', async () => {
    const storage = encrypted();
    const hinted = new Promise<number>((resolve) => storage.watch(KEY, resolve));
    expect(await write(storage, VALUE)).toBe(await hinted);
  });

  it('can be read by another storage with the same key in another form', async () => {
    await write(encrypted(), VALUE);
    const bytes = Buffer.from(KEYS['2030-01']);
    const forms: EncryptionKey[] = [
      bytes,
      bytes.toString('base64'),
      bytes.toString('base64url'),
      `${bytes.toString('base64')}\n`,
      async () => bytes,
    ];
    for (const form of forms) {
      const reading = await encrypted({ keys: { '2030-01': form } }).read(KEY);
      expect(reading.record?.value).toBe(VALUE);
    }
  });

  it('stays readable when the caller overwrites the bytes that were handed over', async () => {
    const bytes = KEYS['2030-01'].slice();
    const storage = encrypted({ keys: { '2030-01': bytes } });
    bytes.fill(0);
    await write(storage, VALUE);
    expect((await encrypted().read(KEY)).record?.value).toBe(VALUE);
  });
});

describe('a record that was changed', () => {
  const PARTS = ['header', 'encrypted key', 'nonce', 'ciphertext', 'tag'];

  it.each(PARTS.map((part, index) => [part, index] as const))('in its %s is refused and kept', async (_, index) => {
    const storage = encrypted();
    await write(storage, VALUE);
    const parts = (await stored()).split('.');
    // Not in the last character of a part, which may have unused bits, nor at the beginning, which is common to all
    // JWEs.
    const part = parts[index] ?? '';
    parts[index] = `${part.slice(0, 5)}${part[5] === 'A' ? 'B' : 'A'}${part.slice(6)}`;
    const changed = parts.join('.');
    await replace(changed);
    await expectFailure(storage.read(KEY), 'record_tampered', /changed or damaged/);
    expect(await stored()).toBe(changed);
  });

  it.each([
    ['cut off', (jwe: string) => jwe.slice(0, -30)],
    ['cut off in its header', (jwe: string) => jwe.slice(0, 30)],
    ['without its tag', (jwe: string) => jwe.slice(0, jwe.lastIndexOf('.'))],
    ['longer', (jwe: string) => `${jwe}.AAAA`],
    ['of another algorithm', (jwe: string) => withHeader(jwe, { alg: 'A256KW' })],
    ['of another encryption', (jwe: string) => withHeader(jwe, { enc: 'A128GCM' })],
    ['compressed', (jwe: string) => withHeader(jwe, { zip: 'DEF' })],
    ['of a key without a name', (jwe: string) => withHeader(jwe, { kid: undefined })],
    ['with an invalid key ID', (jwe: string) => withHeader(jwe, { kid: 'a\nforged line' })],
    ['of another session, by its header', (jwe: string) => withHeader(jwe, { record_key: 'A'.repeat(43) })],
    ['of no session', (jwe: string) => withHeader(jwe, { record_key: undefined })],
  ])('%s is refused', async (_, change) => {
    const storage = encrypted();
    await write(storage, VALUE);
    await replace(change(await stored()));
    await expectFailure(storage.read(KEY), 'record_tampered', /changed or damaged/);
    await expectFailure(encrypted({ acceptPlaintext: true }).read(KEY), 'record_tampered', /changed or damaged/);
  });

  it('is read again when an older one is put back as the newest, as the README warns', async () => {
    const storage = encrypted();
    const version = await write(storage, VALUE);
    const before = await stored();
    await write(storage, '{"format":1,"status":"revoked"}', version);
    const latest = await replace(before);
    expect((await storage.read(KEY)).record).toEqual({ value: VALUE, version: latest });
  });

  it('into the record of another session is rejected, so that no user acts as another', async () => {
    const storage = encrypted();
    await write(storage, 'the tokens of another user', 0, `${KEY}-2`);
    await write(storage, VALUE);
    await replace(await stored(`${KEY}-2`));
    await expectFailure(storage.read(KEY), 'record_moved', /written for another session/);
    await expectFailure(
      storage.commit(KEY, { value: 'other', expectedVersion: 0 }),
      'record_moved',
      /written for another session/,
    );
  });

  it('releases the lease with which it was found, so that no instance waits for it', async () => {
    const storage = encrypted();
    await write(storage, VALUE);
    const sealed = await stored();
    const version = await replace(sealed.replace('..', '.AAAA.'));
    const request = { owner: 'one', ttl: 60_000, ifVersion: version };
    await expectFailure(storage.lease(KEY, request), 'record_tampered', /changed or damaged/);
    expect(await records.lease(KEY, { ...request, owner: 'two' })).toMatchObject({
      outcome: 'granted',
      abandoned: false,
    });
  });
});

describe('a key', () => {
  it('that is missing is named, and the record is kept', async () => {
    await write(encrypted(), VALUE);
    const sealed = await stored();
    const storage = encrypted({ keys: { '2029-07': KEYS['2029-07'] }, current: '2029-07' });
    await expectFailure(storage.read(KEY), 'encryption_key_missing', /the key "2030-01", which is not among `keys`/);
    await expectFailure(
      storage.commit(KEY, { value: 'other', expectedVersion: 0 }),
      'encryption_key_missing',
      /Put that key back/,
    );
    expect(await stored()).toBe(sealed);
  });

  it('that has the name of another is told from a record that was changed', async () => {
    await write(encrypted(), VALUE);
    const storage = encrypted({ keys: { '2030-01': new Uint8Array(32).fill(0xee) } });
    await expectFailure(storage.read(KEY), 'encryption_key_wrong', /"2030-01".* two keys have had this name/);
  });

  it('that is older reads its records, and the next commit encrypts them with the current one', async () => {
    const version = await write(encrypted({ current: '2029-07' }), VALUE);
    const storage = encrypted();
    expect(await storage.read(KEY)).toMatchObject({ record: { value: VALUE, version } });
    expect(headerOf(await stored())).toMatchObject({ kid: '2029-07' });
    await write(storage, 'renewed', version);
    expect(headerOf(await stored())).toMatchObject({ kid: '2030-01' });
    expect((await encrypted({ keys: { '2030-01': KEYS['2030-01'] } }).read(KEY)).record?.value).toBe('renewed');
  });
});

describe('a key from a function', () => {
  const SECRET = 'fictional-kms-credential';

  it('is asked for when it is first needed, and once', async () => {
    const key = vi.fn(async () => KEYS['2030-01']);
    const unused = vi.fn(async () => KEYS['2029-07']);
    const storage = encrypted({ keys: { '2030-01': key, '2029-07': unused } });
    await storage.read(KEY);
    expect(key).not.toHaveBeenCalled();
    const version = await write(storage, VALUE);
    await Promise.all([storage.read(KEY), storage.read(KEY), write(storage, 'renewed', version)]);
    expect(key).toHaveBeenCalledTimes(1);
    expect(unused).not.toHaveBeenCalled();
  });

  it('is asked for once by all who need it at the same time', async () => {
    const key = vi.fn(async () => KEYS['2030-01']);
    const storage = encrypted({ keys: { '2030-01': key } });
    await Promise.all(['a', 'b', 'c'].map((name) => write(storage, VALUE, 0, name)));
    expect(key).toHaveBeenCalledTimes(1);
  });

  it.each<[string, () => Promise<Uint8Array>, string]>([
    ['rejects', () => Promise.reject(new Error(`no answer to ${SECRET}`)), 'encryption_key_unavailable'],
    [
      'throws',
      () => {
        throw new Error(SECRET);
      },
      'encryption_key_unavailable',
    ],
    ['gives too few bytes', async () => new Uint8Array(16), 'encryption_key_invalid'],
    ['gives no bytes', async () => SECRET as never, 'encryption_key_invalid'],
  ])('that %s is an error without its reason, and is asked again the next time', async (_, first, code) => {
    const key = vi.fn(async (): Promise<Uint8Array> => KEYS['2030-01']).mockImplementationOnce(first);
    const storage = encrypted({ keys: { '2030-01': key } });
    const failure = await failureOf(storage.commit(KEY, { value: VALUE, expectedVersion: 0 }));
    expect(failure).toBeInstanceOf(StorageError);
    expect(failure).toMatchObject({ code, message: expect.stringContaining('"2030-01"') });
    expect(inspect(failure, { showHidden: true, depth: 9 })).not.toContain(SECRET);
    expect(await records.read(KEY)).not.toHaveProperty('record');

    await write(storage, VALUE);
    expect((await storage.read(KEY)).record?.value).toBe(VALUE);
    expect(key).toHaveBeenCalledTimes(2);
  });
});

describe('a record that is not encrypted', () => {
  const jwt = ['{"alg":"HS256"}', '{"sub":"fictional"}', 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

  it.each([VALUE, '', 'eye', 'a.b.c.d.e', jwt])('is refused and kept: %s', async (value) => {
    const storage = encrypted();
    await write(records, value);
    await expectFailure(storage.read(KEY), 'record_not_encrypted', /set `acceptPlaintext: true`/);
    expect(await stored()).toBe(value);
  });

  it('is read with `acceptPlaintext`, and encrypted with the next commit', async () => {
    const version = await write(records, VALUE);
    const storage = encrypted({ acceptPlaintext: true });
    expect(await storage.read(KEY)).toMatchObject({ record: { value: VALUE, version } });
    await write(storage, VALUE, version);
    expect(headerOf(await stored())).toMatchObject({ enc: 'A256GCM' });
    expect((await encrypted().read(KEY)).record?.value).toBe(VALUE);
  });
});

describe('an error about a record', () => {
  it.each<[string, (sealed: string) => string]>([
    ['record_tampered', (sealed) => `${sealed}A`],
    ['encryption_key_missing', (sealed) => withHeader(sealed, { kid: 'gone' })],
    ['encryption_key_wrong', (sealed) => withHeader(sealed, { key_check: '' })],
    ['record_not_encrypted', () => VALUE],
  ])('has its version, over which a new one may be written: %s', async (code, change) => {
    const storage = encrypted();
    await write(storage, VALUE);
    const version = await replace(change(await stored()));
    const request = { owner: 'one', ttl: 1000, ifVersion: version };
    for (const call of [
      () => storage.read(KEY),
      () => storage.lease(KEY, request),
      () => storage.commit(KEY, { value: 'new', expectedVersion: version - 1 }),
    ]) {
      expect(await failureOf(call())).toMatchObject({ name: 'StorageError', code, version });
    }
    const next = await write(storage, 'new', version);
    expect(await storage.read(KEY)).toMatchObject({ record: { value: 'new', version: next } });
  });

  it('that was moved here has the version that it has here', async () => {
    const storage = encrypted();
    await write(storage, VALUE, 0, `${KEY}-2`);
    await write(storage, VALUE);
    const version = await replace(await stored(`${KEY}-2`));
    expect(await failureOf(storage.read(KEY))).toMatchObject({ code: 'record_moved', version });
  });

  it.each<[string, () => Promise<Uint8Array>]>([
    ['encryption_key_unavailable', () => Promise.reject(new Error('The fictional key service is down.'))],
    ['encryption_key_invalid', async () => new Uint8Array(31)],
  ])('has none where it says nothing about the record: %s', async (code, key) => {
    await write(encrypted(), VALUE);
    const failure = await failureOf(encrypted({ keys: { '2030-01': key } }).read(KEY));
    expect(failure).toMatchObject({ name: 'StorageError', code });
    expect(failure).not.toHaveProperty('version');
  });
});

describe('secrets', () => {
  const CANARY = 'canary-refresh-token-0123456789';

  /** Returns everything that a log could show of a value, including members and stack. */
  function shown(thing: unknown): string {
    return `${thing} ${JSON.stringify(thing)} ${inspect(thing, { showHidden: true, depth: 9 })}`;
  }

  function expectNoSecret(text: string): void {
    const bytes = [CANARY, ...Object.values(KEYS)].map((secret) => Buffer.from(secret));
    const forms = bytes.flatMap((secret) => [secret.toString('base64url').slice(0, 40), secret.toString('hex')]);
    for (const form of [CANARY, ...forms]) expect(text).not.toContain(form);
  }

  it('do not reach the storage below', async () => {
    const requests: string[] = [];
    const commit: TokenStorage['commit'] = (key, request) => {
      requests.push(shown(request));
      return records.commit(key, request);
    };
    const storage = encryptedStorage({ ...records, commit }, { keys: KEYS, current: '2030-01' });
    const version = await write(storage, CANARY);
    await write(storage, CANARY.repeat(100), version);
    expect(requests).toHaveLength(2);
    expectNoSecret(requests.join());
    expectNoSecret(requests.map((text) => Buffer.from(text, 'base64url').toString('latin1')).join());
  });

  it('do not reach an error', async () => {
    const storage = encrypted();
    const version = await write(storage, CANARY);
    const sealed = await stored();
    const attempts = [
      { value: CANARY, expectedVersion: -1 },
      { value: [CANARY] as never, expectedVersion: version },
      { value: `${CANARY}\ud800`, expectedVersion: version },
    ];
    const failures = await Promise.all(attempts.map((request) => failureOf(storage.commit(KEY, request))));
    const values = [`${sealed}A`, withHeader(sealed, { kid: 'gone' }), withHeader(sealed, { key_check: '' }), CANARY];
    for (const value of values) {
      await replace(value);
      failures.push(await failureOf(storage.read(KEY)));
    }
    await storage.close();
    failures.push(await failureOf(storage.commit(KEY, { value: CANARY, expectedVersion: version })));
    expect(failures.map((failure) => (failure instanceof StorageError ? failure.code : failure))).toEqual([
      'invalid_argument',
      'invalid_argument',
      'invalid_argument',
      'record_tampered',
      'encryption_key_missing',
      'encryption_key_wrong',
      'record_not_encrypted',
      'storage_closed',
    ]);
    expectNoSecret(failures.map(shown).join());
  });
});

describe('the rest of the storage', () => {
  it('is passed on as it is', async () => {
    const calls: unknown[] = [];
    const lease: Lease = { key: KEY, owner: 'one', ttl: 1000, id: 'fictional' };
    const storage = encryptedStorage(
      {
        ...records,
        renew: async (given) => calls.push(['renew', given]) === 1,
        release: async (given) => void calls.push(['release', given]),
        close: async () => void calls.push(['close']),
      },
      { keys: KEYS, current: '2030-01' },
    );
    expect(await storage.renew(lease)).toBe(true);
    expect(await storage.renew(lease)).toBe(false);
    await storage.release(lease);
    await storage.close();
    expect(calls).toEqual([['renew', lease], ['renew', lease], ['release', lease], ['close']]);
  });

  it('fails with its own errors', async () => {
    const failure = new StorageError('ECONNREFUSED', 'The fictional server is not there.');
    const down = () => Promise.reject(failure);
    const storage = encryptedStorage({ ...records, read: down, commit: down }, { keys: KEYS, current: '2030-01' });
    expect(await failureOf(storage.read(KEY))).toBe(failure);
    expect(await failureOf(storage.commit(KEY, { value: VALUE, expectedVersion: 0 }))).toBe(failure);
  });
});

describe('options that cannot work', () => {
  const secret = 'c2VjcmV0LWtleS1tYXRlcmlhbC1ub3Qtc2hvd24';

  it.each<[string, unknown, RegExp]>([
    ['no keys', { current: '2030-01' }, /`keys` must name at least one key/],
    ['an empty ring', { keys: {}, current: '2030-01' }, /`keys` must name at least one key/],
    ['no current key', { keys: KEYS }, /`current` must be the name of one of `keys`, which are: 2029-07, 2030-01/],
    ['a current key that is not in the ring', { keys: KEYS, current: '2031-01' }, /`current` must be the name of one/],
    ['a current key that any object has', { keys: KEYS, current: 'constructor' }, /`current` must be the name of one/],
    ['a short key', { keys: { a: new Uint8Array(31) }, current: 'a' }, /the key "a" has 31 bytes, but must have 32/],
    ['a short string', { keys: { a: secret }, current: 'a' }, /the key "a" has 29 bytes, but must have 32/],
    [
      'a hexadecimal string',
      { keys: { a: 'ab'.repeat(32) }, current: 'a' },
      /the key "a" has 48 bytes.*decode it first/,
    ],
    ['a string in no base64', { keys: { a: `${secret}!` }, current: 'a' }, /the key "a" is not in base64/],
    ['a key that is none', { keys: { a: 42 }, current: 'a' }, /the key "a" must be a Uint8Array, a string/],
    ['a name with a line break', { keys: { 'a\nb': new Uint8Array(32) }, current: 'a\nb' }, /the name of a key has/],
    ['an empty name', { keys: { '': new Uint8Array(32) }, current: '' }, /the name of a key has/],
  ])('are refused: %s', (_, options, message) => {
    let failure: unknown;
    try {
      encryptedStorage(records, options as EncryptedStorageOptions);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure).toMatchObject({ code: 'invalid_option', message: expect.stringMatching(message) });
    expect(inspect(failure, { showHidden: true })).not.toContain(secret.slice(0, 12));
  });
});
