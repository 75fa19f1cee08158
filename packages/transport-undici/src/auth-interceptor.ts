import { ConfigurationError } from '@frameio-auth/core';
import { type BearerPolicyOptions, bearerPolicy, type TokenSource } from '@frameio-auth/core/adapter';
import type { Dispatcher } from 'undici';
import { AuthenticatedRequest } from './authenticated-request.js';
import { assertHandler, assertUndici, ownOriginOf } from './supported-undici.js';

/**
 * Creates an interceptor for `dispatcher.compose()` that sends the token of `auth`, only to the allowed origins.
 * `Authorization` always has the token of `auth`, even if the caller sets it.
 *
 *     const frameio = new Agent().compose(authInterceptor(auth));
 *     const { body } = await request('https://api.frame.io/v4/me', { dispatcher: frameio });
 *
 * After a 401, it reports the rejected token to `auth`. If `auth` has another one, the request is retried once, and the
 * second response is final. A body that can be read only once (a stream, an iterator, any async iterable) is not sent
 * again. That includes every body of `fetch`, for which there is `authenticatedFetch()`. Then the 401 is returned, and
 * `auth` learns of the rejection for the next request. A 403 is not handled.
 *
 * In `compose()`, name undici's `redirect()`, `dns()`, `cache()` and `deduplicate()` before this one. Then redirects
 * are followed with the token within the origin, and without it to other origins. A cache then sees which user a
 * request belongs to; named after this one, it would serve one user's responses to another. A redirect interceptor that
 * is named after makes each step a separate request. To another origin it is rejected, or passes without the token with
 * `otherOrigins: 'pass'`. After a redirect, only safe requests are retried, because the redirecting server may have
 * carried out a write. Name `retry()` and `responseError()` after this one; before it, they would hide a 401 from it.
 *
 * Requests fail with a ConfigurationError (`origin_not_allowed`, `invalid_url`, `invalid_token`), or with the errors of
 * `auth.getToken()`.
 *
 * @param auth - any auth object, or any session of one
 * @throws ConfigurationError `invalid_option` if an allowed origin is invalid, or is not safe for a token; from
 *   `compose()`: `origin_not_allowed` for a dispatcher that chooses the origin itself, such as a `BalancedPool`, and
 *   `unsupported_undici` for one of another undici; from `dispatch()`: `unsupported_undici` for a handler of another
 *   undici, such as that of Node's `fetch()`: then nothing is sent
 */
export function authInterceptor(
  auth: TokenSource,
  options: BearerPolicyOptions = {},
): Dispatcher.DispatcherComposeInterceptor {
  assertUndici();
  const policy = bearerPolicy(auth, options);

  return (dispatch: Dispatcher.Dispatch, ...composed: unknown[]) => {
    const own = ownOriginOf('authInterceptor', composed);
    if (own === null) {
      throw new ConfigurationError(
        'origin_not_allowed',
        'A dispatcher that chooses among several origins cannot carry a token: use an Agent, a Pool or a Client.',
      );
    }
    return (request, handler) => {
      assertHandler(handler, request);
      const authenticated = new AuthenticatedRequest(dispatch, policy, request, handler);
      try {
        const { origin = '', path } = request;
        // A path that is a complete address is a request to a proxy, which forwards it there.
        const admitted = policy.admits(own ?? origin) && (path.startsWith('/') || policy.admits(path));
        if (!admitted) return dispatch(request, handler);
      } catch (error) {
        authenticated.fail(error as Error);
        return true;
      }
      authenticated.begin();
      return true;
    };
  };
}
