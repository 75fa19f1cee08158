import { StorageError } from '@frameio-auth/core';
import { base64url, CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import { isKid, type KeyRing, type ReadyKey } from './key-ring.js';

/*
 * A value as it is stored: a JWE in its compact form (RFC 7516 §7.1), encrypted with AES-256-GCM under a key that is
 * used as it is (RFC 7518 §4.5 and §5.3). Its header is readable to all who can read the storage, and authenticated
 * together with the value. Beside the standard members it has two of its own:
 *
 * - `key_check`, the beginning of an HMAC under the key. AES-GCM says the same of a wrong key and of a changed value,
 *   which call for different help; comparing this first tells which it is. It says no more about a random key than
 *   the authentication tag does.
 * - `record_key`, the SHA-256 of the key of the storage under which the record was written, which names server, client
 *   and session. Without it, whoever can write to the storage could put the record of one user in the place of
 *   another's, whose requests would then be made as the first one. The hash stands for the key so that a value that
 *   was copied out of the storage does not say whose it is.
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

/** How the header of a JWE begins: `{"` in base64url. No record that core writes does. */
const JOSE = /^eyJ/;

/** Half a character, which UTF-8 has no way to write. */
const ILL_FORMED = /\p{Surrogate}/u;

/** @throws StorageError `invalid_argument` for what is no text, or one with half a character in it */
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

/** Whether a value claims to come from {@link seal}, be it damaged. */
export function isSealed(value: string): boolean {
  if (!JOSE.test(value)) return false;
  try {
    return decodeProtectedHeader(value)['typ'] === TYPE;
  } catch {
    return true; // A header that was cut or overwritten: it is no readable record, so it is not taken for one.
  }
}

/**
 * What was given to {@link seal} under the same key of the storage.
 *
 * @throws StorageError `record_tampered`, `record_moved`, `encryption_key_wrong`, and as the key ring does
 */
export async function unseal(key: string, sealed: string, ring: KeyRing): Promise<string> {
  // Nothing of the header is trusted before the value was authenticated with it; until then it only chooses the error.
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
  // As JSON, which has an escape for half a character: in UTF-8 alone, all of those are the same.
  const bytes = new TextEncoder().encode(JSON.stringify(key));
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
