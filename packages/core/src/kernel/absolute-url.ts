/** Parses an absolute URL; `undefined` for anything else. `URL.canParse()` is younger than browsers that are in use. */
export function absoluteUrl(text: unknown): URL | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
