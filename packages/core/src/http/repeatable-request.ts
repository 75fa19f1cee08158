/**
 * For writers of HTTP clients: whether a request's body can be sent again as it was. Text, bytes, forms, blobs (also
 * those of `openAsBlob()`, which stay on the disk) and arrays of parts can; streams, iterators and whatever else may
 * have been used up cannot, an async iterable included, because nobody can see what is behind it.
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
 * For writers of HTTP clients: whether a request may be made again after an answer that says that it was not carried
 * out, such as a 401 or a 429. After a redirect only one that reads may: the answer is that of the last address, and the
 * first one, which redirected, may have carried out what was asked of it.
 */
export function isRepeatable(request: {
  readonly method?: string | undefined;
  readonly body?: unknown;
  readonly redirected: boolean;
}): boolean {
  const { method = 'GET', body, redirected } = request;
  return (!redirected || SAFE.has(method.toUpperCase())) && isRepeatableBody(body);
}

/** undici has a FormData of its own, which is not the platform's; and there are streams that bear the name. */
function isForm(body: unknown): boolean {
  const { [Symbol.toStringTag]: name, pipe } = body as {
    readonly [Symbol.toStringTag]?: unknown;
    readonly pipe?: unknown;
  };
  return name === 'FormData' && pipe === undefined;
}
