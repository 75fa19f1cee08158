/**
 * For authors of HTTP clients: returns whether a request's body can be sent again unchanged. Text, bytes, forms, blobs
 * (also those of `openAsBlob()`, which stay on disk) and arrays of parts can. Streams and iterators cannot, nor can
 * anything else that may be consumed. That includes async iterables, because their source is unknown.
 */
export function isRepeatableBody(body: unknown): boolean {
  return (
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    Array.isArray(body) ||
    isForm(body)
  );
}

/** Methods that only read (RFC 9110 §9.2.1; QUERY: RFC 10008 §2). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

/**
 * For authors of HTTP clients: returns whether a request may be sent again after a response that says it was not
 * carried out, such as a 401 or a 429. After a redirect, only a request that reads may be. The response is that of the
 * last address, and the first one, which redirected, may have carried out the request.
 */
export function isRepeatable(request: {
  readonly method?: string | undefined;
  readonly body?: unknown;
  readonly redirected: boolean;
}): boolean {
  const { method = 'GET', body, redirected } = request;
  return (!redirected || SAFE.has(method.toUpperCase())) && isRepeatableBody(body);
}

/** Recognises undici's own FormData, which is not the platform's. Some streams have the same name. */
function isForm(body: unknown): boolean {
  const { [Symbol.toStringTag]: name, pipe } = body as {
    readonly [Symbol.toStringTag]?: unknown;
    readonly pipe?: unknown;
  };
  return name === 'FormData' && pipe === undefined;
}
