/** How much of a `Request` body is kept in memory for a retry, in bytes. */
const KEPT_AT_MOST = 2 ** 20;

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * Resolves to the body of a `Request`, to send it with another one; returns `undefined` if it has none. See
 * {@link keptBody}.
 *
 * @throws TypeError if the body was already read, as `fetch` does
 */
export function bodyOf(
  request: Request,
  signal: AbortSignal | null | undefined,
): Promise<Blob | ReadableStream | undefined> | undefined {
  if (request.bodyUsed) {
    throw new TypeError('The request was not sent: the body of its Request was already read. Create a new Request.');
  }
  const body = request.body as Bytes | null | undefined;
  if (body === null) return undefined;
  // Firefox does not expose the stream, but can read it.
  return body === undefined
    ? request.blob().then((blob) => (blob.size > 0 ? blob : undefined))
    : keptBody(body, signal);
}

/**
 * Converts the body of a `Request`, which can be read only once, into a Blob, which can be sent repeatedly. If it is
 * longer than 1 MiB, it becomes a stream again.
 *
 * @throws the signal's reason if it aborts meanwhile
 */
async function keptBody(body: Bytes, signal: AbortSignal | null | undefined): Promise<Blob | ReadableStream> {
  const reader = body.getReader();
  const giveUp = () => reader.cancel(signal?.reason).catch(() => {}); // This ends the read below.
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    if (signal?.aborted) await giveUp();
    const kept = await keptOf(reader);
    if (signal?.aborted) throw signal.reason;
    return kept;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

async function keptOf(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<Blob | ReadableStream> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  while (size <= KEPT_AT_MOST) {
    const { value } = await reader.read();
    if (value === undefined) return new Blob(chunks);
    chunks.push(value);
    size += value.length;
  }
  return new ReadableStream({
    async pull(controller) {
      const next = chunks.shift() ?? (await reader.read()).value;
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
