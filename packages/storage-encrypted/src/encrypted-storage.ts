import { ConfigurationError, StorageError } from '@frameio-auth/core';
import type { StoredRecord, TokenStorage } from '@frameio-auth/core/adapter';
import { type EncryptionKey, keyRing } from './key-ring.js';
import { isSealed, seal, unseal } from './sealed-record.js';

export interface EncryptedStorageOptions {
  /** All keys that records may be encrypted with, by name. The name is stored unencrypted in each record. */
  readonly keys: Readonly<Record<string, EncryptionKey>>;
  /** The name of the key that encrypts new records. */
  readonly current: string;
  /**
   * Reads records that were written before encryption; the next commit encrypts them. While this is on, anyone who can
   * write to the storage can also plant records. Default: `false`, and such a record is an error.
   */
  readonly acceptPlaintext?: boolean;
}

/** Errors that say nothing about the record. It may be readable the next time, so it must not be replaced. */
const ABOUT_THE_KEY_SERVICE: ReadonlySet<string> = new Set(['encryption_key_unavailable', 'encryption_key_invalid']);

/**
 * Wraps a storage so that its values are encrypted, each bound to its own storage key. Versions, leases, expiry, due
 * times and hints are those of the wrapped storage, and are not encrypted.
 *
 * A record under an older key can be read, and is encrypted with the current key at its next commit. It is not
 * encrypted again on read. That would change the version, so every other instance would read it again, and it would
 * lose the record's expiry, which reads do not return.
 *
 * An error about one record carries its version, so that a new sign-in may replace the record, unless the error may be
 * temporary.
 *
 * @throws ConfigurationError `invalid_option`. The methods reject with a StorageError of the storage, or with one of
 *   `encryption_key_missing`, `encryption_key_wrong`, `encryption_key_unavailable`, `encryption_key_invalid`,
 *   `record_tampered`, `record_moved`, `record_not_encrypted` and `invalid_argument`; none of them changes the record.
 */
export function encryptedStorage(storage: TokenStorage, options: EncryptedStorageOptions): TokenStorage {
  if (typeof storage?.commit !== 'function') {
    refuse('needs the storage to encrypt as its first argument: encryptedStorage(fileStorage(), { keys, current }).');
  }
  if (typeof options !== 'object' || options === null) {
    refuse('needs keys and the name of the current one: encryptedStorage(storage, { keys, current }).');
  }
  const { acceptPlaintext = false } = options;
  const ring = keyRing(options.keys, options.current);

  async function decrypted(key: string, value: string): Promise<string> {
    if (isSealed(value)) return unseal(key, value, ring);
    if (acceptPlaintext) return value;
    throw new StorageError(
      'record_not_encrypted',
      'The record was not encrypted by encryptedStorage, so it was not used. If it was written before you encrypted, set `acceptPlaintext: true` until all sessions have been renewed once.',
    );
  }

  /** Resolves to the reply with its record decrypted. */
  async function opened<Reply extends { readonly record?: StoredRecord }>(key: string, reply: Reply): Promise<Reply> {
    if (reply.record === undefined) return reply;
    const { value, version } = reply.record;
    try {
      return { ...reply, record: { value: await decrypted(key, value), version } };
    } catch (error) {
      throw error instanceof StorageError && !ABOUT_THE_KEY_SERVICE.has(error.code)
        ? new StorageError(error.code, error.message, { version })
        : error;
    }
  }

  return {
    read: async (key) => opened(key, await storage.read(key)),

    async lease(key, request) {
      const reply = await storage.lease(key, request);
      try {
        return await opened(key, reply);
      } catch (error) {
        // The caller never learns of this lease and could not release it. If it expired, it would look like a lost
        // refresh.
        if (reply.outcome === 'granted') await storage.release(reply.lease).catch(() => {});
        throw error;
      }
    },

    renew: (lease) => storage.renew(lease),
    release: (lease) => storage.release(lease),

    async commit(key, request) {
      const value = await seal(key, request.value, await ring.current());
      const reply = await storage.commit(key, { ...request, value });
      return reply.outcome === 'conflict' ? opened(key, reply) : reply;
    },

    due: (request) => storage.due(request),
    watch: (key, listener) => storage.watch(key, listener),
    close: () => storage.close(),
  };
}

function refuse(complaint: string): never {
  throw new ConfigurationError('invalid_option', `encryptedStorage() ${complaint}`);
}
