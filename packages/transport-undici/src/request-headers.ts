import type { Dispatcher } from 'undici';

type Headers = NonNullable<Dispatcher.DispatchOptions['headers']>;
type Value = string | number | readonly string[] | undefined;

/**
 * Returns the headers of a request, in any of undici's formats, with some of them replaced.
 *
 * @param own - by names in lower case
 */
export function withHeaders(headers: Headers | null | undefined, own: Readonly<Record<string, string>>): Headers {
  if (headers === null || headers === undefined) return { ...own };
  if (isIterable(headers)) return flattened(headers, own);
  const kept = Object.entries(headers).filter(([name]) => !Object.hasOwn(own, name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...own };
}

/** Returns the same headers in a form that can be read repeatedly; the first request would exhaust an iterator. */
export function repeatableHeaders(headers: Headers | null | undefined): Headers | null | undefined {
  if (headers === null || headers === undefined || !isIterable(headers) || Array.isArray(headers)) return headers;
  return flattened(headers, {});
}

type Pairs = Iterable<[string, Value]>;

function isIterable(headers: Headers): headers is string[] | Iterable<[string, string | string[] | undefined]> {
  return Symbol.iterator in headers;
}

/** Converts headers to undici's shortest form: alternating names and values. */
function flattened(headers: string[] | Pairs, own: Readonly<Record<string, string>>): string[] {
  const flat: string[] = [];
  const keep = (name: string, value: Value) => {
    if (Object.hasOwn(own, name.toLowerCase())) return;
    for (const each of [value ?? []].flat()) flat.push(name, String(each));
  };
  if (isFlat(headers)) for (let at = 0; at + 1 < headers.length; at += 2) keep(headers[at] ?? '', headers[at + 1]);
  else for (const [name, value] of headers) keep(name, value);
  for (const [name, value] of Object.entries(own)) flat.push(name, value);
  return flat;
}

/** Decides by the first element, as undici does; a value may be a list. */
function isFlat(headers: Iterable<unknown>): headers is string[] {
  return Array.isArray(headers) && !Array.isArray(headers[0]);
}
