import { ConfigurationError } from '@frameio-auth/core';
import { Agent, type Dispatcher } from 'undici';

/**
 * What works with the undici that is installed here, and what only looks like it. Versions of undici differ in how a
 * handler hears of its request. A request that is sent for a handler of another version is carried out, and its caller
 * waits for ever. So whatever belongs to another version is refused before anything is sent.
 */

/** A refusal of what belongs to another undici: what happened, why, and what to do. */
function refuse(message: string): never {
  throw new ConfigurationError('unsupported_undici', message);
}

/**
 * Refuses a handler that undici itself would refuse, at once: with a token to wait for, it would do so too late.
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
 * The origin that a dispatcher connects to whatever a request says, as `compose()` tells interceptors since undici
 * 8.11: `undefined` if requests choose it, `null` if the dispatcher does.
 *
 * @param composed - what an interceptor was given after `dispatch`
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
 * Refuses a dispatcher that is not of undici 8.11 or newer. It may come from another copy of that.
 *
 * @throws ConfigurationError `unsupported_undici`, or `invalid_option` for what is no dispatcher at all
 */
export function assertDispatcher(dispatcher: Dispatcher): void {
  if (typeof dispatcher?.dispatch !== 'function') {
    throw new ConfigurationError('invalid_option', '`dispatcher` must be one of undici, such as new Agent().');
  }
  if (tellsOrigin(dispatcher)) return;
  refuse(
    '`dispatcher` is not of the undici that this transport uses: it is of another version, or only looks like one. Make ' +
      "it with undici 8.11 or newer: import { Agent } from 'undici'.",
  );
}

/**
 * Refuses a runtime that has a stand-in of its own in place of undici, as Bun does.
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

function tellsOrigin(dispatcher: Dispatcher): boolean {
  let tells = false;
  if (typeof dispatcher.compose !== 'function') return false;
  dispatcher.compose((dispatch, ...composed: unknown[]) => {
    tells = composed.length > 0;
    return (request, handler) => dispatch(request, handler);
  });
  return tells;
}
