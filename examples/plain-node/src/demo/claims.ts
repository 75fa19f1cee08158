/** Says that the demo was about to print something that is not so. */
export class BrokenClaim extends Error {
  override readonly name = 'BrokenClaim';
}

/** Says, in one sentence for whoever set the credentials, why the real servers were of no use. */
export class NoSuccess extends Error {
  override readonly name = 'NoSuccess';
}

let checked = 0;

/** How many claims held so far. */
export function claimsChecked(): number {
  return checked;
}

/** What was found, to be printed, once it is known to be what the sentence around it says. */
export function exactly<Value extends string | number | boolean>(expected: Value, found: Value): Value {
  checked += 1;
  if (found === expected) return found;
  throw new BrokenClaim(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

/** The words, to be printed, once they are known to be true. */
export function truly(words: string, holds: boolean): string {
  checked += 1;
  if (holds) return words;
  throw new BrokenClaim(`this is not true: ${words}`);
}

/** The error that a call must end with. */
export async function refusalOf(call: Promise<unknown>): Promise<Error> {
  checked += 1;
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new BrokenClaim('a call succeeded that should have been refused');
}
