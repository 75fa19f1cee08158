import { ConfigurationError } from '@frameio-auth/core';
import { type Clock, isRepeatableBody, systemClock } from '@frameio-auth/core/adapter';
import type { Dispatcher } from 'undici';
import type { Refill } from './limit.js';
import { RequestQueue } from './request-queue.js';
import { assertHandler, assertUndici, ownOriginOf } from './supported-undici.js';
import { ThrottledRequest } from './throttled-request.js';

export interface RateLimitInterceptorOptions {
  /**
   * The origins to limit: scheme, host and port. Requests to other origins pass unchanged. Each origin has its own
   * places and limits. Default: `['https://api.frame.io']`.
   */
  readonly origins?: readonly string[];
  /**
   * How many requests may be in flight at once, per origin. A request occupies its place from when it is sent until its
   * response has ended, so dump or destroy a response that is not needed. Default: 8.
   */
  readonly concurrency?: number;
  /** How often to retry a request after a 429. Default: 3. */
  readonly retries?: number;
  /**
   * The methods to retry after a 429, in upper case. Default: the idempotent methods (RFC 9110 §9.2.2) GET, HEAD,
   * OPTIONS, PUT and DELETE. A single request can override this with undici's own option `idempotent`: `true` for a
   * POST, or `false` for a GET.
   */
  readonly methods?: readonly string[];
  /**
   * How long a limit may delay a request, in milliseconds, from the start of its first delay. Once it is clear that the
   * delay would be longer, the request gets its 429 if it has one, or else fails with a `RateLimitError`. Waiting for a
   * place does not count. This limits the size of a batch that is requested at once; raise it for larger batches.
   * Default: 60000.
   */
  readonly maxWait?: number;
  /**
   * How the server restores a used limit. `'gradual'`: little by little, as Frame.io does. When the limit is exhausted,
   * one request is possible after one request's share of the window. `'at_once'`: completely, after the window has
   * passed. Default: `'gradual'`.
   */
  readonly refill?: Refill;
  /**
   * Returns the limit that a request counts against: requests with the same key wait for each other. Default: the
   * method and the path, in which all ids count as equal.
   */
  readonly limitKey?: (request: LimitedRequest) => string;
  /** The clock. Default: `systemClock()`. */
  readonly clock?: Clock;
  /** Returns a number in [0, 1) that spreads delays. Default: `Math.random`. */
  readonly random?: () => number;
}

export interface LimitedRequest {
  readonly origin: string;
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
}

/** RFC 9110 §9.2.2, without TRACE, which no API has. */
const IDEMPOTENT_METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];

/**
 * Creates an interceptor for undici's `compose()` that respects the rate limits of the API.
 *
 * - Requests beyond `concurrency` are queued, and sent in order of arrival.
 * - If a response says that a limit is exhausted (`x-ratelimit-remaining: 0`), later requests wait for it, because
 *   they would be rejected. Then they start again one by one. Without such a response, no request waits.
 * - A request that was rejected with 429 was not carried out. It is retried if its method and its body allow that.
 *   The delay is `Retry-After` (RFC 9110 §10.2.3), or else 1 s or more, growing with each consecutive rejection. Other
 *   requests under the same limit wait too. A body can be sent again if it is a string, bytes, a `Blob` or a
 *   `FormData`; not if it can be read only once: a stream, an iterator, every body of `fetch`. When the retries are
 *   used up, the 429 is the response. A write that was redirected first is not retried.
 *
 * It retries only after a 429. After a 5xx or a lost connection, it is unknown whether the request was carried out. If
 * that does not matter to you, use `interceptors.retry()` of undici.
 *
 * ```ts
 * const dispatcher = new Agent().compose(authInterceptor(auth), rateLimitInterceptor());
 * ```
 *
 * Keep this order: interceptors that are passed to `compose()` later run first. So each request gets its token after it
 * has waited, and a retry gets a fresh one.
 *
 * Frame.io limits each endpoint for each user. Responses do not name the limit that they refer to, so it is derived
 * from the request: one per method and path, ids aside. If two limits are treated as one, some requests wait
 * unnecessarily. If one is treated as two, there may be a 429 and a retry. The state belongs to the interceptor. Create
 * one for each user, and share it between dispatchers that send the same user's requests.
 *
 * A waiting request keeps the process alive, as one in flight does, and can be aborted. The dispatcher does not know of
 * it: if the dispatcher is closed meanwhile, the request fails when it is sent. Its handler gets the start
 * (`onRequestStart`) when it begins to wait, and only once.
 *
 * @throws ConfigurationError `invalid_option` for an invalid option; `unsupported_undici` from `compose()` for a
 *   dispatcher of another undici, and from `dispatch()` for a handler of another one, such as that of Node's `fetch()`:
 *   then nothing is sent
 */
