// A web application whose users sign in with Adobe, on node:http alone. Run it as it is, and open the address that it
// prints: `npm run start:web`. With `--once` it visits itself and ends.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuthenticationError, adobeIms, FrameioAuthError, WebAppAuth } from '@frameio-auth/core';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { visitOnce } from './visitor.ts';

// A server on this machine that behaves like Adobe's and Frame.io's. For the real thing, give WebAppAuth the clientId
// and clientSecret of your credential, an https redirectUri and no `server`; and let `api` be https://api.frame.io.
const local = await startAuthorizationServer();
const api = local.origin;

const isRehearsal = process.argv.includes('--once');
const web = createServer().listen(isRehearsal ? 0 : Number(process.env['PORT'] ?? 3000), '127.0.0.1');
await once(web, 'listening');
const home = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;

const auth = new WebAppAuth({
  ...local.clients.webApp,
  server: adobeIms({ origin: local.origin }),
  redirectUri: `${home}/callback`,
  transport: fetchTransport(),
  // With a `storage`, sign-ins outlive a restart, and many instances share them.
  onStateChange: ({ from, to }) => console.log(`  ${from} → ${to}`), // Not the key: it is what the cookie holds.
});

async function answerTo(request: IncomingMessage): Promise<Answer> {
  const visitor = visitorOf(request);
  const { pathname } = new URL(request.url ?? '/', home);
  switch (`${request.method} ${pathname}`) {
    case 'GET /':
      return visitor === undefined ? welcome : profileOf(visitor);

    case 'GET /login': {
      // A new key for each sign-in: a cookie that somebody planted in this browser before is worth nothing then. An
      // application that knows its users by other means takes their ids instead.
      const newcomer = randomBytes(32).toString('base64url');
      const { url } = await auth.session(newcomer).getAuthorizationUrl();
      return redirect(url, cookie(newcomer, 30 * 24 * 60 * 60));
    }

    case 'GET /callback':
      // A session takes only the callback of a sign-in that it began, and only the browser that began it has the
      // session's cookie: a link alone lures nobody into somebody else's account.
      if (visitor === undefined) return page(400, '<p>This sign-in was begun in another browser.</p>');
      await auth.session(visitor).handleCallback(request.url ?? '');
      return redirect('/');

    case 'POST /logout':
      if (visitor !== undefined) await auth.session(visitor).revoke();
      return redirect('/', cookie('', 0));

    default:
      return page(404, '<p>There is nothing here.</p>');
  }
}

async function profileOf(visitor: string): Promise<Answer> {
  const callFrameio = authenticatedFetch(auth.session(visitor), { allowedOrigins: [api] });
  try {
    const answer = await callFrameio(`${api}/v4/me`);
    if (!answer.ok) return page(502, `<p>Frame.io answered ${answer.status}.</p>`);
    const { data } = (await answer.json()) as { data: { name: string; email: string } };
    const who = `<p>Hello ${escaped(data.name)} (${escaped(data.email)}).</p>`;
    return page(200, `${who}<form method="post" action="/logout"><button>Sign out</button></form>`);
  } catch (error) {
    if (error instanceof AuthenticationError) return welcome; // Never signed in, signed out, or the session is over.
    throw error;
  }
}

/** What a visitor sees when something failed. The errors of these packages hold no secrets, so they may be shown. */
function apology(error: unknown): Answer {
  console.error(`  ${error}`);
  if (!(error instanceof FrameioAuthError)) return page(502, '<p>Something went wrong. Please try again later.</p>');
  return page(error instanceof AuthenticationError ? 400 : 502, `<p>${escaped(error.message)}</p><a href="/">Back</a>`);
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly html?: string;
}

const welcome = page(200, '<a href="/login">Sign in with Adobe</a>');

function page(status: number, content: string): Answer {
  return { status, html: `<!doctype html><title>Review Portal</title>${content}` };
}

function redirect(location: string, headers: Answer['headers'] = {}): Answer {
  return { status: 303, headers: { ...headers, location } };
}

/** Scripts cannot read it, and other sites cannot have it sent with their forms. Behind https, add `Secure`. */
function cookie(value: string, seconds: number): Answer['headers'] {
  return { 'set-cookie': `visitor=${value}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Lax` };
}

function visitorOf({ headers }: IncomingMessage): string | undefined {
  return /(?:^|; )visitor=([\w-]{43})(?:;|$)/.exec(headers.cookie ?? '')?.[1];
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

web.on('request', async (request, response) => {
  const { status, headers, html } = await answerTo(request).catch(apology);
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(html);
});

console.log(`The application is at ${home}`);
if (isRehearsal) {
  await visitOnce(home, (url) => local.signIn(url));
  web.close();
  await auth.close();
  await local.close();
}
