import { ConfigurationError } from '@frameio-auth/core';
import { originSet } from './allowed-origin.js';

/** Where the tokens come from: any of the auth objects or sessions of `@frameio-auth/core`. */
export interface TokenSource {
  /** A token that is good now. `rejected`: the token to which an API answered 401. */
  getToken(options?: { signal?: AbortSignal; rejected?: string }): Promise<string>;
  /** What goes with the token, such as the mark of a legacy developer token. No secrets: a redirect takes it along. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
}

export interface AuthenticatedFetchOptions {
  /**
   * What makes the requests. It must drop `Authorization` when a redirect leads to another origin, as the Fetch
   * standard says (HTTP-redirect fetch). Default: the platform's `fetch`, looked up at each request.
   */
  readonly fetch?: (input: string | Request, init: RequestInit) => Promise<Response>;
  /**
   * The origins that may see the token: scheme, host and port; https, or http on loopback. They stand for themselves
   * alone, without their subdomains. Default: `['https://api.frame.io']`.
   */
  readonly allowedOrigins?: readonly string[];
}

/**
 * A `fetch` that sends the token of `auth`, and to the allowed origins alone. `Authorization` is always that of
 * `auth`, whatever the caller set, so that it serves client libraries that set one too.
 *
 * After a 401 it tells `auth` which token was rejected. If another one comes back, the request is made once more,
 * and the second answer stands. A body that can be read only once (a stream, or that of a `Request`) is not sent
 * again: the 401 is returned, and `auth` is told for the sake of the next request. A 403 is an answer like any other.
 *
 * The function rejects with a ConfigurationError (`origin_not_allowed`, `invalid_url`, `invalid_token`), or with what
 * `auth.getToken()` and `fetch` reject with.
 *
 * @throws ConfigurationError `invalid_option` for an allowed origin that is none, or that is not safe for a token
 */
export function authenticatedFetch(
  auth: TokenSource,
  options: AuthenticatedFetchOptions = {},
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  if (typeof auth?.getToken !== 'function') {
    throw new ConfigurationError(
      'invalid_option',
      'authenticatedFetch() needs an auth object or a session, which has getToken(), and no token or promise.',
    );
  }
  const { fetch = (input, init) => globalThis.fetch(input, init), allowedOrigins = ['https://api.frame.io'] } = options;
  const allowed = originSet(allowedOrigins);

  return async (input, init = {}) => {
    const request = typeof input !== 'string' && 'url' in input ? input : undefined;
    const url = absoluteUrl(request?.url ?? String(input));
    if (!allowed.has(url.origin)) {
      throw new ConfigurationError(
        'origin_not_allowed',
        `The request to ${url.origin} was not made: the token may go to ${[...allowed].join(', ')} alone. If that ` +
          'origin may have it too, name it in `allowedOrigins`; if not, use a plain fetch.',
      );
    }

    const { signal = request?.signal } = init;
    const headers = new Headers(init.headers ?? request?.headers);
    // The address is the one that was checked: the text of it might mean something else relative to a page.
    const send = (token: string) =>
      fetch(request ?? url.href, { ...init, headers: withToken(headers, token, auth.requestHeaders) });

    const token = await auth.getToken({ ...(signal && { signal }) });
    const answer = await send(token);
    if (answer.status !== 401 || cameFromElsewhere(answer, url)) return answer;

    if (!canBeSentAgain(init.body ?? request?.body)) {
      auth.getToken({ rejected: token }).catch(() => {}); // Whoever asks for a token next hears of the failure.
      return answer;
    }
    const next = await auth.getToken({ ...(signal && { signal }), rejected: token }).catch((error: unknown) => {
      discard(answer);
      throw error;
    });
    if (next === token) return answer;
    discard(answer);
    return send(next);
  };
}

function absoluteUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new ConfigurationError(
    'invalid_url',
    'authenticatedFetch needs an absolute URL, such as https://api.frame.io/v4/me.',
  );
}

function withToken(headers: Headers, token: string, companions: TokenSource['requestHeaders'] = {}): Headers {
  const all = new Headers(headers);
  try {
    for (const [name, value] of Object.entries(companions)) all.set(name, value);
    all.set('authorization', `Bearer ${token}`);
  } catch {
    // The platform's error is not passed on: it shows the token.
    throw new ConfigurationError(
      'invalid_token',
      'The token, or a header that goes with it, holds characters that a header cannot carry, such as a line break.',
    );
  }
  return all;
}

/** After a redirect to another origin the token was not sent, so a 401 from there says nothing about it. */
function cameFromElsewhere(answer: Response, url: URL): boolean {
  return answer.redirected && new URL(answer.url).origin !== url.origin;
}

function canBeSentAgain(body: unknown): boolean {
  return (
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}

/** Lets go of an answer that nobody will read, and so of its connection. */
function discard(answer: Response): void {
  answer.body?.cancel().catch(() => {}); // A body that broke by itself is gone too.
}
