/**
 * Sends a request to the authorization server. It has the shape of `fetch`, so `fetch` itself is a transport.
 *
 * A transport resolves with the response, whatever its status, and rejects only when there is no response. It should
 * reject with a {@link TransportError}; its `delivery` says whether the server may have received the request. Any
 * other rejection is treated as `'unknown'`, the cautious reading. It must not follow redirects: a redirected token
 * request would carry the client's credentials elsewhere.
 */
export type Transport = (url: string, init: TransportRequest) => Promise<Response>;

/** The part of `RequestInit` that the OAuth messages use. */
export interface TransportRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly redirect: 'manual';
  /**
   * A response holds tokens that work once. No cache may store it or respond in the server's place; some frameworks
   * give `fetch` a cache that stores even responses to a POST.
   */
  readonly cache: 'no-store';
}
