/**
 * How a request reaches the authorization server: shaped like `fetch`, so that `fetch` itself is one.
 *
 * A transport resolves with the response, whatever its status, and rejects only when there is no response.
 * It should reject with a {@link TransportError}, whose `delivery` says whether the server can have seen the
 * request; any other rejection is taken as `'unknown'`, the careful reading. It must not follow redirects:
 * a redirected token request would carry the client's credentials elsewhere.
 */
export type Transport = (url: string, init: TransportRequest) => Promise<Response>;

/** The part of `RequestInit` that the OAuth messages use. */
export interface TransportRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly redirect: 'manual';
  /**
   * An answer holds tokens, and is good once: no cache may keep it or answer in the server's place. Some frameworks give
   * `fetch` a cache that keeps even what a POST was answered with.
   */
  readonly cache: 'no-store';
}
