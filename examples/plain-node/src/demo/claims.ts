/** Reports that the demo was about to print something untrue. */
export class BrokenClaim extends Error {
  override readonly name = 'BrokenClaim';
}

/** Explains to the user, in one sentence, why the real servers could not be used. */
export class NoSuccess extends Error {
  override readonly name = 'NoSuccess';
}

let checked = 0;

/** Returns how many claims have held so far. */
export function claimsChecked(): number {
  return checked;
}

/** Returns a value to print, after checking that it is the expected one. */
export function exactly<Value extends string | number | boolean>(expected: Value, found: Value): Value {
  checked += 1;
  if (found === expected) return found;
  throw new BrokenClaim(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

/** Returns words to print, after checking that they are true. */
export function truly(words: string, holds: boolean): string {
  checked += 1;
  if (holds) return words;
  throw new BrokenClaim(`this is not true: ${words}`);
}

/** Resolves to the error that a call must reject with. */
export async function refusalOf(call: Promise<unknown>): Promise<Error> {
  checked += 1;
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new BrokenClaim('a call succeeded that should have been refused');
}
