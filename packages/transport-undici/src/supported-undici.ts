import { ConfigurationError } from '@frameio-auth/core';
import { Agent, type Dispatcher } from 'undici';

/**
 * Detects versions of undici that work here, and objects that only look compatible. Versions differ in how a handler
 * receives events. A request with a handler of another version would be carried out, but its caller would wait forever.
 * So objects of another version are rejected before anything is sent.
 */

/** Rejects an object of another undici. The message says what happened, why, and what to do. */
function refuse(message: string): never {
  throw new ConfigurationError('unsupported_undici', message);
}

/**
 * Rejects a handler immediately that undici itself would reject, but too late, after the wait for a token.
 *
 * @throws ConfigurationError `unsupported_undici`
 */
export function assertHandler(
  handler: Dispatcher.DispatchHandler,
  { method, upgrade }: Dispatcher.DispatchOptions,
): void {
  const answered = upgrade || method === 'CONNECT' ? UPGRADED : ANSWERED;
  const missing = answered.filter((name) => typeof handler?.[name] !== 'function');
  if (missing.length === 0) return;
  const isOlder = 'onConnect' in Object(handler) || 'onHeaders' in Object(handler);
  refuse(
    isOlder
      ? 'The request was not sent: it comes from a fetch() or request() of an older undici, such as the fetch() that is ' +
          "built into Node, which cannot use a dispatcher of undici 8. Take that of the undici package, import { fetch } from 'undici', " +
          'or give the dispatcher to setGlobalDispatcher() of undici, which translates for the fetch() of Node.'
      : `The request was not sent: its handler has no ${missing.map((name) => `${name}()`).join(', ')}. Give it all that ` +
          'undici 8 calls (Dispatcher.DispatchHandler).',
  );
}

const COMMON = ['onRequestStart', 'onResponseError'] as const;
const UPGRADED = [...COMMON, 'onRequestUpgrade'] as const;
const ANSWERED = [...COMMON, 'onResponseStart', 'onResponseData', 'onResponseEnd'] as const;

/**
 * Returns the origin that a dispatcher connects to regardless of the request, which `compose()` reports since undici
 * 8.11: `undefined` if requests choose it, `null` if the dispatcher does.
 *
 * @param composed - the arguments of an interceptor after `dispatch`
 * @throws ConfigurationError `unsupported_undici`
 */
export function ownOriginOf(interceptor: string, composed: readonly unknown[]): string | null | undefined {
  if (composed.length > 0) return composed[0] as string | null | undefined;
  return refuse(
    `${interceptor}() was composed by a dispatcher of another undici, which does not say where it connects to. Take the ` +
      'dispatcher from undici 8.11 or newer; an interceptor of yours that calls this one hands on both of its arguments.',
  );
}

/**
 * Rejects a dispatcher that is not of undici 8.11 or newer. It may come from another copy of undici.
 *
 * @throws ConfigurationError `unsupported_undici`, or `invalid_option` if it is not a dispatcher at all
 */
export function assertDispatcher(dispatcher: Dispatcher): void {
  if (typeof dispatcher?.dispatch !== 'function') {
    throw new ConfigurationError('invalid_option', '`dispatcher` must be one of undici, such as new Agent().');
  }
  if (reportsOrigin(dispatcher)) return;
  refuse(
    '`dispatcher` is not of the undici that this transport uses: it is of another version, or only looks like one. Make ' +
      "it with undici 8.11 or newer: import { Agent } from 'undici'.",
  );
}

/**
 * Rejects a runtime that replaces undici with its own implementation, as Bun does.
 *
 * @throws ConfigurationError `unsupported_undici`
 */
export function assertUndici(): void {
  if (typeof Agent?.prototype?.dispatch === 'function' && typeof Agent.prototype.compose === 'function') return;
  refuse(
    'The undici of this runtime is a stand-in that cannot be used (in Bun, say). Use fetchTransport() and ' +
      'authenticatedFetch() of @frameio-auth/transport-fetch here.',
  );
}

function reportsOrigin(dispatcher: Dispatcher): boolean {
  let reports = false;
  if (typeof dispatcher.compose !== 'function') return false;
  dispatcher.compose((dispatch, ...composed: unknown[]) => {
    reports = composed.length > 0;
    return (request, handler) => dispatch(request, handler);
  });
  return reports;
}
