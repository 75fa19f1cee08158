/** The base for resolving a path, to check that it stays on the same origin. */
const BASE = 'https://own.invalid';

/** The longest path that is accepted, in characters: a cookie has to hold it. */
const LONGEST = 1_024;

/** After the first slash, no character that makes browsers read the rest as a host; no control characters. */
const OWN_PATH = /^\/(?![/\\])[^\\\p{Cc}]*$/u;

/**
 * For packages that sign users in: returns a path of the application's own origin, encoded for use in a header. Returns `undefined` for anything that a
 * browser or a proxy might resolve to another origin. The decoded form is checked too, because an intermediary may
 * decode it.
 */
export function ownPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || !OWN_PATH.test(value)) return undefined;
  try {
    const path = resolved(value);
    const readings = [path, decodeURIComponent(path), resolved(decodeURIComponent(value))];
    return path.length <= LONGEST && readings.every((reading) => OWN_PATH.test(reading)) ? path : undefined;
  } catch {
    return undefined; // Contains a percent sign that encodes nothing.
  }
}

/** Resolving removes "/./" and "/../", and the rest may then begin with two slashes. */
function resolved(address: string): string {
  const { origin, pathname, search, hash } = new URL(address, BASE);
  return origin === BASE ? pathname + search + hash : '';
}
