import { isSameToken, randomToken } from './random-token.js';

/** The maximum at once; beyond it, the oldest is removed. */
const MOST_LINKS = 16;
const MOST_VISITORS = 16;

/** Tracks the permitted viewers: a browser that opens an unused link is identified by a cookie from then on. */
export class Visitors {
  #links: string[] = [];
  #cookies: string[] = [];

  /** Returns a token for a link that works once. */
  invite(): string {
    const token = randomToken();
    this.#links = [...this.#links, token].slice(-MOST_LINKS);
    return token;
  }

  /** Exchanges the token of a link for the value of a cookie; returns `undefined` if it is invalid or was used. */
  admit(token: string): string | undefined {
    const link = this.#links.find((each) => isSameToken(each, token));
    if (link === undefined) return undefined;
    this.#links = this.#links.filter((each) => each !== link);
    const cookie = randomToken();
    this.#cookies = [...this.#cookies, cookie].slice(-MOST_VISITORS);
    return cookie;
  }

  knows(cookie: string): boolean {
    return this.#cookies.some((each) => isSameToken(each, cookie));
  }
}
