import { ConfigurationError, StorageError } from '@frameio-auth/core';
import { base64url, type CryptoKey } from 'jose';

/**
 * A key of 32 random bytes: as bytes, in base64 or base64url, or as a function that gets it from a key management
 * service. The function is called when the key is first needed. After it has succeeded, it is not called again.
 */
export type EncryptionKey = Uint8Array | string | (() => Promise<Uint8Array>);

/** A key that is ready for use. Its bytes cannot be exported. */
export interface ReadyKey {
  readonly kid: string;
  readonly cipher: CryptoKey;
  /** Distinguishes this key from others, and reveals nothing about its bytes. */
  readonly check: string;
}

export interface KeyRing {
  /**
   * Resolves to the key that encrypts records.
   *
   * @throws StorageError as `find` does
   */
  current(): Promise<ReadyKey>;
  /**
   * Resolves to the key with a name.
   *
   * @throws StorageError `encryption_key_missing`, `encryption_key_unavailable` or `encryption_key_invalid`
   */
  find(kid: string): Promise<ReadyKey>;
}

/** The length of an AES-256 key, in bytes. */
const KEY_LENGTH = 32;

/** The valid names of keys. The name appears unencrypted in every record, and in errors. */
const KID = /^[\w.:/@+=-]{1,256}$/;

const CHECK_LABEL = new TextEncoder().encode('frameio-auth: which key is this?');
const CHECK_LENGTH = 16;

/**
 * Checks the keys and prepares each when it is first needed.
 *
 * @throws ConfigurationError for invalid keys
 */
export function keyRing(keys: Readonly<Record<string, EncryptionKey>>, current: string): KeyRing {
  if (typeof keys !== 'object' || keys === null || Object.keys(keys).length === 0) {
    complain('`keys` must name at least one key: { "2030-01": <32 random bytes> }.');
  }
  const sources = new Map(Object.entries(keys).map(([kid, key]) => [kid, sourceOf(kid, key)]));
  if (!sources.has(current)) {
    complain(`\`current\` must be the name of one of \`keys\`, which are: ${[...sources.keys()].join(', ')}.`);
  }

  const ready = new Map<string, Promise<ReadyKey>>();
  function find(kid: string): Promise<ReadyKey> {
    const known = ready.get(kid);
    if (known !== undefined) return known;
    const preparing = prepare(kid, sources.get(kid));
    ready.set(kid, preparing);
    // The next caller tries again; callers in the meantime share this failure.
    preparing.catch(() => ready.delete(kid));
    return preparing;
  }
  return { find, current: () => find(current) };
}

/** Whether a value is a valid name of a key. */
export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && KID.test(kid);
}

type Source = () => Promise<Uint8Array>;

/** Checks what can be checked before the key is needed. */
function sourceOf(kid: string, key: EncryptionKey): Source {
  if (!isKid(kid)) complain('the name of a key has 1 to 256 letters, digits and . : / @ + = _ -');
  if (typeof key === 'function') return key;
  const bytes = typeof key === 'string' ? decode(kid, key) : key;
  if (!(bytes instanceof Uint8Array)) {
    complain(`the key "${kid}" must be a Uint8Array, a string in base64 or a function.`);
  }
  if (bytes.length !== KEY_LENGTH) {
    complain(`the key "${kid}" has ${bytes.length} bytes, but must have ${KEY_LENGTH}: ${ADVICE}.`);
  }
  const own = bytes.slice(); // The caller may overwrite the original.
  return async () => own;
}

const ADVICE = 'make one with `openssl rand -base64 32`, or decode it first if it is not in base64';

function decode(kid: string, text: string): Uint8Array {
  const unpadded = text.trim().replace(/=+$/, '');
  try {
    return base64url.decode(unpadded.replaceAll('+', '-').replaceAll('/', '_'));
  } catch {
    return complain(`the key "${kid}" is not in base64: ${ADVICE}.`);
  }
}

function complain(complaint: string): never {
  throw new ConfigurationError('invalid_option', `encryptedStorage: ${complaint}`);
}

async function prepare(kid: string, source: Source | undefined): Promise<ReadyKey> {
  if (source === undefined) {
    throw new StorageError(
      'encryption_key_missing',
      `The record was encrypted with the key "${kid}", which is not among \`keys\`. Put that key back; if it is lost, sign in again, which replaces the record.`,
    );
  }
  const bytes = await bytesOf(kid, source);
  if (!(bytes instanceof Uint8Array) || bytes.length !== KEY_LENGTH) {
    const what = bytes instanceof Uint8Array ? `${bytes.length} bytes` : 'something else';
    throw new StorageError(
      'encryption_key_invalid',
      `The function for the key "${kid}" gave ${what}, but must give ${KEY_LENGTH} bytes. Check what it reads.`,
    );
  }
  const raw = new Uint8Array(bytes);
  const [cipher, mac] = await Promise.all([
    crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']),
    crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']),
  ]);
  const digest = await crypto.subtle.sign('HMAC', mac, CHECK_LABEL);
  return { kid, cipher, check: base64url.encode(new Uint8Array(digest, 0, CHECK_LENGTH)) };
}

async function bytesOf(kid: string, source: Source): Promise<unknown> {
  try {
    return await source();
  } catch {
    // The original error may contain the request to the key service.
    throw new StorageError(
      'encryption_key_unavailable',
      `The function for the key "${kid}" failed. Check the key service that it asks; it is called again when the key is next needed.`,
    );
  }
}
