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

/** undici has a FormData of its own, which is not the platform's; and there are streams that bear the name. */
function isForm(body: unknown): boolean {
  const { [Symbol.toStringTag]: name, pipe } = body as {
    readonly [Symbol.toStringTag]?: unknown;
    readonly pipe?: unknown;
  };
  return name === 'FormData' && pipe === undefined;
}
