/** A call as a promise, also when it throws instead of rejecting. */
export async function promised<Result>(call: () => Promise<Result>): Promise<Result> {
  return call();
}

/** What a handler of ours or the application's throws concerns nobody else; a promise of it may reject as well. */
export function harmlessly(call: () => unknown): void {
  promised(async () => call()).catch(() => {});
}
