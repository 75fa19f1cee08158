import { parseCookie, stringifySetCookie } from 'cookie';
import type { SignInRequest } from './request.js';

export interface Cookie {
  readonly name: string;
  readonly value: string;
}

/**
 * Reads and writes the cookies of a sign-in. Over https their names begin with `__Host-`, so that no other host of the
 * domain can set them (RFC 6265bis §4.1.3.2).
 */
export class Cookies {
  readonly #isSecure: boolean;
  readonly #name: string;

  /**
   * @param origin - the application's own origin
   * @param name - distinguishes several sign-ins of one origin
   */
  constructor(origin: string, name = '') {
    this.#isSecure = origin.startsWith('https:');
    this.#name = name;
  }

  /** Returns the name of a cookie of this sign-in. */
  nameOf(purpose: string): string {
    return `${this.#isSecure ? '__Host-' : ''}frameio-${purpose}${this.#name && `.${this.#name}`}`;
  }

  /** Returns the `Set-Cookie` header for a cookie. An age of 0 seconds deletes it. */
  set(name: string, value: string, maxAge: number): string {
    // Not `strict`, because the callback is a navigation from the server's site.
    return stringifySetCookie({
      name,
      value,
      maxAge,
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: this.#isSecure,
    });
  }

  /** Returns the cookies of a request whose names begin with a prefix: all of them, even if several have one name. */
  withPrefix({ headers }: SignInRequest, prefix: string): Cookie[] {
    return (headers.get('cookie') ?? '')
      .split(';')
      .filter((pair) => pair.trimStart().startsWith(prefix))
      .flatMap((pair) => Object.entries(parseCookie(pair)))
      .map(([name, value = '']) => ({ name, value }));
  }
}

/** Returns the values of all cookies of a request, each as it is and as cookie libraries read it. */
export function cookieValues({ headers }: SignInRequest): string[] {
  return (headers.get('cookie') ?? '').split(';').flatMap((pair) => {
    const value = pair.slice(pair.indexOf('=') + 1).trim();
    return [value, ...Object.values(parseCookie(pair)).map(String)];
  });
}
