/** A call as a promise, also when it throws instead of rejecting. */
export async function promised<Result>(call: () => Promise<Result>): Promise<Result> {
  return call();
}

/** Throws the signal's reason if it is aborted. `signal.throwIfAborted()` is younger than browsers that are in use. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** What a handler of ours or the application's throws concerns nobody else; a promise of it may reject as well. */
export function harmlessly(call: () => unknown): void {
  promised(async () => call()).catch(() => {});
}
