/** Something that the demo was about to print is not true. */
export class FailedCheck extends Error {
  override readonly name = 'FailedCheck';
}

/** Says in one sentence why the real servers could not be used. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

let checked = 0;

/** Returns how many checks have passed so far. */
export function checkCount(): number {
  return checked;
}

/** Returns a value to print, after checking that it is the expected one. */
export function exactly<Value extends string | number | boolean>(expected: Value, found: Value): Value {
  checked += 1;
  if (found === expected) return found;
  throw new FailedCheck(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

/** Returns words to print, after checking that they are true. */
export function truly(words: string, holds: boolean): string {
  checked += 1;
  if (holds) return words;
  throw new FailedCheck(`it is not true that ${words}`);
}

/** Resolves to the error that a call must reject with. */
export async function rejectionOf(call: Promise<unknown>): Promise<Error> {
  checked += 1;
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new FailedCheck('a call succeeded that should have been rejected');
}
