import type { IncomingMessage } from 'node:http';

/** Why a request is rejected. */
export interface RequestRejection {
  readonly status: number;
  readonly reason: string;
}

/**
 * Returns why a request is rejected that only this server's page, or a program on this machine, may send.
 *
 * - Its `Host` must be this server's address. With DNS rebinding, the name of another site points to 127.0.0.1. To
 *   the browser, its page is then same-origin, but the name gives it away here.
 * - Its `Origin`, which a browser adds to cross-origin requests, must be this server's own. So no response ever
 *   allows another (CORS, private network access).
 * - If a browser sends `Sec-Fetch-Site`, it must name this origin, or the user. The link may be followed from
 *   anywhere, because its token proves that it was given out.
 *
 * @param port - the port that the server listens on
 * @param isLink - whether it carries the token of a link
 */
export function rejectionOf(request: IncomingMessage, port: number, isLink: boolean): RequestRejection | undefined {
  const host = request.headers.host;
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
    return { status: 421, reason: 'This server answers only at 127.0.0.1.' };
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`) {
    return { status: 403, reason: 'Requests from pages of other origins are refused.' };
  }
  const site = request.headers['sec-fetch-site'];
  if (isLink || site === undefined || site === 'same-origin' || site === 'none') return undefined;
  return { status: 403, reason: 'Requests from other sites are rejected.' };
}
