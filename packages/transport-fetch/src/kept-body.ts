/** How much of the body of a `Request` is kept in memory so that it can be sent again, in bytes. */
const KEPT_AT_MOST = 2 ** 20;

/**
 * The body of a `Request`, which can be read only once, as a Blob, which can be sent as often as one likes; or, if it is
 * longer than 1 MiB, as a stream again.
 *
 * @throws the signal's reason when it aborts meanwhile
 */
export async function keptBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal | null | undefined,
): Promise<Blob | ReadableStream> {
  const reader = body.getReader();
  const giveUp = () => reader.cancel(signal?.reason).catch(() => {}); // It ends the reading below.
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    if (signal?.aborted) await giveUp();
    const kept = await keptOf(reader);
    signal?.throwIfAborted();
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
