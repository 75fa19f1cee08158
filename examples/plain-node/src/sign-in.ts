// A web application with users who sign in with Adobe, on node:http alone. Run `npm run start:web`, and open the
// address that it prints. With `--once` it visits itself and ends.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuthenticationError, adobeIms, FrameioAuthError, type UserSession, WebAppAuth } from '@frameio-auth/core';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { visitOnce } from './visitor.ts';

// A local server that behaves like Adobe's and Frame.io's. For real use, give WebAppAuth the clientId and clientSecret
// of your credential, an https redirectUri and no `server`; and set `api` to https://api.frame.io.
const local = await startAuthorizationServer();
const api = local.origin;

const isDemo = process.argv.includes('--once');
const web = createServer().listen(isDemo ? 0 : Number(process.env['PORT'] ?? 3000), '127.0.0.1');
await once(web, 'listening');
const home = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;

const auth = new WebAppAuth({
  ...local.clients.webApp,
  server: adobeIms({ origin: local.origin }),
  redirectUri: `${home}/callback`,
  transport: fetchTransport(),
  // With a `storage`, sign-ins survive a restart, and several instances share them.
  onStateChange: ({ from, to }) => console.log(`  ${from} → ${to}`),
});

/** The session's key for each browser cookie. An application stores this with its logins. */
const keys = new Map<string, string>();

/** Over https, only this host can set a cookie with this prefix (RFC 6265bis §4.1.3.2). */
const prefix = home.startsWith('https:') ? '__Host-' : '';

async function answerTo(request: IncomingMessage): Promise<Answer> {
  const browser = cookieOf(request, 'browser');
  const key = keys.get(browser);
  const { pathname, searchParams } = new URL(request.url ?? '/', home);
  switch (`${request.method} ${pathname}`) {
    case 'GET /':
      return key === undefined ? welcome : profileOf(key);

    case 'GET /login': {
      // With a link to this, another site could make the user work in a different person's account.
      if (key !== undefined && !isFromOwnPage(request)) return confirmation;
      // A session's key is a name, not a secret, because storages show it. So it is random, and never sent to a
      // browser. An application that identifies its users in another way uses their ids instead.
      const session = auth.session(randomUUID());
      // The state is the hash of a secret that only this browser has: logs and histories keep addresses, and with them
      // the state and the code.
      const secret = randomBytes(32).toString('base64url');
      const { url } = await session.getAuthorizationUrl({ state: hashOf(secret) });
      await session.close(); // The storage holds what is needed to complete it. Users who never return cost no memory.
      return redirect(url, cookie('sign-in', secret, 10 * 60));
    }

    case 'GET /callback': {
      // Only the browser that began a sign-in has its secret, so a link cannot sign a user in to a different person's
      // account.
      const secret = cookieOf(request, 'sign-in');
      if (secret === '' || hashOf(secret) !== searchParams.get('state')) {
        return page(400, '<p>This sign-in was begun in another browser.</p>');
      }
      // Users reload, double-click and go back, so the secret's cookie stays, and a repeated callback is allowed.
      const session = await auth.handleCallback(request.url ?? '', { allowRepeat: true });
      if (key === session.key) return redirect('/');
      // A new cookie for each sign-in, so that one that an attacker planted in this browser is useless.
      const newcomer = randomBytes(32).toString('base64url');
      keys.set(newcomer, session.key);
      await forget(browser, session);
      return redirect('/', cookie('browser', newcomer, 30 * 24 * 60 * 60));
    }

    case 'POST /logout':
      if (!isFromOwnPage(request))
        return page(403, '<p>Another site sent this request. Sign out on a page of this application.</p>');
      await forget(browser);
      return redirect('/', cookie('browser', '', 0), cookie('sign-in', '', 0));

    default:
      return page(404, '<p>There is nothing here.</p>');
  }
}

/**
 * Invalidates the cookie of a browser, and revokes the tokens.
 *
 * @param successor - the session that replaces it; without this, some servers would end its tokens too
 */
async function forget(browser: string, successor?: UserSession): Promise<void> {
  const key = keys.get(browser);
  if (key === undefined) return;
  keys.delete(browser);
  const session = auth.session(key);
  await session.revoke(successor && { sparing: successor });
  await session.close();
}

async function profileOf(key: string): Promise<Answer> {
  const callFrameio = authenticatedFetch(auth.session(key), { allowedOrigins: [api] });
  try {
    const answer = await callFrameio(`${api}/v4/me`);
    if (!answer.ok) return page(502, `<p>Frame.io answered ${answer.status}.</p>`);
    const { data } = (await answer.json()) as { data: { name: string; email: string } };
    const who = `<p>Hello ${escaped(data.name)} (${escaped(data.email)}).</p>`;
    return page(200, `${who}<form method="post" action="/logout"><button>Sign out</button></form>`);
  } catch (error) {
    if (error instanceof AuthenticationError) return welcome; // Never signed in, signed out, or the session has ended.
    throw error;
  }
}

/** Returns the page for an error. The errors of these packages contain no secrets, so they may be shown. */
function errorPage(error: unknown): Answer {
  console.error(`  ${error}`);
  if (!(error instanceof FrameioAuthError)) return page(502, '<p>Something went wrong. Please try again later.</p>');
  return page(error instanceof AuthenticationError ? 400 : 502, `<p>${escaped(error.message)}</p><a href="/">Back</a>`);
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly html?: string;
}

const welcome = page(200, '<a href="/login">Sign in with Adobe</a>');

const confirmation = page(
  200,
  '<p>You are signed in already, and another site sent you here.</p><a href="/login">Sign in again</a> <a href="/">Go back</a>',
);

function page(status: number, content: string): Answer {
  return { status, html: `<!doctype html><title>Review Portal</title>${content}` };
}

function redirect(location: string, ...cookies: string[]): Answer {
  return { status: 303, headers: { location, 'set-cookie': cookies } };
}

/** Scripts cannot read it, and browsers do not send it with other sites' forms. */
function cookie(name: string, value: string, seconds: number): string {
  const secure = prefix === '' ? '' : '; Secure';
  return `${prefix}${name}=${value}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Lax${secure}`;
}

function cookieOf({ headers }: IncomingMessage, name: string): string {
  return new RegExp(`(?:^|; )${prefix}${name}=([\\w-]+)`).exec(headers.cookie ?? '')?.[1] ?? '';
}

/** The browser itself sends this, and no page can forge it; `none`: the user typed the address or used a bookmark. */
function isFromOwnPage({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-site'] === 'same-origin' || headers['sec-fetch-site'] === 'none';
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

web.on('request', async (request, response) => {
  const { status, headers, html } = await answerTo(request).catch(errorPage);
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(html);
});

console.log(`The application is at ${home}`);
if (isDemo) {
  await visitOnce(home, (url) => local.signIn(url));
  web.close();
  await auth.close();
  await local.close();
}
