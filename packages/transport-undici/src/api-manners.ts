import { ConfigurationError } from '@frameio-auth/core';
import { type Clock, isRepeatableBody, systemClock } from '@frameio-auth/core/adapter';
import type { Dispatcher } from 'undici';
import type { Refill } from './limit.js';
import { MannerlyRequest } from './mannerly-request.js';
import { assertHandler, assertUndici, ownOriginOf } from './supported-undici.js';
import { WaitingLine } from './waiting-line.js';

export interface ApiMannersOptions {
  /**
   * The origins that this is about: scheme, host and port. Requests to others pass untouched. Each has places and limits
   * of its own. Default: `['https://api.frame.io']`.
   */
  readonly origins?: readonly string[];
  /**
   * How many requests may be under way at once, to each origin. A request has its place from when it is sent until its
   * answer has ended: an answer that is not wanted must be dumped or destroyed. Default: 8.
   */
  readonly concurrency?: number;
  /** How often a request that was answered with 429 is repeated, at most. Default: 3. */
  readonly retries?: number;
  /**
   * The methods that are repeated after a 429, in upper case. By default those that may be repeated without asking anybody
   * (RFC 9110 §9.2.2): GET, HEAD, OPTIONS, PUT and DELETE. A single request can say otherwise by undici's own option
   * `idempotent`, be it `true` for a POST or `false` for a GET.
   */
  readonly methods?: readonly string[];
  /**
   * How long a limit may hold up a request, in milliseconds, counted from when it first does. As soon as it is clear
   * that it would be longer, the request gets its 429, if it has one, and fails with a `RateLimitError` if not. The
   * wait for a place does not count. More than the limit allows in this time cannot be asked for at once: raise it for
   * batches. Default: 60000.
   */
  readonly maxWait?: number;
  /**
   * How the server gives back what was used of a limit. `'gradual'`: little by little, as Frame.io does; when nothing is
   * left, there is one request again after the time that the window has for one. `'at_once'`: when the window has passed,
   * and then everything. Default: `'gradual'`.
   */
  readonly refill?: Refill;
  /**
   * Which limit a request counts against: requests with the same key wait for each other. Default: those with the same
   * method and path, where parts of a path that are ids count as the same.
   */
  readonly limitKey?: (request: LimitedRequest) => string;
  /** Default: `systemClock()`. */
  readonly clock?: Clock;
  /** A number in [0, 1), by which waits are spread. Default: `Math.random`. */
  readonly random?: () => number;
}

export interface LimitedRequest {
  readonly origin: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/** RFC 9110 §9.2.2, without TRACE, which no API has. */
const IDEMPOTENT_METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];

/**
 * Keeps to the limits of the API: an interceptor for undici's `compose()`.
 *
 * - Requests that are too many at once wait, and are sent in the order in which they came.
 * - Where an answer said that nothing is left of a limit (`x-ratelimit-remaining: 0`), the next requests wait for it,
 *   which would otherwise be refused. Then they begin again one by one. Without such word nobody waits.
 * - A request that was refused with 429 was not carried out. It is repeated, if its method and its body allow that,
 *   after `Retry-After` (RFC 9110 §10.2.3), and where there is none, after 1 s or more, more with each refusal in a row;
 *   the others with the same limit wait too. A body allows it if it is a string, bytes, a `Blob` or a `FormData`, and
 *   not if it can be read only once: a stream, an iterator, every body of `fetch`. When it was repeated often enough,
 *   the 429 is the answer. A write that was redirected first is not repeated.
 *
 * It repeats after a 429 and nothing else. After a 5xx or a lost connection, nobody knows whether the request was
 * carried out; whoever knows that it does not matter has `interceptors.retry()` of undici for that.
 *
 * ```ts
 * const dispatcher = new Agent().compose(authInterceptor(auth), apiManners());
 * ```
 *
 * That is the order: what `compose()` is given later is outside, and waiting belongs outside of the token. So each
 * request gets its token after it has waited, and a request that is repeated gets a fresh one.
 *
 * Frame.io limits each endpoint for each user. The answers do not name the limit that they speak of, so it is taken from
 * the request: one for each method and path, ids aside. If two limits are taken for one, somebody waits for a while who
 * need not; if one is taken for two, there may be a 429, and then a repetition. What is known belongs to the
 * interceptor: make one for each user, and use one with several dispatchers whose requests are the same user's.
 *
 * A request that waits keeps the process alive, as one that is under way does, and can be aborted. The dispatcher does
 * not know of it: when that is closed meanwhile, the request fails as soon as it is sent. Its handler hears of
 * the start (`onRequestStart`) when it begins to wait, and only once.
 *
 * @throws ConfigurationError `invalid_option` for an option that makes no sense; `unsupported_undici` from `compose()` for
 *   a dispatcher of another undici, and from `dispatch()` for a handler of another one, such as that of the `fetch()` of
 *   Node: nothing is sent then
 */
export function apiManners(options: ApiMannersOptions = {}): Dispatcher.DispatcherComposeInterceptor {
  assertUndici();
  const { origins, concurrency: places, retries, methods, limitKey, clock, ...rest } = checked(options);
  const lines = new Map(origins.map((origin) => [origin, new WaitingLine(origin, { ...rest, places, clock })]));
  const now = () => clock.now();

  return (dispatch: Dispatcher.Dispatch, ...composed: unknown[]) => {
    const own = ownOriginOf('apiManners', composed);
    return (request, handler) => {
      assertHandler(handler, request);
      const named = own ?? request.origin;
      const origin = typeof named === 'string' && lines.has(named) ? named : originOf(named);
      const line = lines.get(origin);
      if (line === undefined) return dispatch(request, handler);
      const { method, path, body, idempotent = methods.includes(method) } = request;
      const key = limitKey({ origin, method, path: String(path).replace(/[?#].*$/s, '') });
      const repetitions = idempotent && isRepeatableBody(body) ? retries : 0;
      return new MannerlyRequest(request, handler, { dispatch, line, limitKey: key, repetitions, now }).start();
    };
  };
}

/** Of what is no address, there is no origin: undici is to say what is wrong with it. */
function originOf(address: string | URL | undefined): string {
  const text = String(address);
  return URL.canParse(text) ? new URL(text).origin : '';
}

/** Parts of a path that are ids: numbers, and what is long and has a digit in it, such as a UUID. */
const ID = /^(?:\d+|(?=.*\d).{16,})$/;

function methodAndShape({ method, path }: LimitedRequest): string {
  const shape = path.split('/').map((part) => (ID.test(part) ? '*' : part));
  return `${method} ${shape.join('/')}`;
}

function checked(options: ApiMannersOptions): Required<ApiMannersOptions> {
  must(typeof options === 'object' && options !== null, 'apiManners() takes an object of options: { concurrency: 4 }.');
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

/** An origin is the whole of its URL but the slash. */
function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { href, origin, protocol } = new URL(value);
  return href === `${origin}/` && (protocol === 'https:' || protocol === 'http:');
}

function must(condition: boolean, advice: string): void {
  if (!condition) throw new ConfigurationError('invalid_option', advice);
}
