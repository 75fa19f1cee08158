import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

export interface SignInOptions {
  /** The id or e-mail of who signs in. Default: the first of the server's users. */
  readonly user?: string;
  /** Denies instead. Default: false. */
  readonly deny?: boolean;
}

interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

/**
 * Does what a person in a browser does: opens the sign-in page, posts the decision, and stops at the redirect to the
 * application, whose URL it resolves to. An authorization request that is refused by redirect resolves to that one.
 *
 * @param certificate - what to trust, for an https server
 * @throws Error when the server shows a page where there should be a redirect
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

// Not fetch: only the request of node:https can be told to trust one more certificate.
async function fetchPage(method: string, url: string, ca: string | undefined, form?: URLSearchParams): Promise<Page> {
  const headers = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const options = { method, headers, agent: false, ...(ca === undefined ? {} : { ca }) };
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    send(url, options, resolve).on('error', reject).end(form?.toString());
  });
  return { status: response.statusCode ?? 0, location: response.headers.location, text: await text(response) };
}
