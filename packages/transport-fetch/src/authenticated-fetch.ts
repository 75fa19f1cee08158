import {
  type BearerCredentials,
  type BearerPolicyOptions,
  bearerPolicy,
  isRepeatable,
  type TokenSource,
} from '@frameio-auth/core';
import { keptBody } from './kept-body.js';

export interface AuthenticatedFetchOptions extends BearerPolicyOptions {
  /**
   * What makes the requests. It must drop `Authorization` when a redirect leads to another origin, as the Fetch
   * standard says (HTTP-redirect fetch). Default: the platform's `fetch`, looked up at each request.
   */
  readonly fetch?: (input: string | Request, init: RequestInit) => Promise<Response>;
}

/**
 * A `fetch` that sends the token of `auth`, and to the allowed origins alone. `Authorization` is always that of
 * `auth`, whatever the caller set, so that it serves client libraries that set one too.
 *
 * After a 401 it tells `auth` which token was rejected. If another one comes back, the request is made once more,
 * and the second answer stands. A body that can be read only once (a stream, or one of more than 1 MiB of a `Request`)
 * is not sent again: the 401 is returned, and `auth` is told for the sake of the next request. A 403 is an answer like
 * any other. After a redirect, only a request that reads is repeated: what redirects a write may have carried it out.
 *
 * The function rejects with a ConfigurationError (`origin_not_allowed`, `invalid_url`, `invalid_token`), or with what
 * `auth.getToken()` and `fetch` reject with.
 *
 * @param auth - any auth object, or any session of one
 * @throws ConfigurationError `invalid_option` for an allowed origin that is none, or that is not safe for a token
 */
export function authenticatedFetch(
  auth: TokenSource,
  options: AuthenticatedFetchOptions = {},
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const policy = bearerPolicy(auth, options);
  const { fetch = (input, init) => globalThis.fetch(input, init) } = options;

  return async (input, init = {}) => {
    const request = typeof input !== 'string' && 'url' in input ? input : undefined;
    const address = request?.url ?? String(input);
    if (!policy.admits(address)) return fetch(request ?? address, init);

    const url = new URL(address);
    const signal = init.signal ?? request?.signal;
    // A body that was read already is left to fetch, which refuses it.
    const own = request?.bodyUsed === false ? request.body : null;
    const kept = (init.body ?? null) === null && own !== null ? await keptBody(own, signal) : undefined;
    const body = init.body ?? kept;
    // The address is the one that was checked: the text of it might mean something else relative to a page.
    const send = ({ headers }: BearerCredentials) => {
      const all = new Headers(init.headers ?? request?.headers);
      for (const [name, value] of Object.entries(headers)) all.set(name, value);
      return fetch(request ?? url.href, { ...init, headers: all, ...(kept && { body: kept, duplex: 'half' }) });
    };

    const credentials = await policy.authorize(signal).catch((error: unknown) => {
      if (kept instanceof ReadableStream) kept.cancel().catch(() => {});
      throw error;
    });
    const answer = await send(credentials);
    if (answer.status !== 401 || cameFromElsewhere(answer, url)) return answer;

    const method = init.method ?? request?.method;
    const repeatable = isRepeatable({ method, body, redirected: answer.redirected });
    const next = await policy.reauthorize(credentials, repeatable, signal).catch((error: unknown) => {
      discard(answer);
      throw error;
    });
    if (next === undefined) return answer;
    discard(answer);
    return send(next);
  };
}

/**
 * After a redirect to another origin the token was not sent, so a 401 from there says nothing about it. Of a detour by
 * another origin and back `fetch` tells nothing; that costs a renewal in vain.
 */
function cameFromElsewhere(answer: Response, url: URL): boolean {
  return answer.redirected && new URL(answer.url).origin !== url.origin;
}

/** Lets go of an answer that nobody will read, and so of its connection. */
function discard(answer: Response): void {
  answer.body?.cancel().catch(() => {}); // A body that broke by itself is gone too.
}
