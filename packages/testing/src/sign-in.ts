import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

export interface SignInOptions {
  /** The id or e-mail of the user. Default: the first of the server's users. */
  readonly user?: string;
  /** Whether to deny. Default: false. */
  readonly deny?: boolean;
}

interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

/**
 * Acts like a person in a browser: opens the sign-in page, posts the decision, and stops at the redirect to the
 * application, which it resolves to. An authorization request that is rejected by redirect resolves to that redirect.
 *
 * @param certificate - the certificate to trust, for an https server
 * @throws Error if the server shows a page instead of redirecting
 */
export async function signIn(
  authorizationUrl: string,
  { userId, deny, certificate }: { userId: string; deny: boolean; certificate: string | undefined },
): Promise<string> {
  const shown = await fetchPage('GET', authorizationUrl, certificate);
  if (shown.location !== undefined) return shown.location;
  const request = /name="request" value="([^"]+)"/.exec(shown.text)?.[1];
  if (request === undefined) throw noRedirect(shown);
  const form = new URLSearchParams({ request, user: userId, decision: deny ? 'deny' : 'allow' });
  const { origin, pathname } = new URL(authorizationUrl);
  const decided = await fetchPage('POST', origin + pathname, certificate, form);
  if (decided.location === undefined) throw noRedirect(decided);
  return decided.location;
}

function noRedirect(page: Page): Error {
  const reason = /<code>([^<]*)<\/code>: ([^<]*)/.exec(page.text);
  const detail = reason === null ? '' : ` (${reason[1]}: ${reason[2]})`;
  return new Error(`The sign-in did not end in a redirect but in a page with status ${page.status}${detail}`);
}

// Not fetch, because only the request of node:https can trust one more certificate.
async function fetchPage(method: string, url: string, ca: string | undefined, form?: URLSearchParams): Promise<Page> {
  const headers = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const options = { method, headers, agent: false, ...(ca === undefined ? {} : { ca }) };
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    send(url, options, resolve).on('error', reject).end(form?.toString());
  });
  return { status: response.statusCode ?? 0, location: response.headers.location, text: await text(response) };
}