export function rateLimitInterceptor(
  options: RateLimitInterceptorOptions = {},
): Dispatcher.DispatcherComposeInterceptor {
  assertUndici();
  const { origins, concurrency, retries, methods, limitKey, clock, ...rest } = checked(options);
  const queues = new Map(origins.map((origin) => [origin, new RequestQueue(origin, { ...rest, concurrency, clock })]));
  const now = () => clock.now();

  return (dispatch: Dispatcher.Dispatch, ...composed: unknown[]) => {
    const own = ownOriginOf('rateLimitInterceptor', composed);
    return (request, handler) => {
      assertHandler(handler, request);
      const named = own ?? request.origin;
      const origin = typeof named === 'string' && queues.has(named) ? named : originOf(named);
      const queue = queues.get(origin);
      if (queue === undefined) return dispatch(request, handler);
      const { method, path, body, idempotent = methods.includes(method) } = request;
      const key = limitKey({ origin, method, path: String(path).replace(/[?#].*$/s, '') });
      const allowedRetries = idempotent && isRepeatableBody(body) ? retries : 0;
      return new ThrottledRequest(request, handler, {
        dispatch,
        queue,
        limitKey: key,
        retries: allowedRetries,
        now,
      }).start();
    };
  };
}

/** Returns the origin, or an empty string for an invalid address, so that undici reports the error. */
function originOf(address: string | URL | undefined): string {
  const text = String(address);
  return URL.canParse(text) ? new URL(text).origin : '';
}

/** Parts of a path that are ids: numbers, and long parts that contain a digit, such as a UUID. */
const ID = /^(?:\d+|(?=.*\d).{16,})$/;

function methodAndShape({ method, path }: LimitedRequest): string {
  const shape = path.split('/').map((part) => (ID.test(part) ? '*' : part));
  return `${method} ${shape.join('/')}`;
}

function checked(options: RateLimitInterceptorOptions): Required<RateLimitInterceptorOptions> {
  must(
    typeof options === 'object' && options !== null,
    'rateLimitInterceptor() takes an object of options: { concurrency: 4 }.',
  );
  const {
    origins = ['https://api.frame.io'],
    concurrency = 8,
    retries = 3,
    methods = IDEMPOTENT_METHODS,
    maxWait = 60_000,
    refill = 'gradual',
    limitKey = methodAndShape,
    clock = systemClock(),
    random = Math.random,
  } = options;
  must(
    Array.isArray(origins) && origins.every(isOrigin),
    "`origins` is a list of scheme, host and port each, without a path: ['https://api.frame.io'].",
  );
  must(Number.isSafeInteger(concurrency) && concurrency > 0, '`concurrency` must be a whole number above 0.');
  must(Number.isSafeInteger(retries) && retries >= 0, '`retries` must be a whole number, 0 for none.');
  must(
    Array.isArray(methods) && methods.every((method) => /^[A-Z]+$/.test(method)),
    "`methods` is a list of HTTP methods in upper case: ['GET', 'HEAD'].",
  );
  must(Number.isFinite(maxWait) && maxWait >= 0, '`maxWait` must be a number of milliseconds, 0 for none.');
  must(refill === 'gradual' || refill === 'at_once', "`refill` must be 'gradual' or 'at_once'.");
  must(typeof limitKey === 'function', '`limitKey` must be a function that gives a string for a request.');
  must(
    (['now', 'monotonic', 'setTimeout', 'clearTimeout'] as const).every((name) => typeof clock?.[name] === 'function'),
    '`clock` must be a clock: leave it out, or take manualClock() in tests.',
  );
  must(typeof random === 'function', '`random` must be a function like Math.random.');
  return { origins: origins.map(originOf), concurrency, retries, methods, maxWait, refill, limitKey, clock, random };
}

/** Whether a URL consists of only an origin and a slash. */
function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { href, origin, protocol } = new URL(value);
  return href === `${origin}/` && (protocol === 'https:' || protocol === 'http:');
}

function must(condition: boolean, advice: string): void {
  if (!condition) throw new ConfigurationError('invalid_option', advice);
}
