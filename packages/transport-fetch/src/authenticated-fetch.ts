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
   * Sends the requests. It must drop `Authorization` on a redirect to another origin, as the Fetch standard requires
   * (HTTP-redirect fetch). Default: the platform's `fetch`, looked up at each request.
   */
  readonly fetch?: (input: string | Request, init: RequestInit) => Promise<Response>;
}

/**
 * Creates a `fetch` that sends the token of `auth`, only to the allowed origins. `Authorization` always has the token
 * of `auth`, even if the caller sets it. So it works with client libraries that set their own.
 *
 * After a 401, it reports the rejected token to `auth`. If `auth` has another one, the request is retried once, and the
 * second response is final. A body that can be read only once (a stream, or a `Request` body of more than 1 MiB) is not
 * sent again. Then the 401 is returned, and `auth` learns of the rejection for the next request. A 403 is not handled.
 * After a redirect, only safe requests are retried, because the redirecting server may have carried out a write.
 *
 * The address that is checked is the address that is sent. A `Request` is sent by its address, with its method,
 * headers, body and settings. It may come from another realm or another implementation of `fetch`.
 *
 * The function rejects with a ConfigurationError (`origin_not_allowed`, `invalid_url`, `invalid_token`), or with the
 * errors of `auth.getToken()` and `fetch`.
 *
 * @param auth - any auth object, or any session of one
 * @throws ConfigurationError `invalid_option` if an allowed origin is invalid, or is not safe for a token
 */
export function authenticatedFetch(
  auth: TokenSource,
  options: AuthenticatedFetchOptions = {},
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const policy = bearerPolicy(auth, options);
  const { fetch = (input, init) => globalThis.fetch(input, init) } = options;

  return async (input, init = {}) => {
    const { address, request } = givenRequest(input);
    // A request without a token is passed on unchanged.
    if (!policy.admits(address)) return fetch(input as string | Request, init);

    const url = new URL(address);
    const settings = { ...init, ...settingsOf(request, init) };
    const signal = settings.signal ?? undefined;
    const method = init.method ?? request?.method;
    const reading = (init.body ?? null) === null && request ? bodyOf(request, signal) : undefined;
    const kept = reading && (await reading);
    const body = init.body ?? kept;
    // Sends the address that was checked. The original text might mean something else relative to a page.
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
 * Whether the response came through a redirect to another origin. From there on, the token was not sent, so a 401 says
 * nothing about it. The origin of the response shows this. If the redirects led back to the first origin, the response
 * type shows it where it would otherwise be `basic`: outside of a page, and within a page for its own origin. In other
 * cases in a browser it cannot be detected, and such a 401 costs an unnecessary refresh.
 */
function cameFromElsewhere({ redirected, url, type }: Response, { origin }: URL): boolean {
  if (!redirected) return false;
  const page = (globalThis as { readonly location?: { readonly origin?: string } }).location?.origin ?? origin;
  return new URL(url).origin !== origin || (type === 'cors' && page === origin);
}

/** Discards a response that will not be read, to free its connection. */
function discard(answer: Response): void {
  answer.body?.cancel().catch(() => {}); // Ignores a body that has already failed.
}
