/**
 * Whether a page of this application sent a request, or the user did by typing or a bookmark, and no other site. The
 * browser says so itself in `Sec-Fetch-Site`, which no page can forge.
 */
export function isFromOwnPage(secFetchSite: string | undefined): boolean {
  return secFetchSite === 'same-origin' || secFetchSite === 'none';
}

/**
 * The status for a request that wants nothing to happen: HEAD, and a page that a browser loads ahead of time. A state and
 * a code work once, and are for the user who comes. Browsers throw away what they prefetched with an error, and ask again.
 */
export function statusForLooking(method: string, secPurpose: string | undefined): 204 | 503 | undefined {
  if (secPurpose?.startsWith('prefetch')) return 503;
  return method === 'HEAD' ? 204 : undefined;
}
