/**
 * What a value must look like to be shown, and the value made anew by it: a copy, so that nothing of the original goes
 * along, or `undefined` when it is anything else. No shape throws, whatever it is given: a getter that throws, a proxy,
 * a cycle.
 */
export type Shape<Value> = (value: unknown) => Value | undefined;

/** Reads one property, once; `undefined` where there is none or it cannot be read. */
export function read(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

export const number: Shape<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

export const flag: Shape<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);

/** One of these words. */
export function oneOf<Word extends string>(...words: readonly Word[]): Shape<Word> {
  return (value) => words.find((word) => word === value);
}

export function orNull<Value>(shape: Shape<Value>): Shape<Value | null> {
  return (value) => (value === null ? null : shape(value));
}

type ShapesOf<Value> = { readonly [Name in keyof Value]-?: Shape<Exclude<Value[Name], undefined>> };

/** These fields of an object, each where it has its shape. */
export function fields<Value extends object>(shapes: ShapesOf<Value>): Shape<Partial<Value>> {
  const entries = Object.entries(shapes) as [string, Shape<unknown>][];
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined;
    const shown: Record<string, unknown> = {};
    for (const [name, shape] of entries) {
      const field = shape(read(value, name));
      if (field !== undefined) shown[name] = field;
    }
    return shown as Partial<Value>;
  };
}

/** All of these fields; an object that lacks one is not shown at all. */
export function whole<Value extends object>(shapes: ShapesOf<Value>): Shape<Value> {
  const some = fields(shapes);
  const names = Object.keys(shapes);
  return (value) => {
    const shown = some(value);
    return shown !== undefined && names.every((name) => name in shown) ? (shown as Value) : undefined;
  };
}

/** A list of what has the shape, as far as it does, and of no more than so many. */
export function listOf<Value>(shape: Shape<Value>, longest: number): Shape<readonly Value[]> {
  return (value) => {
    const length = number(read(value, 'length'));
    if (typeof value !== 'object' || length === undefined) return undefined;
    const shown: Value[] = [];
    for (let at = 0; at < Math.min(length, longest); at += 1) {
      const item = shape(read(value, String(at)));
      if (item !== undefined) shown.push(item);
    }
    return shown;
  };
}
