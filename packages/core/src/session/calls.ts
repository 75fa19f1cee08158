/** Calls `call`, and turns what it throws into a rejection. */
export async function promised<Result>(call: () => Promise<Result>): Promise<Result> {
  return call();
}

/** Throws the signal's reason if it is aborted. Some browsers in use lack `signal.throwIfAborted()`. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** Returns the promise, rejected early if the signal aborts. */
export function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Calls a handler and ignores what it throws and how its promise rejects. */
export function ignoreErrors(call: () => unknown): void {
  promised(async () => call()).catch(() => {});
}
