/**
 * Checks whether a value may be shown, and copies it. The copy contains nothing else of the original; `undefined` for
 * any other value. A shape never throws, even for a getter that throws, a proxy or a cycle.
 */
export type Shape<Value> = (value: unknown) => Value | undefined;

/** Reads one property, once; `undefined` if there is none or it cannot be read. */
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

/** Allows one of these words. */
export function oneOf<Word extends string>(...words: readonly Word[]): Shape<Word> {
  return (value) => words.find((word) => word === value);
}

export function orNull<Value>(shape: Shape<Value>): Shape<Value | null> {
  return (value) => (value === null ? null : shape(value));
}

type ShapesOf<Value> = { readonly [Name in keyof Value]-?: Shape<Exclude<Value[Name], undefined>> };

/** Allows these fields of an object, each if it has its shape. */
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

/** Requires all of these fields; an object that lacks one is not shown at all. */
export function whole<Value extends object>(shapes: ShapesOf<Value>): Shape<Value> {
  const some = fields(shapes);
  const names = Object.keys(shapes);
  return (value) => {
    const shown = some(value);
    return shown !== undefined && names.every((name) => name in shown) ? (shown as Value) : undefined;
  };
}

/** Allows a list of elements with this shape, up to a maximum length. */
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
