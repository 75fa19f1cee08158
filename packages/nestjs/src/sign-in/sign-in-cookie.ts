import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ownPath } from '@frameio-auth/core/adapter';
import type { FrameioRequest } from '../frameio-users.interface.js';
import { DEFAULT_CONNECTION } from '../injection-tokens.js';

/**
 * The longest time that a sign-in can take, in seconds. After the sign-in, a repeated callback still finds its
 * destination here.
 */
const MAX_AGE = 600;

/** How many sign-ins begun in one browser, in several tabs, are remembered. The newest are kept. */
const MOST = 4;

/** A SHA-256 hash in base64url. */
const HASH = /^[\w-]{43}$/;

/**
 * Ends the name of the cookie that says where the user must act. In other names, a hash is in this place, which is
 * longer.
 */
const ACTION = 'action';

/**
 * Manages the cookies that a browser keeps while its user is at the server, one per sign-in. Each contains a secret,
 * which proves that the callback comes from the browser that began, and the path to return to. If the server first
 * requires an action of the user, another cookie contains that address.
 *
 * The `state` is the hash of the secret. It appears in addresses, which logs and histories keep, together with the
 * code. So the browser's proof must not follow from it (RFC 9700 §2.1.1).
 *
 * The cookies are not deleted but expire. A browser may deliver a callback again, and tabs that return at the same
 * moment would overwrite each other's changes to a shared cookie.
 *
 * Over https the name begins with `__Host-`, so that no other host of the domain can set the cookie (RFC 6265bis
 * §4.1.3.2).
 */
export class SignInCookie {
  /** The prefix of the names of all these cookies of a connection. */
  readonly #prefix: string;
  readonly #attributes: string;

  constructor(connection: string, isSecure: boolean) {
    // A hash, because a connection's name may contain characters that are invalid in a cookie's name.
    const suffix = connection === DEFAULT_CONNECTION ? '' : `.${hashOf(connection).toString('hex', 0, 4)}`;
    this.#prefix = `${isSecure ? '__Host-' : ''}frameio-sign-in${suffix}-`;
    // Not `Strict`, because the callback is a navigation from the server's site.
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  }

  /** Returns the `Set-Cookie` headers for a new sign-in. If there are too many, it replaces the oldest. */
  begun(request: FrameioRequest, { secret, state }: SignInSecret, returnTo: string | undefined): string[] {
    const names = new Set(this.#contents(request).flatMap(({ mark }) => (mark === ACTION ? [] : [mark])));
    // Browsers send the oldest first (RFC 6265 §5.4).
    const outdated = [...names].slice(0, Math.max(0, names.size + 1 - MOST));
    return [
      ...outdated.map((mark) => `${this.#prefix}${mark}=; Max-Age=0; ${this.#attributes}`),
      this.#set(markOf(state), `${secret}.${encoded(returnTo ?? '')}`),
    ];
  }

  /** Returns the `Set-Cookie` header for a sign-in that cannot continue until the user has acted. */
  actionRequired(url: string): string {
    return this.#set(ACTION, encoded(url));
  }

  /**
   * Returns what the browser's cookie says about the sign-in with this `state`; `undefined` if this browser did not
   * begin it.
   */
  read(request: FrameioRequest, state: string): { readonly returnTo: string | undefined } | undefined {
    const mark = markOf(state);
    for (const { mark: its, value } of this.#contents(request)) {
      const [secret = '', place = ''] = value.split('.', 2);
      if (its === mark && isSame(stateOf(secret), state)) return { returnTo: ownPath(decoded(place)) };
    }
    return undefined;
  }

  /** Returns the address where the server requires an action, if this browser's last sign-in ended with one. */
  actionUrl(request: FrameioRequest): string | undefined {
    const action = this.#contents(request).find(({ mark }) => mark === ACTION);
    const url = URL.parse(decoded(action?.value ?? ''));
    return url !== null && /^https?:$/.test(url.protocol) ? url.href : undefined;
  }

  #set(mark: string, value: string): string {
    return `${this.#prefix}${mark}=${value}; Max-Age=${MAX_AGE}; ${this.#attributes}`;
  }

  #contents({ headers }: FrameioRequest): { readonly mark: string; readonly value: string }[] {
    return String(headers['cookie'] ?? '')
      .split(/; */)
      .map((cookie) => cookie.split('=', 2))
      .filter(([name = '']) => name.startsWith(this.#prefix))
      .map(([name = '', value = '']) => ({ mark: name.slice(this.#prefix.length), value }))
      .filter(({ mark }) => mark === ACTION || HASH.test(mark));
  }
}

/**
 * The values that begin a sign-in: the secret is only for the browser, the `state` for the server and the addresses.
 */
export interface SignInSecret {
  readonly secret: string;
  readonly state: string;
}

export function signInSecret(): SignInSecret {
  const secret = randomBytes(32).toString('base64url');
  return { secret, state: stateOf(secret) };
}

function stateOf(secret: string): string {
  return hashOf(secret).toString('base64url');
}

/** Returns the part of a cookie's name that distinguishes the sign-ins of a browser. */
function markOf(state: string): string {
  return hashOf(state).toString('base64url');
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hashOf(one), hashOf(other));
}

function encoded(place: string): string {
  return Buffer.from(place).toString('base64url');
}

function decoded(place: string): string {
  return Buffer.from(place, 'base64url').toString();
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
