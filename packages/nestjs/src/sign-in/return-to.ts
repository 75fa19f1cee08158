/** What a path is resolved against, to see whether it stays there. */
const BASE = 'https://own.invalid';

/** So long an address is kept in the cookie at most, in characters. */
const LONGEST = 1_024;

/** The first slash is followed by neither of what makes browsers take the rest for a host; no control characters. */
const OWN_PATH = /^\/(?![/\\])[^\\\p{Cc}]*$/u;

/**
 * A path of the application's own origin, encoded as a header needs it; or `undefined` for anything that a browser, or a
 * proxy before it, might take for another origin. What is encoded is looked at as well, because somebody on the way may
 * decode it.
 */
export function ownPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || !OWN_PATH.test(value)) return undefined;
  try {
    const path = resolved(value);
    const readings = [path, decodeURIComponent(path), resolved(decodeURIComponent(value))];
    return path.length <= LONGEST && readings.every((reading) => OWN_PATH.test(reading)) ? path : undefined;
  } catch {
    return undefined; // A percent sign that encodes nothing.
  }
}

/** "/./" and "/../" vanish when an address is resolved, and what is left may begin with two slashes. */
function resolved(address: string): string {
  const { origin, pathname, search, hash } = new URL(address, BASE);
  return origin === BASE ? pathname + search + hash : '';
}
