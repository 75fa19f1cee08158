import { createHash, timingSafeEqual } from 'node:crypto';
import type { FrameioRequest } from '../frameio-users.js';
import { DEFAULT_CONNECTION } from '../injection-tokens.js';
import { ownPath } from './return-to.js';

/** As long as a sign-in can take, in seconds. Afterwards it also has a callback that comes again find its place. */
const MAX_AGE = 600;

/** So many sign-ins that were begun in one browser are remembered, the newest: those of several tabs. */
const MOST = 4;

/** A SHA-256 hash in base64url. */
const HASH = /^[\w-]{43}$/;

/** Ends the name of the cookie that says where the user must act. A hash, which stands there else, is longer. */
const ACTION = 'action';

/**
 * What a browser keeps while its user is at the server, in a cookie for each sign-in: a hash of its `state`, by which the
 * callback is known to come from the browser that began, and where to go on afterwards. When the server wants something
 * from the user first, another one has the address for that. Nothing in them is secret.
 *
 * They are left to their age, because a browser may deliver a callback again, and because tabs that come back at the same
 * moment would undo each other's changes of one cookie.
 *
 * Over https its name begins with `__Host-`, so that no other host of the same domain can set it (RFC 6265bis §4.1.3.2).
 */
export class SignInCookie {
  /** How the names of all these cookies of a connection begin. */
  readonly #prefix: string;
  readonly #attributes: string;

  constructor(connection: string, isSecure: boolean) {
    // A hash, because a connection's name may hold what a cookie's must not.
    const suffix = connection === DEFAULT_CONNECTION ? '' : `.${hashOf(connection).toString('hex', 0, 4)}`;
    this.#prefix = `${isSecure ? '__Host-' : ''}frameio-sign-in${suffix}-`;
    // Not `Strict`, because the callback comes with a navigation from the server's site.
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  }

  /** The `Set-Cookie` headers of a sign-in that begins; it takes the place of the oldest where there are too many. */
  begun(request: FrameioRequest, state: string, returnTo: string | undefined): string[] {
    const names = new Set(this.#contents(request).flatMap(({ mark }) => (mark === ACTION ? [] : [mark])));
    // Browsers send the oldest first (RFC 6265 §5.4).
    const outdated = [...names].slice(0, Math.max(0, names.size + 1 - MOST));
    return [
      ...outdated.map((mark) => `${this.#prefix}${mark}=; Max-Age=0; ${this.#attributes}`),
      this.#set(hashOf(state).toString('base64url'), returnTo ?? ''),
    ];
  }

  /** The `Set-Cookie` header of a sign-in that is over until the user has acted. */
  actionRequired(url: string): string {
    return this.#set(ACTION, url);
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
    return `${this.#prefix}${mark}=${encoded}; Max-Age=${MAX_AGE}; ${this.#attributes}`;
  }

  #contents({ headers }: FrameioRequest): { readonly mark: string; readonly place: string }[] {
    return String(headers['cookie'] ?? '')
      .split(/; */)
      .map((cookie) => cookie.split('=', 2))
      .filter(([name = '']) => name.startsWith(this.#prefix))
      .map(([name = '', value = '']) => ({
        mark: name.slice(this.#prefix.length),
        place: Buffer.from(value, 'base64url').toString(),
      }))
      .filter(({ mark }) => mark === ACTION || HASH.test(mark));
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
