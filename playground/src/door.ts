import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Who may come in: whoever was given a link, and nobody else on this machine or on the web, for the page presses buttons
 * that end processes.
 *
 * - A link works once, and is exchanged for a cookie that scripts do not see and other sites do not send.
 * - `Host` must be this server's address: a page whose own name was made to point to 127.0.0.1 (DNS rebinding) is
 *   same-origin to the browser, and is known by its name here.
 * - `Origin` and `Sec-Fetch-Site` must not name anybody else.
 */
export class Door {
  readonly #host: string;
  readonly #cookieName: string;
  readonly #cookies: string[] = [];
  #link = randomToken();

  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`;
    // The cookies of 127.0.0.1 are the same for all ports.
    this.#cookieName = `frameio-playground-${port}`;
  }

  get origin(): string {
    return `http://${this.#host}`;
  }

  /** The link that has not been used yet. */
  get link(): string {
    return `${this.origin}/?token=${this.#link}`;
  }

  /**
   * Why a request is not answered; `undefined`: it is from somebody who came by the link.
   *
   * @param comesBack - whether it may come from another port of this machine: the way back from the sign-in page
   */
  objectionTo({ headers }: IncomingMessage, { comesBack }: { comesBack: boolean }): string | undefined {
    if (headers.host !== this.#host) return 'This server answers at 127.0.0.1 alone.';
    if (headers.origin !== undefined && headers.origin !== this.origin) return 'Pages of other origins are refused.';
    const site = headers['sec-fetch-site'] ?? 'none';
    const isOurs = site === 'none' || site === 'same-origin' || (comesBack && site === 'same-site');
    if (!isOurs) return 'Requests from pages of other sites are refused.';
    return this.#knows(headers.cookie ?? '')
      ? undefined
      : 'This page is for whoever was given the link, and it works once. The terminal shows another one.';
  }

  /** Exchanges the token of the link for a cookie; `undefined` when it is not the token, or was used. */
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

/** In a time that does not tell how much of them is the same. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
