import { StorageError } from '@frameio-auth/core';
import { base64url, CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import { isKid, type KeyRing, type ReadyKey } from './key-ring.js';

/*
 * A value as it is stored: a JWE in compact serialization (RFC 7516 §7.1), encrypted with AES-256-GCM under a key that
 * is used directly (RFC 7518 §4.5 and §5.3). Its header is readable to anyone who can read the storage, and
 * authenticated together with the value. In addition to the standard members, it has two of its own:
 *
 * - `key_check`, the beginning of an HMAC under the key. AES-GCM reports the same error for a wrong key and for a
 *   changed value, which need different remedies. Comparing this first distinguishes them. It reveals no more about a
 *   random key than the authentication tag does.
 * - `record_key`, the SHA-256 of the record's storage key, which names server, client and session. Without it, an
 *   attacker with write access could replace one user's record with another's. Requests of the second user would then
 *   be made as the first. A hash, so that a value copied out of the storage does not reveal the user.
 */
interface Header {
  readonly typ: typeof TYPE;
  readonly alg: 'dir';
  readonly enc: 'A256GCM';
  readonly kid: string;
  readonly key_check: string;
  readonly record_key: string;
}

const TYPE = 'frameio-auth-record';

/** The beginning of a JWE header: `{"` in base64url. No record that core writes begins like this. */
const JOSE = /^eyJ/;

/** A lone surrogate, which UTF-8 cannot represent. */
const ILL_FORMED = /\p{Surrogate}/u;

/**
 * Encrypts a value for a storage key.
 *
 * @throws StorageError `invalid_argument` for a value that is not a string, or contains a lone surrogate
 */
export async function seal(key: string, value: string, { kid, cipher, check }: ReadyKey): Promise<string> {
  if (typeof value !== 'string' || ILL_FORMED.test(value)) {
    throw new StorageError('invalid_argument', 'A `value` must be a string of well-formed Unicode.');
  }
  const header: Header = {
    typ: TYPE,
    alg: 'dir',
    enc: 'A256GCM',
    kid,
    key_check: check,
    record_key: await digestOf(key),
  };
  return new CompactEncrypt(new TextEncoder().encode(value)).setProtectedHeader({ ...header }).encrypt(cipher);
}

/** Whether a value claims to come from {@link seal}, even if it is damaged. */
export function isSealed(value: string): boolean {
  if (!JOSE.test(value)) return false;
  try {
    return decodeProtectedHeader(value)['typ'] === TYPE;
  } catch {
    return true; // The header was truncated or overwritten. It is not a readable record, so it must not be treated as plaintext.
  }
}

/**
 * Decrypts a value that {@link seal} encrypted for the same storage key.
 *
 * @throws StorageError `record_tampered`, `record_moved`, `encryption_key_wrong`, and as the key ring does
 */
export async function unseal(key: string, sealed: string, ring: KeyRing): Promise<string> {
  // Until the value is authenticated together with the header, the header only selects the error.
  const header = headerOf(sealed);
  if (header === undefined) tampered();
  const { kid, cipher, check } = await ring.find(header.kid);
  if (header.key_check !== check) {
    throw new StorageError(
      'encryption_key_wrong',
      `The key "${kid}" is not the one that the record was encrypted with: two keys have had this name. Put the other one back; if it is lost, sign in again, which replaces the record.`,
    );
  }
  const { plaintext } = await compactDecrypt(sealed, cipher, {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  }).catch(tampered);
  if (header.record_key !== (await digestOf(key))) {
    throw new StorageError(
      'record_moved',
      'The record was written for another session and moved here in the storage, so it was not used. Find out who can write to the storage.',
    );
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(plaintext);
}

function headerOf(sealed: string): Header | undefined {
  try {
    const header: Record<string, unknown> = decodeProtectedHeader(sealed);
    const { typ, alg, enc, kid, key_check, record_key } = header;
    if (typ !== TYPE || alg !== 'dir' || enc !== 'A256GCM' || !isKid(kid)) return undefined;
    if (typeof key_check !== 'string' || typeof record_key !== 'string') return undefined;
    return { typ, alg, enc, kid, key_check, record_key };
  } catch {
    return undefined;
  }
}

function tampered(): never {
  throw new StorageError(
    'record_tampered',
    'The record was changed or damaged after it was written, so it was not used. Find out who can write to the storage; a new sign-in replaces the record.',
  );
}

async function digestOf(key: string): Promise<string> {
  // JSON has an escape for lone surrogates; UTF-8 alone would encode all of them the same.
  const bytes = new TextEncoder().encode(JSON.stringify(key));
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
