import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Restricts access to the holder of a link, because buttons of the page end processes. No other program on this machine
 * or page on the web may use it.
 *
 * - A link works once, and is exchanged for a cookie that scripts cannot read and other sites cannot send.
 * - `Host` must be this server's address. With DNS rebinding, the name of another site points to 127.0.0.1. To the
 *   browser, its page is then same-origin, but the name gives it away here.
 * - `Origin` and `Sec-Fetch-Site` must not name another origin.
 */
export class AccessLink {
  readonly #host: string;
  readonly #cookieName: string;
  readonly #cookies: string[] = [];
  #link = randomToken();

  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`;
    // The port is part of the name, because all ports of 127.0.0.1 share their cookies.
    this.#cookieName = `frameio-playground-${port}`;
  }

  get origin(): string {
    return `http://${this.#host}`;
  }

  /** Returns the link that has not been used yet. */
  get link(): string {
    return `${this.origin}/?token=${this.#link}`;
  }

  /**
   * Returns why a request is rejected; `undefined` if it comes from the holder of a link.
   *
   * @param comesBack - whether it may come from another port of this machine: the return from the sign-in page
   */
  rejectionOf({ headers }: IncomingMessage, { comesBack }: { comesBack: boolean }): string | undefined {
    if (headers.host !== this.#host) return 'This server answers only at 127.0.0.1.';
    if (headers.origin !== undefined && headers.origin !== this.origin)
      return 'Requests from other origins are rejected.';
    const site = headers['sec-fetch-site'] ?? 'none';
    const isOurs = site === 'none' || site === 'same-origin' || (comesBack && site === 'same-site');
    if (!isOurs) return 'Requests from other sites are rejected.';
    return this.#knows(headers.cookie ?? '')
      ? undefined
      : 'This page needs the link from the terminal, and each link works once. The terminal shows another one.';
  }

  /** Exchanges the token of the link for a cookie; returns `undefined` if the token is wrong or was used. */
  admit({ headers }: IncomingMessage, token: string): string | undefined {
    if (headers.host !== this.#host || !isSame(token, this.#link)) return undefined;
    this.#link = randomToken();
    const cookie = randomToken();
    this.#cookies.push(cookie);
    return `${this.#cookieName}=${cookie}; Path=/; HttpOnly; SameSite=Strict`;
  }

  #knows(header: string): boolean {
    const shown = header.split(';').map((cookie) => cookie.trim().split('='));
    return shown.some(
      ([name, value = '']) => name === this.#cookieName && this.#cookies.some((cookie) => isSame(cookie, value)),
    );
  }
}

function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares in a time that does not depend on how much is equal. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
