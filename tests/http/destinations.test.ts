import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { StaticTokenAuth } from '@frameio-auth/core';
import { certificateAuthority, serverCertificate } from '@frameio-auth/testing';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import { authInterceptor } from '@frameio-auth/transport-undici';
import { Agent, type Dispatcher, interceptors, request, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// One server is every host of the world: names resolve to this machine, each host has its own certificate, and what a
// request carried is written down with the host that it was for. The path says where a host redirects to.

const TOKEN = 'fictional-token';

let secure: Server;
let plain: Server;
let agent: Agent;
let api: string;
const seen: { readonly url: string; readonly authorization: string | undefined }[] = [];

beforeAll(async () => {
  const authority = await certificateAuthority();
  const answer: (scheme: string) => RequestListener = (scheme) => (incoming, response) => {
    const { host, authorization } = incoming.headers;
    seen.push({ url: `${scheme}://${host}${incoming.url}`, authorization });
    const target = new URL(incoming.url ?? '/', 'http://host').searchParams.get('to');
    response.writeHead(target === null ? 200 : 307, target === null ? {} : { location: target }).end();
  };
  const contexts = new Map<string, ReturnType<typeof createSecureContext>>();
  secure = createSecureServer(
    {
      SNICallback: (host, done) => {
        void (async () => {
          const { key, certificate } = await serverCertificate({ authority, host });
          const context = contexts.get(host) ?? createSecureContext({ key, cert: certificate });
          contexts.set(host, context);
          done(null, context);
        })();
      },
    },
    answer('https'),
  );
  plain = createServer(answer('http'));
  for (const server of [secure, plain]) await once(server.listen(0, '127.0.0.1'), 'listening');
  const ca = authority.certificate;
  agent = new Agent({
    connect: { ca, lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
  });
  api = `https://api.frame.io:${portOf(secure)}`;
});

afterAll(async () => {
  await agent.destroy();
  for (const server of [secure, plain]) {
    server.closeAllConnections();
    server.close();
  }
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;

const elsewhere: [string, () => string][] = [
  ['another host', () => `https://example.com:${portOf(secure)}/`],
  ['a host with the same beginning', () => `https://api.frame.io.example.com:${portOf(secure)}/`],
  ['a host with the same ending', () => `https://evil-api.frame.io:${portOf(secure)}/`],
  ['a subdomain', () => `https://media.api.frame.io:${portOf(secure)}/`],
  ['the domain above', () => `https://frame.io:${portOf(secure)}/`],
  ['the same host over plain http', () => `http://api.frame.io:${portOf(plain)}/`],
  ['a host behind the name of the API as a user', () => `https://api.frame.io@example.com:${portOf(secure)}/`],
  ['a name in other letters (Cyrillic а)', () => `https://\u0430pi.frame.io:${portOf(secure)}/`],
];

const send = (dispatcher: Dispatcher, url: string) =>
  request(url, { dispatcher }).then(({ body }) => body.dump().then(() => undefined));

/** The ways to send the token, each allowed to send it to the API. */
const ways: [string, (otherOrigins: 'refuse' | 'pass') => (url: string) => Promise<unknown>][] = [
  [
    'authenticatedFetch()',
    (otherOrigins) =>
      authenticatedFetch(new StaticTokenAuth(TOKEN), {
        allowedOrigins: [api],
        otherOrigins,
        fetch: (input, init) => undiciFetch(String(input), { ...init, dispatcher: agent } as never) as never,
      }),
  ],
  ['authInterceptor()', (otherOrigins) => (url) => send(agent.compose(interceptor(otherOrigins)), url)],
  [
    'authInterceptor() after interceptors.redirect()',
    (otherOrigins) => (url) => send(agent.compose(interceptors.redirect(), interceptor(otherOrigins)), url),
  ],
  [
    'authInterceptor() before interceptors.redirect()',
    (otherOrigins) => (url) => send(agent.compose(interceptor(otherOrigins), interceptors.redirect()), url),
  ],
];

const interceptor = (otherOrigins: 'refuse' | 'pass') =>
  authInterceptor(new StaticTokenAuth(TOKEN), { allowedOrigins: [api], otherOrigins });

describe.each(ways)('%s', (_, way) => {
  it('sends the token to the API', async () => {
    seen.length = 0;
    await way('refuse')(`${api}/v4/me`);
    expect(seen).toEqual([{ url: `${api}/v4/me`, authorization: `Bearer ${TOKEN}` }]);
  });

  it.each(elsewhere)('never sends it to %s, asked for it or redirected there', async (_host, address) => {
    for (const otherOrigins of ['refuse', 'pass'] as const) {
      for (const url of [address(), `${api}/?to=${encodeURIComponent(new URL(address()).href)}`]) {
        seen.length = 0;
        await way(otherOrigins)(url).catch(() => {}); // Rejected, or in a form that the client itself rejects.
        const strangers = seen.filter((each) => !each.url.startsWith(`${api}/`));
        expect(strangers.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
        expect(JSON.stringify(strangers)).not.toContain(TOKEN);
        if (otherOrigins === 'refuse' && url === address()) expect(seen).toEqual([]);
      }
    }
  });

  it('reaches another host without it, where that is wished', async () => {
    seen.length = 0;
    const url = `https://example.com:${portOf(secure)}/`;
    await way('pass')(url);
    expect(seen).toEqual([{ url, authorization: undefined }]);
  });
});
