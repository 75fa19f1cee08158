/**
 * Whether a request comes from a page of this application, or from the user's own typing or bookmark, and not from
 * another site. The browser says so in `Sec-Fetch-Site`, which no page can forge.
 */
export function isFromOwnPage(secFetchSite: string | undefined): boolean {
  return secFetchSite === 'same-origin' || secFetchSite === 'none';
}

/**
 * Returns the status for a request that must have no effect: HEAD, or a prefetch. A state and a code work only once,
 * and are for a real visit. Browsers discard a prefetch that failed, and request the page again.
 */
export function statusWithoutEffect(method: string, secPurpose: string | undefined): 204 | 503 | undefined {
  if (secPurpose?.startsWith('prefetch')) return 503;
  return method === 'HEAD' ? 204 : undefined;
}
