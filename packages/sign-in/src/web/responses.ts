/**
 * These responses must not be stored. Their address may contain a code, so it must not be sent to the next page as the
 * referrer.
 */
const PRIVATE = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', 'X-Content-Type-Options': 'nosniff' };

/** Creates a response that concerns one user. */
export function reply(status: number, body: string | null, more: Readonly<Record<string, string>> = {}): Response {
  return new Response(body, { status, headers: { ...PRIVATE, ...more } });
}

/** Creates a redirect that makes browsers load a page with GET, and sets cookies. */
export function redirect(location: string, cookies: Iterable<string> = []): Response {
  const response = reply(303, null, { Location: location });
  for (const cookie of cookies) response.headers.append('Set-Cookie', cookie);
  return response;
}
