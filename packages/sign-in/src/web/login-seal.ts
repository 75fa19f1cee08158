import { type CryptoKey, EncryptJWT, errors, jwtDecrypt } from 'jose';
import type { KeyRing } from './key-ring.js';

const TYPE = 'frameio-login';

/** How many cookies are remembered. Decrypting one takes more than ten times as long as the rest of a request. */
const REMEMBERED = 1_000;

/** What a login cookie holds, with times in seconds. */
export interface SealedLogin {
  /** The key of the session. */
  readonly key: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Encrypts what login cookies hold, for one sign-in (JWE, RFC 7516). */
export class LoginSeal {
  readonly #ring: KeyRing;
  readonly #audience: string;
  /** The newest cookies that were authenticated, by what the browser sent. */
  readonly #opened = new Map<string, SealedLogin>();

  /**
   * @param audience - rejects the cookies of other applications, even with the same keys
   */
  constructor(ring: KeyRing, audience: string) {
    this.#ring = ring;
    this.#audience = audience;
  }

  async seal({ key, issuedAt, expiresAt }: SealedLogin): Promise<string> {
    const kid = this.#ring.current;
    return new EncryptJWT({ sub: key, aud: this.#audience, iat: issuedAt, exp: expiresAt })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: TYPE, kid })
      .encrypt(await this.#key(kid));
  }

  /**
   * Resolves to what a cookie holds; to `undefined` if it has expired.
   *
   * @throws JOSEError if the cookie is not valid
   */
  async open(sealed: string, now: number): Promise<SealedLogin | undefined> {
    const login = this.#opened.get(sealed) ?? (await this.#decrypt(sealed));
    return login.expiresAt > now ? login : undefined;
  }

  async #decrypt(sealed: string): Promise<SealedLogin> {
    const { payload } = await jwtDecrypt(sealed, ({ kid }) => this.#key(kid), {
      typ: TYPE,
      audience: this.#audience,
      requiredClaims: ['sub', 'iat', 'exp'],
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      currentDate: new Date(0), // `open()` compares the expiry each time.
    });
    const { sub: key = '', iat: issuedAt = 0, exp: expiresAt = 0 } = payload;
    const login = { key, issuedAt, expiresAt };
    this.#opened.set(sealed, login);
    const [oldest = ''] = this.#opened.keys();
    if (this.#opened.size > REMEMBERED) this.#opened.delete(oldest);
    return login;
  }

  async #key(kid: unknown): Promise<CryptoKey> {
    const key = await this.#ring.find(kid);
    if (key === undefined) throw new errors.JWEDecryptionFailed('The key is not in the ring.');
    return key;
  }
}
