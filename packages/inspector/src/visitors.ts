import { isSameToken, randomToken } from './random-token.js';

/** More are not needed at once; the oldest is forgotten. */
const MOST_LINKS = 16;
const MOST_VISITORS = 16;

/** Who may look: whoever came by a link that nobody used before, from then on by a cookie. */
export class Visitors {
  #links: string[] = [];
  #cookies: string[] = [];

  /** A token for a link that works once. */
  invite(): string {
    const token = randomToken();
    this.#links = [...this.#links, token].slice(-MOST_LINKS);
    return token;
  }

  /** Exchanges the token of a link for the value of a cookie; `undefined` when it is none, or was used. */
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
