import type { IncomingMessage } from 'node:http';

/** Why a request is not answered. */
export interface Objection {
  readonly status: number;
  readonly reason: string;
}

/**
 * What is wrong with a request that no page but ours, and no program but one on this machine, can have meant to send.
 *
 * - Its `Host` must be this server's address. A page of another site whose name was made to point to 127.0.0.1 (DNS
 *   rebinding) is same-origin to the browser, and is known by its name here.
 * - Its `Origin`, which a browser adds wherever a page of another origin asks, must be this server's own; so no answer
 *   ever allows another (CORS, private network access).
 * - Browsers that say where a request comes from (`Sec-Fetch-Site`) must say that it comes from here, or from the user.
 *   The link may be followed from anywhere, because its token proves who it was given to.
 *
 * @param port - the port that the server listens on
 * @param isLink - whether it carries the token of a link
 */
export function objectionTo(request: IncomingMessage, port: number, isLink: boolean): Objection | undefined {
  const host = request.headers.host;
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
    return { status: 421, reason: 'This server answers at 127.0.0.1 alone.' };
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`) {
    return { status: 403, reason: 'Requests from pages of other origins are refused.' };
  }
  const site = request.headers['sec-fetch-site'];
  if (isLink || site === undefined || site === 'same-origin' || site === 'none') return undefined;
  return { status: 403, reason: 'Requests from pages of other sites are refused.' };
}
