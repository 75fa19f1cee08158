import { ConfigurationError } from '@frameio-auth/core';
import { boundedTransport, type Transport, type TransportLimits } from '@frameio-auth/core/adapter';

export interface FetchTransportOptions extends TransportLimits {
  /**
   * What makes the requests. It must honour `signal`, and must not retry: after a retry nobody can tell whether the
   * request was sent. Default: the platform's `fetch`, looked up at each request.
   */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * A transport over `fetch` that always ends: with a response whose body is already here, or with a `TransportError`
 * that tells truthfully whether the server can have seen the request. Redirects are refused.
 *
 * Codes of its own: `timeout`, `redirect_refused`, `body_too_large`, `body_incomplete`, `invalid_status`,
 * `invalid_request` and `request_failed`; other failures keep the platform's code, such as `ECONNREFUSED`.
 *
 * @throws ConfigurationError `invalid_option` for a `timeout` or `maxBodySize` that makes no sense
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('invalid_option', 'fetchTransport() takes an object of options: { timeout: 5_000 }.');
  }
  const { fetch = (url, init) => globalThis.fetch(url, init), ...limits } = options;
  return boundedTransport(fetch, limits);
}
