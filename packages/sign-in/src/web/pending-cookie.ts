import { ownPath } from '@frameio-auth/core/adapter';
import { base64url } from 'jose';
import type { Cookie, Cookies } from './cookies.js';
import { randomText, sha256 } from './digest.js';
import type { SignInRequest } from './request.js';

/**
 * The longest time that a sign-in can take, in seconds. After the sign-in, a repeated callback still finds its
 * destination here.
 */
const MAX_AGE = 600;

/** How many sign-ins that began in one browser, in several tabs, are remembered. The newest are kept. */
const MOST = 4;

/** A SHA-256 hash in base64url. */
const HASH = /^[\w-]{43}$/;

/** Ends the name of the cookie that says where the user must act. In other names, a hash is in this place. */
const ACTION = 'action';

/** The values that begin a sign-in: the secret is only for the browser, the `state` for the server and the addresses. */
export interface SignInSecret {
  readonly secret: string;
  readonly state: string;
}

export async function signInSecret(): Promise<SignInSecret> {
  const secret = randomText();
  return { secret, state: await sha256(secret) };
}

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
 */
export class PendingCookie {
  readonly #cookies: Cookies;
  readonly #prefix: string;

  constructor(cookies: Cookies) {
    this.#cookies = cookies;
    this.#prefix = `${cookies.nameOf('sign-in')}-`;
  }

  /** Resolves to the `Set-Cookie` headers for a new sign-in. If there are too many, it replaces the oldest. */
  async begun(
    request: SignInRequest,
    { secret, state }: SignInSecret,
    returnTo: string | undefined,
  ): Promise<string[]> {
    const names = new Set(this.#contents(request).map(({ name }) => name));
    names.delete(this.#prefix + ACTION);
    // Browsers send the oldest first (RFC 6265 §5.4).
    const outdated = [...names].slice(0, Math.max(0, names.size + 1 - MOST));
    return [
      ...outdated.map((name) => this.#cookies.set(name, '', 0)),
      this.#cookies.set(await this.#nameFor(state), `${secret}.${base64url.encode(returnTo ?? '')}`, MAX_AGE),
    ];
  }

  /** Returns the `Set-Cookie` headers that end all sign-ins of a browser. */
  ended(request: SignInRequest): string[] {
    return this.#contents(request).map(({ name }) => this.#cookies.set(name, '', 0));
  }

  /** Returns the `Set-Cookie` header for a sign-in that cannot continue until the user has acted. */
  actionRequired(url: string): string {
    return this.#cookies.set(this.#prefix + ACTION, base64url.encode(url), MAX_AGE);
  }

  /**
   * Resolves to what the browser's cookie says about the sign-in with this `state`; to `undefined` if this browser did
   * not begin it.
   */
  async read(request: SignInRequest, state: string): Promise<{ readonly returnTo: string | undefined } | undefined> {
    const wanted = await this.#nameFor(state);
    for (const { name, value } of this.#contents(request)) {
      const [secret = '', place = ''] = value.split('.', 2);
      // Both sides are public: the `state`, and a hash of what the browser sent. So timing reveals nothing.
      if (name === wanted && (await sha256(secret)) === state) return { returnTo: ownPath(decoded(place)) };
    }
    return undefined;
  }

  /** Returns the address where the server requires an action, if this browser's last sign-in ended with one. */
  actionUrl(request: SignInRequest): string | undefined {
    const action = this.#contents(request).find(({ name }) => name === this.#prefix + ACTION);
    const url = URL.parse(decoded(action?.value ?? ''));
    return url !== null && /^https?:$/.test(url.protocol) ? url.href : undefined;
  }

  /** Returns the name that distinguishes the sign-ins of a browser. */
  async #nameFor(state: string): Promise<string> {
    return this.#prefix + (await sha256(state));
  }

  #contents(request: SignInRequest): Cookie[] {
    return this.#cookies.withPrefix(request, this.#prefix).filter(({ name }) => {
      const mark = name.slice(this.#prefix.length);
      return mark === ACTION || HASH.test(mark);
    });
  }
}

function decoded(place: string): string {
  try {
    return new TextDecoder().decode(base64url.decode(place));
  } catch {
    return '';
  }
}
