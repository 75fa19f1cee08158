/** So long an address is kept in the cookie at most, in characters. */
const LONGEST = 1_024;

/** The first slash is followed by neither of what makes browsers take the rest for a host; no control characters. */
const OWN_PATH = /^\/(?![/\\])[^\\\p{Cc}]*$/u;

/**
 * A path of the application's own origin, or `undefined` for anything that a browser, or a proxy before it, might take
 * for another one. What is encoded is looked at as well, because somebody on the way may decode it.
 */
export function ownPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > LONGEST || !OWN_PATH.test(value)) return undefined;
  const base = 'https://own.invalid';
  try {
    if (!OWN_PATH.test(decodeURIComponent(value))) return undefined;
    const { origin, pathname } = new URL(value, base);
    // "/./" and "/../" vanish when an address is resolved, and what is left may begin with two slashes.
    return origin === base && !pathname.startsWith('//') ? value : undefined;
  } catch {
    return undefined; // A percent sign that encodes nothing.
  }
}
