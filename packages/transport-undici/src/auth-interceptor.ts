import { ConfigurationError } from '@frameio-auth/core';
import { type BearerPolicyOptions, bearerPolicy, type TokenSource } from '@frameio-auth/core/adapter';
import type { Dispatcher } from 'undici';
import { AuthenticatedExchange } from './authenticated-exchange.js';
import { assertHandler, assertUndici, ownOriginOf } from './supported-undici.js';

/**
 * An interceptor for `dispatcher.compose()` that sends the token of `auth`, and to the allowed origins alone.
 * `Authorization` is always that of `auth`, whatever the caller set.
 *
 *     const frameio = new Agent().compose(authInterceptor(auth));
 *     const { body } = await request('https://api.frame.io/v4/me', { dispatcher: frameio });
 *
 * After a 401 it tells `auth` which token was rejected. If another one comes back, the request is made once more, and
 * the second answer stands. What can be read only once (a stream, an iterator, any async iterable; so every body of
 * `fetch`, for which there is `authenticatedFetch()`) is not sent again: the 401 is the answer, and `auth` is told for
 * the sake of the next request. A 403 is an answer like any other.
 *
 * In `compose()`, name undici's `redirect()`, `dns()`, `cache()` and `deduplicate()` before this one. Then a redirect is
 * followed with the token within the origin, and without it to any other, and a cache sees whose request it is: named
 * after this one, it would answer one user with what another one got. A redirect interceptor that is named after makes
 * each step a request of its own: to another origin it is refused, or passes without the token by `otherOrigins: 'pass'`.
 * After a redirect, only a request that reads is repeated: what redirected a write may have carried it out. Name `retry()`
 * and `responseError()` after this one: inside, they would keep a 401 from it.
 *
 * Requests fail with a ConfigurationError (`origin_not_allowed`, `invalid_url`, `invalid_token`), or with what
 * `auth.getToken()` rejects with.
 *
 * @param auth - any auth object, or any session of one
 * @throws ConfigurationError `invalid_option` for an allowed origin that is none, or that is not safe for a token; from
 *   `compose()`: `origin_not_allowed` for a dispatcher that chooses the origin by itself, such as a `BalancedPool`;
 *   `unsupported_undici` for one of another undici, and from `dispatch()` for a handler of another undici, such as that of
 *   the `fetch()` of Node: nothing is sent then
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
      const exchange = new AuthenticatedExchange(dispatch, policy, request, handler);
      try {
        const { origin = '', path } = request;
        // A path that is a whole address is a request to a proxy, which takes it on to there.
        const admitted = policy.admits(own ?? origin) && (path.startsWith('/') || policy.admits(path));
        if (!admitted) return dispatch(request, handler);
      } catch (error) {
        exchange.fail(error as Error);
        return true;
      }
      exchange.begin();
      return true;
    };
  };
}
