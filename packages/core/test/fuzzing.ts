/**
 * Shared by the property tests of this package. Each property runs with generated values, the same ones in every run.
 */
import { inspect } from 'node:util';
import fc from 'fast-check';
import { FrameioAuthError } from '../src/kernel/errors.js';

export { runs } from '../../../tests/seeds.js';

/**
 * Returns everything that a log could show of a value; of an error without the frames of its stack, which are slow to
 * compute.
 */
export function exposed(value: unknown): string {
  const shown = value instanceof Error ? [value.name, value.message, value.cause, { ...value }] : value;
  return `${inspect(shown, { depth: Number.POSITIVE_INFINITY, showHidden: true })} ${JSON.stringify(value)}`;
}

/** Returns what an action throws; `undefined` if it does not. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error ?? new Error('It threw nothing');
  }
}

/** Returns what a promise rejects with; `undefined` if it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error ?? new Error('It rejected with nothing');
  }
}

/** Returns whether it is one of the documented errors. Any other one is a crash. */
export function isDocumented(error: unknown): error is FrameioAuthError {
  return error instanceof FrameioAuthError;
}

/** Text that breaks parsers: of any length and alphabet, with control characters and unpaired surrogates. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'\0\n\r\t \u00a0\u200b\u202e\u2028\ufeff\ud800\udc00"\\\'{}[]:,%+&=#?/@é') }),
  fc.constantFrom('', '__proto__', 'constructor', 'toString', 'NaN', '-0', '1e999', '0x10', 'Infinity', 'null', 'true'),
);

/** Any JSON value, with members named like prototype properties, and text that looks like a number. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(anyText, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 5 }),
  anyText,
  fc.constantFrom<unknown>(0, -1, 1e308, 2 ** 53, 1.5, -1e-7, null, true, [], {}, [[]], ''),
);

/** Any JavaScript value. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    maxDepth: 2,
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    key: anyText,
  }),
  anyJson,
  fc.constantFrom<unknown>(undefined, Number.NaN, Number.POSITIVE_INFINITY, 1n, Symbol('fictional'), () => {}),
);

/** A text with a few characters changed, removed or added, or truncated. */
export function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat({ max: 9_999 }),
    drop: fc.nat({ max: 3 }),
    add: fc.oneof(anyText, fc.constantFrom('0', '-', '"', ',', '}', '{', '1e999', '"__proto__":')),
  });
  return fc
    .tuple(text, fc.array(change, { minLength: 1, maxLength: 3 }), fc.option(fc.nat({ max: 9_999 }), { freq: 4 }))
    .map(([whole, changes, end]) => {
      let result = whole;
      for (const { at, drop, add } of changes) {
        const place = at % (result.length + 1);
        result = result.slice(0, place) + add + result.slice(place + drop);
      }
      return end === null ? result : result.slice(0, end % (result.length + 1));
    });
}
