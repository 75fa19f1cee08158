import { base64url, type CryptoKey } from 'jose';
import { refuse } from './options.js';

/** A key of 32 random bytes: as bytes, or in base64 or base64url. */
export type LoginKey = Uint8Array | string;

/** The length of an AES-256 key, in bytes. */
const LENGTH = 32;

const ADVICE = 'make one with `openssl rand -base64 32`';

/** Holds the keys of cookies by their names. Imports each when it is first used. */
export class KeyRing {
  /** The name of the key that seals new cookies. */
  readonly current: string;
  readonly #bytes: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  readonly #imported = new Map<string, Promise<CryptoKey>>();

  /**
   * @throws ConfigurationError for invalid keys
   */
  constructor(keys: Readonly<Record<string, LoginKey>>, current: string) {
    if (typeof keys !== 'object' || keys === null || Object.keys(keys).length === 0) {
      refuse('login.keys must name at least one key: { "2030-01": <32 random bytes> }.');
    }
    this.#bytes = new Map(Object.entries(keys).map(([name, key]) => [name, bytesOf(name, key)]));
    if (!this.#bytes.has(current)) {
      refuse(`login.current must be the name of one of login.keys, which are: ${[...this.#bytes.keys()].join(', ')}.`);
    }
    this.current = current;
  }

  /** Resolves to the key with a name; to `undefined` if the ring has none. */
  async find(name: unknown): Promise<CryptoKey | undefined> {
    const bytes = this.#bytes.get(name as string);
    if (bytes === undefined) return undefined;
    let key = this.#imported.get(name as string);
    if (key === undefined) {
      key = crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
      this.#imported.set(name as string, key);
    }
    return key;
  }
}

function bytesOf(name: string, key: unknown): Uint8Array<ArrayBuffer> {
  const bytes = typeof key === 'string' ? decoded(key) : key;
  if (!(bytes instanceof Uint8Array)) {
    refuse(`login.keys["${name}"] must be 32 random bytes, as a Uint8Array or in base64: ${ADVICE}.`);
  }
  if (bytes.length !== LENGTH) {
    refuse(`login.keys["${name}"] has ${bytes.length} bytes, but must have ${LENGTH}: ${ADVICE}.`);
  }
  return Uint8Array.from(bytes); // The caller may overwrite the original.
}

function decoded(text: string): Uint8Array | undefined {
  try {
    return base64url.decode(text.trim().replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'));
  } catch {
    return undefined;
  }
}
