import { isSameToken, randomToken } from './random-token.js';

/** The maximum at once; beyond it, the oldest is removed. */
const MAX_LINKS = 16;
const MAX_VIEWERS = 16;

/** Tracks the permitted viewers: a browser that opens an unused link is identified by a cookie from then on. */
export class ViewerAccess {
  #links: string[] = [];
  #cookies: string[] = [];

  /** Returns a token for a link that works once. */
  createLink(): string {
    const token = randomToken();
    this.#links = [...this.#links, token].slice(-MAX_LINKS);
    return token;
  }

  /** Exchanges the token of a link for the value of a cookie; returns `undefined` if it is invalid or was used. */
  admit(token: string): string | undefined {
    const link = this.#links.find((each) => isSameToken(each, token));
    if (link === undefined) return undefined;
    this.#links = this.#links.filter((each) => each !== link);
    const cookie = randomToken();
    this.#cookies = [...this.#cookies, cookie].slice(-MAX_VIEWERS);
    return cookie;
  }

  knows(cookie: string): boolean {
    return this.#cookies.some((each) => isSameToken(each, cookie));
  }
}
