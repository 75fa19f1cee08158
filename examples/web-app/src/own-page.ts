/**
 * Whether a page of this application sent a request, or the user did by typing or a bookmark, and no other site. The
 * browser says so itself in `Sec-Fetch-Site`, which no page can forge.
 */
export function isFromOwnPage(secFetchSite: string | undefined): boolean {
  return secFetchSite === 'same-origin' || secFetchSite === 'none';
}
