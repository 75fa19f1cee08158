/** How much of the body of a `Request` is kept in memory so that it can be sent again, in bytes. */
const KEPT_AT_MOST = 2 ** 20;

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * The body of a `Request`, to be sent with another one: {@link keptBody} of it; `undefined` if it has none.
 *
 * @throws TypeError for a body that was read already, as `fetch` does
 */
export function bodyOf(
  request: Request,
  signal: AbortSignal | null | undefined,
): Promise<Blob | ReadableStream | undefined> | undefined {
  if (request.bodyUsed) {
    throw new TypeError('The request was not sent: the body of its Request was read already. Make a new Request.');
  }
  const body = request.body as Bytes | null | undefined;
  if (body === null) return undefined;
  // Firefox does not show the stream, but reads it.
  return body === undefined
    ? request.blob().then((blob) => (blob.size > 0 ? blob : undefined))
    : keptBody(body, signal);
}

/**
 * The body of a `Request`, which can be read only once, as a Blob, which can be sent as often as one likes; or, if it is
 * longer than 1 MiB, as a stream again.
 *
 * @throws the signal's reason when it aborts meanwhile
 */
async function keptBody(body: Bytes, signal: AbortSignal | null | undefined): Promise<Blob | ReadableStream> {
  const reader = body.getReader();
  const giveUp = () => reader.cancel(signal?.reason).catch(() => {}); // It ends the reading below.
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
