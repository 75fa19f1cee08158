import { ConfigurationError, TransportError } from '@frameio-auth/core';
import { boundedTransport, requestFailure, type Transport, type TransportLimits } from '@frameio-auth/core/adapter';
import { type Dispatcher, fetch } from 'undici';
import { type ConnectionOptions, givenConnections, ownConnections } from './connections.js';
import { type Controller, ForwardingHandler } from './forwarding-handler.js';
import { assertUndici } from './supported-undici.js';

export interface UndiciTransportOptions extends TransportLimits, ConnectionOptions {
  /**
   * Where the requests go through, such as an `Agent`, a `ProxyAgent` or a `MockAgent`. It stays the application's, who
   * also closes it. It must be of undici 8.11 or newer, and not repeat requests or follow redirects. Default: connections of the transport's own, which
   * go through the proxy that `HTTPS_PROXY` and `HTTP_PROXY` name when it is made (in upper or lower case), but for the
   * hosts of `NO_PROXY` and for loopback. `ca`, `connectTimeout` and `allowH2` are about these.
   */
  readonly dispatcher?: Dispatcher;
  /** How long the head of the answer may take, in milliseconds. Default: what the dispatcher says, or `timeout`. */
  readonly headersTimeout?: number;
  /** How long may pass between parts of the body, in milliseconds. Default: what the dispatcher says, or `timeout`. */
  readonly bodyTimeout?: number;
}

/** A transport, and the connections that it keeps for the next request. Idle ones do not keep a process alive. */
export interface UndiciTransport extends Transport {
  /** Closes the transport's own connections once the requests under way are done. Later requests are not sent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A transport over undici: pooled connections that are kept, HTTP/2, proxies, one's own certificate authorities. Like
 * `fetchTransport()`, it always ends, with a response whose body is already here, or with a `TransportError`; and
 * where `fetch` has to judge by the error whether a request that failed was sent, it knows. Redirects are refused.
 *
 * Codes of its own: `timeout`, `redirect_refused`, `body_too_large`, `body_incomplete`, `invalid_status`,
 * `invalid_request`, `transport_closed` and `request_failed`; other failures keep the code of Node or undici, such as
 * `ECONNREFUSED` or `UND_ERR_HEADERS_TIMEOUT`.
 *
 * @throws ConfigurationError `invalid_option` for an option that makes no sense, or not beside `dispatcher`;
 *   `invalid_proxy` when the environment names a proxy that is none; `unsupported_undici` for a `dispatcher` of another
 *   undici, and in a runtime that has a stand-in for undici
 */
export function undiciTransport(options: UndiciTransportOptions = {}): UndiciTransport {
  assertUndici();
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('invalid_option', 'undiciTransport() takes an object of options: { timeout: 5_000 }.');
  }
  for (const name of ['connectTimeout', 'headersTimeout', 'bodyTimeout'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue;
    throw new ConfigurationError('invalid_option', `\`${name}\` must be a number of milliseconds above 0.`);
  }
  const { dispatcher, headersTimeout, bodyTimeout } = options;
  const timeouts = { ...(headersTimeout && { headersTimeout }), ...(bodyTimeout && { bodyTimeout }) };
  const connections = dispatcher === undefined ? ownConnections(options) : givenConnections(dispatcher, options);
  const underWay = new Set<Promise<unknown>>();
  let closed = false;

  const send = boundedTransport(async (url, init) => {
    const address = new URL(url);
    const { host } = address;
    if (closed) {
      throw new TransportError('transport_closed', `The request to ${host} was not sent: its transport is closed.`, {
        delivery: 'not_sent',
        advice: 'Close it after the last session.',
      });
    }
    let begun = false;
    const observed = connections.to(address).compose((dispatch) => (request, handler) => {
      return dispatch({ ...request, ...timeouts }, new StartObserver(handler, () => (begun = true)));
    });
    try {
      // undici has types of its own for what has the shape of the platform's Response.
      return (await fetch(url, { ...init, dispatcher: observed })) as unknown as Response;
    } catch (error) {
      throw requestFailure(error, host, begun);
    }
  }, options);

  const transport: Transport = async (url, request) => {
    const answer = send(url, request);
    underWay.add(answer);
    try {
      return await answer;
    } finally {
      underWay.delete(answer);
    }
  };

  const close = async () => {
    closed = true;
    await Promise.allSettled(underWay);
    await connections.destroy();
  };
  return Object.assign(transport, { close, [Symbol.asyncDispose]: close });
}

/** Notes that a request begins to be written: undici says so at the last moment at which it can still be aborted. */
class StartObserver extends ForwardingHandler {
  readonly #begin: () => void;

  constructor(handler: Dispatcher.DispatchHandler, begin: () => void) {
    super(handler);
    this.#begin = begin;
  }

  override onRequestStart(controller: Controller, context: unknown): void {
    super.onRequestStart(controller, context);
    if (!controller.aborted) this.#begin();
  }
}
