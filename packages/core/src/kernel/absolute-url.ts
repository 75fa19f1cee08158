/** Parses an absolute URL; returns `undefined` for anything else. Some browsers in use lack `URL.canParse()`. */
export function absoluteUrl(text: unknown): URL | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
