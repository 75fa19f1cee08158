import { ConfigurationError } from '@frameio-auth/core';
import { boundedTransport, type Transport, type TransportLimits } from '@frameio-auth/core/adapter';

export interface FetchTransportOptions extends TransportLimits {
  /**
   * Sends the requests. It must honour `signal`, and must not retry, because a retry hides whether the request was
   * sent. Default: the platform's `fetch`, looked up at each request.
   */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * Creates a transport over `fetch` that always settles: with a response and its complete body, or with a
 * `TransportError` that says reliably whether the server may have seen the request. Redirects are rejected.
 *
 * Its own codes: `timeout`, `redirect_refused`, `body_too_large`, `body_incomplete`, `invalid_status`,
 * `invalid_request` and `request_failed`; other failures keep the platform's code, such as `ECONNREFUSED`.
 *
 * @throws ConfigurationError `invalid_option` if `timeout` or `maxBodySize` is invalid
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('invalid_option', 'fetchTransport() takes an object of options: { timeout: 5_000 }.');
  }
  const { fetch = (url, init) => globalThis.fetch(url, init), ...limits } = options;
  return boundedTransport(fetch, limits);
}
