import { createHash, timingSafeEqual } from 'node:crypto';
import type { FrameioRequest } from '../frameio-users.js';
import { DEFAULT_CONNECTION } from '../injection-tokens.js';
import { ownPath } from './return-to.js';

/** As long as a sign-in can take, in seconds. */
const MAX_AGE = 600;

/** Stands in the place of a hash, which is longer. */
const ACTION = 'action';

/**
 * What a browser keeps while its user is at the server: a hash of the sign-in's `state`, by which the callback is known
 * to come from the browser that began, and where to go on afterwards. When the server wants something from the user
 * first, it is the address for that. Nothing in it is secret.
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
    return this.#set(hashOf(state).toString('base64url'), returnTo ?? '');
  }

  /** The `Set-Cookie` header of a sign-in that is over until the user has acted. */
  actionRequired(url: string): string {
    return this.#set(ACTION, url);
  }

  /** The `Set-Cookie` header of a sign-in that is over. */
  ended(): string {
    return `${this.#name}=; Max-Age=0; ${this.#attributes}`;
  }

  /** What the browser says of the sign-in with this `state`; `undefined` when it did not begin it. */
  read(request: FrameioRequest, state: string): { readonly returnTo: string | undefined } | undefined {
    const expected = hashOf(state);
    const own = this.#contents(request).find(({ mark }) => {
      const claimed = Buffer.from(mark, 'base64url');
      return claimed.length === expected.length && timingSafeEqual(claimed, expected);
    });
    return own && { returnTo: ownPath(own.place) };
  }

  /** Where the server wants the user to act, if that is what this browser's last sign-in ended with. */
  actionUrl(request: FrameioRequest): string | undefined {
    const place = this.#contents(request).find(({ mark }) => mark === ACTION)?.place ?? '';
    return /^https?:$/.test(URL.parse(place)?.protocol ?? '') ? place : undefined;
  }

  #set(mark: string, place: string): string {
    const encoded = Buffer.from(place).toString('base64url');
    return `${this.#name}=${mark}.${encoded}; Max-Age=${MAX_AGE}; ${this.#attributes}`;
  }

  /** Of plain http there may be several, because others may have set them too. */
  #contents({ headers }: FrameioRequest): { readonly mark: string; readonly place: string }[] {
    return String(headers['cookie'] ?? '')
      .split(/; */)
      .map((cookie) => cookie.split('=', 2))
      .filter(([name]) => name === this.#name)
      .map(([, value = '']) => {
        const [mark = '', place = ''] = value.split('.', 2);
        return { mark, place: Buffer.from(place, 'base64url').toString() };
      });
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
