import {
  type BearerCredentials,
  type BearerPolicyOptions,
  bearerPolicy,
  isRepeatable,
  type TokenSource,
} from '@frameio-auth/core/adapter';
import { givenRequest, settingsOf } from './given-request.js';
import { bodyOf } from './kept-body.js';

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
 * The address that is checked is the address that is sent: a `Request` is sent by its address, with its method, headers,
 * body and settings, and may be of another realm, or of another implementation of `fetch`.
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
    const { address, request } = givenRequest(input);
    // A request that carries no token is made as it was given, whatever it is.
    if (!policy.admits(address)) return fetch(input as string | Request, init);

    const url = new URL(address);
    const settings = { ...init, ...settingsOf(request, init) };
    const signal = settings.signal ?? undefined;
    const method = init.method ?? request?.method;
    const reading = (init.body ?? null) === null && request ? bodyOf(request, signal) : undefined;
    const kept = reading && (await reading);
    const body = init.body ?? kept;
    // The address is the one that was checked: the text of it might mean something else relative to a page.
    const send = ({ headers }: BearerCredentials) => {
      const all = new Headers(init.headers ?? request?.headers);
      for (const [name, value] of Object.entries(headers)) all.set(name, value);
      const own = { ...(method !== undefined && { method }), ...(kept && { body: kept, duplex: 'half' as const }) };
      return fetch(url.href, { ...settings, ...own, headers: all });
    };

    const credentials = await policy.authorize(signal).catch((error: unknown) => {
      if (kept instanceof ReadableStream) kept.cancel().catch(() => {});
      throw error;
    });
    const answer = await send(credentials);
    if (answer.status !== 401 || cameFromElsewhere(answer, url)) return answer;

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
 * Whether the answer came by a redirect through another origin. The token was not sent from there on, so a 401 says
 * nothing about it. The origin of the answer tells; and of a detour by another origin and back, the type of the answer
 * does, where it would be `basic` otherwise: outside of a page, and within a page to its own origin. Elsewhere in a browser
 * nothing tells, and such a 401 costs a renewal in vain.
 */
function cameFromElsewhere({ redirected, url, type }: Response, { origin }: URL): boolean {
  if (!redirected) return false;
  const page = (globalThis as { readonly location?: { readonly origin?: string } }).location?.origin ?? origin;
  return new URL(url).origin !== origin || (type === 'cors' && page === origin);
}

/** Lets go of an answer that nobody will read, and so of its connection. */
function discard(answer: Response): void {
  answer.body?.cancel().catch(() => {}); // A body that broke by itself is gone too.
}
