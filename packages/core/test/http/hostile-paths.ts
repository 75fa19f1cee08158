import fc from 'fast-check';

const ORIGIN = 'https://app.example';

/** What attackers write into `returnTo`, by what it tries. */
export const hostilePlaces: readonly (readonly [string, string])[] = [
  ['another origin', 'https://evil.example/'],
  ['another host', '//evil.example'],
  ['another host, as browsers read a backslash', '/\\evil.example'],
  ['two backslashes', '\\\\evil.example'],
  ['a backslash further on', '/reviews\\..\\evil'],
  ['a tab, which browsers leave out', '/\t/evil.example'],
  ['a newline, which browsers leave out', '/\n/evil.example'],
  ['a carriage return', '/reviews\r\nPlanted: 1\r\nSet-Cookie: planted=1'],
  ['a line break and a cookie', '/reviews\r\nSet-Cookie: planted=1'],
  ['an encoded slash at the beginning', '/%2Fevil.example'],
  ['an encoded backslash at the beginning', '/%5cevil.example'],
  ['an encoded newline', '/reviews%0d%0aPlanted:%201'],
  ['an encoded line break and a cookie', '/reviews%0d%0aSet-Cookie:%20planted=1'],
  ['an encoded tab', '/%09/evil.example'],
  ['a dot that vanishes', '/.//evil.example'],
  ['two dots that vanish', '/reviews/..//evil.example'],
  ['dots that vanish when they are decoded', '/%2e//evil.example'],
  ['a dot that vanishes before an encoded slash', '/./%2fevil.example'],
  ['an encoded dot that vanishes before an encoded slash', '/%2e/%2Fevil.example'],
  ['dots that vanish before an encoded backslash', '/reviews/../%5cevil.example'],
  ['a dot before slashes that are decoded first', '/.%2f%2fevil.example'],
  ['a scheme', 'javascript:alert(1)'],
  ['a percent sign that encodes nothing', '/%E0%A4%A'],
  ['a path without a slash', 'reviews'],
  ['nothing', ''],
  ['more than a cookie should hold', `/${'a'.repeat(1_024)}`],
];

/** Paths of this origin, which are kept as they are. */
export const ownPlaces = [
  '/',
  '/reviews',
  '/reviews/7?page=2&of=9#comments',
  '/caf%C3%A9',
  '/~mara',
  '/a//b',
  '/?next=//evil.example',
];

const FRAGMENTS = [
  ...['/', '//', '\\', '.', '..', '/./', '/../', '?', '#', '@', ':', ';', '&', '=', ' ', '*'],
  ...['%2f', '%2F', '%5c', '%5C', '%2e', '%252f', '%25', '%', '%0d%0a', '%09', '%00', '%c0%af', '%E3%83%AC'],
  ...['\t', '\n', '\r', '\0', '\u2028', '\u00a0', '／', '。', 'é', 'レ'],
  ...['http:', 'https:', 'javascript:', 'evil.example', 'app.example', 'a', 'reviews', '[::1]', '0x7f.1'],
];

/** Anything that may lead elsewhere: a slash or not, and fragments that parsers read differently. */
export const hostilePlace = fc
  .tuple(
    fc.constantFrom('', '/'),
    fc.array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ maxLength: 3 })), { maxLength: 8 }),
  )
  .map(([start, rest]) => start + rest.join(''));

/** Whether a browser stays on the application's origin, however often someone on the way decodes the address. */
export function staysHere(location: string): boolean {
  if (!/^\/[\x21-\x7e]*$/.test(location)) return false;
  const readings = [location, decodeURIComponent(location)];
  return readings.every((reading) => URL.parse(reading, ORIGIN)?.origin === ORIGIN && !/[\r\n\t\0]/.test(reading));
}
