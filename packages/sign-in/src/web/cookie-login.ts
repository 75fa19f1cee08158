import { errors } from 'jose';
import type { Cookies } from './cookies.js';
import { KeyRing, type LoginKey } from './key-ring.js';
import { LoginSeal } from './login-seal.js';
import { refuse, type SignInLogger } from './options.js';
import type { SignInRequest } from './request.js';
import type { Identities, Identity } from './users.js';

export interface CookieLoginOptions {
  /** All keys that cookies may be sealed with, by name: 32 random bytes each, as bytes or in base64. */
  readonly keys: Readonly<Record<string, LoginKey>>;
  /** The name of the key that seals new cookies. */
  readonly current: string;
  /** How many seconds a browser stays logged in without a request. Default: 14 days. */
  readonly lifetime?: number;
  /** Default: `Date`. */
  readonly clock?: { now(): number };
}

/** What a login needs to know about the sign-in that it belongs to. */
interface LoginPlace {
  readonly cookies: Cookies;
  readonly redirectUri: string;
  readonly logger: SignInLogger;
}

/** A login that `cookieLogin()` made, for the option `login` of `signIn()`. */
export interface CookieLogin {
  /** Called by `signIn()`. */
  open(place: LoginPlace): Identities<unknown>;
}

const DAY = 24 * 60 * 60;

/** Chrome keeps no cookie longer, in seconds. */
const LONGEST = 400 * DAY;

/** Browsers store no longer cookie, in characters (RFC 6265bis §5.6). */
const LONGEST_COOKIE = 4_096;

/**
 * Makes signing in with Adobe the login of the application. The browser gets a `__Host-` cookie, new at each sign-in,
 * that holds the key of its session, encrypted (JWE, RFC 7516, with AES-256-GCM). The server stores nothing for it.
 *
 * @throws ConfigurationError for invalid keys
 */
export function cookieLogin(options: CookieLoginOptions): CookieLogin {
  const { keys, current, lifetime = 14 * DAY, clock = Date } = options ?? {};
  const ring = new KeyRing(keys, current);
  if (!Number.isInteger(lifetime) || lifetime < 60 || lifetime > LONGEST) {
    refuse(`login.lifetime must be a whole number of seconds, from 60 to ${LONGEST}.`);
  }
  return { open: (place) => new LoginCookie(place, ring, lifetime, clock) };
}

class LoginCookie implements Identities<unknown> {
  readonly admits = true;
  readonly #place: LoginPlace;
  readonly #name: string;
  readonly #seal: LoginSeal;
  readonly #lifetime: number;
  readonly #clock: { now(): number };

  constructor(place: LoginPlace, ring: KeyRing, lifetime: number, clock: { now(): number }) {
    this.#place = place;
    this.#name = place.cookies.nameOf('login');
    this.#seal = new LoginSeal(ring, place.redirectUri);
    this.#lifetime = lifetime;
    this.#clock = clock;
  }

  async identify(request: SignInRequest): Promise<Identity | undefined> {
    const found = this.#place.cookies.withPrefix(request, this.#name).filter(({ name }) => name === this.#name);
    const [cookie, second] = found;
    if (cookie === undefined) return undefined;
    if (second !== undefined) return this.#ignore('there are two of them');
    if (cookie.value.length > LONGEST_COOKIE) return this.#ignore('it is too long');
    try {
      const now = this.#now();
      const login = await this.#seal.open(cookie.value, now);
      if (login === undefined) return undefined;
      const { key, issuedAt } = login;
      // Not at each request, because responses that cross would overwrite each other's cookies.
      const isDue = now - issuedAt > this.#lifetime / 10;
      return isDue ? { key, renewal: await this.#issue(key) } : { key };
    } catch (error) {
      return this.#ignore(error instanceof errors.JOSEError ? error.code : 'it cannot be read');
    }
  }

  async admit({ key, headers }: { readonly key: string; readonly headers: Headers }): Promise<void> {
    headers.append('Set-Cookie', await this.#issue(key));
  }

  dismiss({ headers }: { readonly headers: Headers }): void {
    headers.append('Set-Cookie', this.#place.cookies.set(this.#name, '', 0));
  }

  async #issue(key: string): Promise<string> {
    const issuedAt = this.#now();
    const sealed = await this.#seal.seal({ key, issuedAt, expiresAt: issuedAt + this.#lifetime });
    return this.#place.cookies.set(this.#name, sealed, this.#lifetime);
  }

  /** Returns the time in seconds. */
  #now(): number {
    return Math.floor(this.#clock.now() / 1000);
  }

  #ignore(reason: string): undefined {
    this.#place.logger.debug(`A login cookie was ignored: ${reason}.`);
  }
}
