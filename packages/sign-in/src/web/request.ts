/** The parts of a request that a sign-in reads. A `Request` of the platform has them. */
export interface SignInRequest {
  readonly method: string;
  /** The whole address, or its path and query. The host is never used, because anyone can claim any host. */
  readonly url: string;
  readonly headers: Pick<Headers, 'get'>;
}

/** Returns the path of a request, and its query, which begins with `?` unless it is empty. */
export function addressOf({ url }: SignInRequest): { readonly path: string; readonly query: string } {
  const [address = ''] = url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').split('#', 1);
  const [path = ''] = address.split('?', 1);
  return { path, query: address.slice(path.length) };
}

/** Returns whether the sender of a request can display a page. */
export function acceptsPage({ headers }: SignInRequest): boolean {
  return headers.get('accept')?.includes('text/html') ?? false;
}

/** Returns whether a person is loading a page. A script that fetches data could not use a sign-in page. */
export function isPageLoad(request: SignInRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const mode = request.headers.get('sec-fetch-mode');
  return mode === null ? acceptsPage(request) : mode === 'navigate';
}

/** Returns whether a browser loads an address ahead of time. It discards a failure, and asks again when it is needed. */
export function isPrefetch({ headers }: SignInRequest): boolean {
  const purpose = headers.get('sec-purpose') ?? headers.get('purpose') ?? headers.get('x-moz') ?? '';
  return /^(?:prefetch|prerender|preview)\b/.test(purpose);
}

/**
 * Returns whether a request comes from a page of the application, or from the user's own typing or bookmark, and not
 * from another site. Browsers say so in `Sec-Fetch-Site`, which no page can forge. In browsers without it, `Referer`
 * identifies the page.
 */
export function isFromOwnPage({ headers }: SignInRequest, origin: string): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  return URL.parse(headers.get('referer') ?? '')?.origin === origin;
}

/** Returns whether a page of the application sent a form. In browsers without `Sec-Fetch-Site`, `Origin` says so. */
export function isOwnForm({ headers }: SignInRequest, origin: string): boolean {
  const site = headers.get('sec-fetch-site');
  return site === null ? headers.get('origin') === origin : site === 'same-origin';
}
