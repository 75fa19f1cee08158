import { createHash, timingSafeEqual } from 'node:crypto';
import type { FrameioRequest } from '../frameio-users.js';
import { DEFAULT_CONNECTION } from '../injection-tokens.js';
import { ownPath } from './return-to.js';

/** As long as a sign-in can take, in seconds. */
const MAX_AGE = 600;

/**
 * What a browser keeps while its user is at the server: a hash of the sign-in's `state`, by which the callback is known
 * to come from the browser that began, and where to go on afterwards. Nothing in it is secret.
 *
 * Over https its name begins with `__Host-`, so that no other host of the same domain can set it (RFC 6265bis §4.1.3.2).
 */
export class SignInCookie {
  readonly #name: string;
  readonly #attributes: string;

  constructor(connection: string, isSecure: boolean) {
    // A hash, because a connection's name may hold what a cookie's must not.
    const suffix = connection === DEFAULT_CONNECTION ? '' : `-${hashOf(connection).toString('hex', 0, 4)}`;
    const name = `frameio-sign-in${suffix}`;
    this.#name = isSecure ? `__Host-${name}` : name;
    // Not `Strict`, because the callback comes with a navigation from the server's site.
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  }

  /** The `Set-Cookie` header of a sign-in that begins. */
  begun(state: string, returnTo: string | undefined): string {
    const place = Buffer.from(returnTo ?? '').toString('base64url');
    return `${this.#name}=${hashOf(state).toString('base64url')}.${place}; Max-Age=${MAX_AGE}; ${this.#attributes}`;
  }

  /** The `Set-Cookie` header of a sign-in that is over. */
  ended(): string {
    return `${this.#name}=; Max-Age=0; ${this.#attributes}`;
  }

  /** What the browser says of the sign-in with this `state`; `undefined` when it did not begin it. */
  read({ headers }: FrameioRequest, state: string): { readonly returnTo: string | undefined } | undefined {
    for (const cookie of String(headers['cookie'] ?? '').split(/; */)) {
      const [name, value = ''] = cookie.split('=', 2);
      if (name !== this.#name) continue;
      const [hash = '', place = ''] = value.split('.', 2);
      const claimed = Buffer.from(hash, 'base64url');
      const expected = hashOf(state);
      if (claimed.length === expected.length && timingSafeEqual(claimed, expected)) {
        return { returnTo: ownPath(Buffer.from(place, 'base64url').toString()) };
      }
    }
    return undefined;
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
