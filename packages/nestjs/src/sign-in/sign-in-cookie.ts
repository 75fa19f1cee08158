import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
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
 * What a browser keeps while its user is at the server, in a cookie for each sign-in: a secret, by which the callback is
 * known to come from the browser that began, and where to go on afterwards. When the server wants something from the user
 * first, another one has the address for that.
 *
 * The `state` is the hash of the secret. It stands in addresses, which logs and histories keep, together with the code; so
 * what a browser proves itself by must not follow from it (RFC 9700 §2.1.1).
 *
 * The cookies are left to their age, because a browser may deliver a callback again, and because tabs that come back at
 * the same moment would undo each other's changes of one cookie.
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
  begun(request: FrameioRequest, { secret, state }: SignInSecret, returnTo: string | undefined): string[] {
    const names = new Set(this.#contents(request).flatMap(({ mark }) => (mark === ACTION ? [] : [mark])));
    // Browsers send the oldest first (RFC 6265 §5.4).
    const outdated = [...names].slice(0, Math.max(0, names.size + 1 - MOST));
    return [
      ...outdated.map((mark) => `${this.#prefix}${mark}=; Max-Age=0; ${this.#attributes}`),
      this.#set(markOf(state), `${secret}.${encoded(returnTo ?? '')}`),
    ];
  }

  /** The `Set-Cookie` header of a sign-in that is over until the user has acted. */
  actionRequired(url: string): string {
    return this.#set(ACTION, encoded(url));
  }

  /** What the browser says of the sign-in with this `state`; `undefined` when it did not begin it. */
  read(request: FrameioRequest, state: string): { readonly returnTo: string | undefined } | undefined {
    const mark = markOf(state);
    for (const { mark: its, value } of this.#contents(request)) {
      const [secret = '', place = ''] = value.split('.', 2);
      if (its === mark && isSame(stateOf(secret), state)) return { returnTo: ownPath(decoded(place)) };
    }
    return undefined;
  }

  /** Where the server wants the user to act, if that is what this browser's last sign-in ended with. */
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

/** What a sign-in begins with: the secret is for the browser alone, the `state` for the server and the addresses. */
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

/** What tells the cookies of a browser apart. */
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
