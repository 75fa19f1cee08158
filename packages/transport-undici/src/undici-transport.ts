import { ConfigurationError, TransportError } from '@frameio-auth/core';
import { boundedTransport, requestFailure, type Transport, type TransportLimits } from '@frameio-auth/core/adapter';
import { type Dispatcher, fetch } from 'undici';
import { type ConnectionOptions, givenConnections, ownConnections } from './connections.js';
import { type Controller, ForwardingHandler } from './forwarding-handler.js';
import { assertUndici } from './supported-undici.js';

export interface UndiciTransportOptions extends TransportLimits, ConnectionOptions {
  /**
   * The dispatcher for all requests, such as an `Agent`, a `ProxyAgent` or a `MockAgent`, of undici 8.11 or newer. It
   * must not retry requests or follow redirects. The application keeps ownership and closes it.
   *
   * Default: the transport's own connections, which `ca`, `connectTimeout` and `allowH2` configure. They use the proxy
   * that `HTTPS_PROXY` and `HTTP_PROXY` (in upper or lower case) name at creation, except for the hosts in `NO_PROXY`
   * and for loopback.
   */
  readonly dispatcher?: Dispatcher;
  /** How long to wait for the response headers, in milliseconds. Default: the dispatcher's setting, or `timeout`. */
  readonly headersTimeout?: number;
  /** How long to wait between parts of the body, in milliseconds. Default: the dispatcher's setting, or `timeout`. */
  readonly bodyTimeout?: number;
}

/** A transport with the connections that it keeps for later requests. Idle connections do not keep a process alive. */
export interface UndiciTransport extends Transport {
  /** Closes the transport's own connections after the requests in flight have ended. Later requests are not sent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a transport over undici, with pooled connections, HTTP/2, proxies and custom certificate authorities.
 *
 * Like `fetchTransport()`, it always settles: with a response and its complete body, or with a `TransportError`. While
 * `fetch` must infer from the error whether a failed request was sent, this transport knows. Redirects are rejected.
 *
 * Its own codes: `timeout`, `redirect_refused`, `body_too_large`, `body_incomplete`, `invalid_status`,
 * `invalid_request`, `transport_closed` and `request_failed`; other failures keep the code of Node or undici, such as
 * `ECONNREFUSED` or `UND_ERR_HEADERS_TIMEOUT`.
 *
 * @throws ConfigurationError `invalid_option` for an invalid option, or one that cannot be combined with
 *   `dispatcher`; `invalid_proxy` if the environment names an invalid proxy; `unsupported_undici` for a `dispatcher` of
 *   another undici, and in a runtime that replaces undici
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
      // undici declares its own types for the platform's Response.
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

/**
 * Notes when a request begins to be written. undici reports this at the last moment at which it can still be aborted.
 */
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
