import { inspect } from 'node:util';
import {
  closedOrigin,
  type MisbehavingServer,
  type Misbehaviour,
  misbehaviour,
  responseText,
  startMisbehavingServer,
} from '@frameio-auth/conformance';
import { ConfigurationError } from '@frameio-auth/core';
import type { TokenSource } from '@frameio-auth/core/adapter';
import { serverCertificate } from '@frameio-auth/testing';
import { type AuthenticatedFetchOptions, authenticatedFetch } from '@frameio-auth/transport-fetch';
import { Request as UndiciRequest } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';

const { hang, reset, respond, send } = misbehaviour;

const OLD = 'fictional-token-old';
const NEW = 'fictional-token-new';

/** Longer than the limit for bodies that can be read only once. */
const LONG = 'x'.repeat(2 ** 20 + 1);

const servers: MisbehavingServer[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(...args: Parameters<typeof startMisbehavingServer>): Promise<MisbehavingServer> {
  const server = await startMisbehavingServer(...args);
  servers.push(server);
  return server;
}

/** An API that accepts only the new token. */
const api: Misbehaviour = (connection, request) =>
  respond(authorizationOf(request) === `Bearer ${NEW}` ? 200 : 401, 'answer')(connection, request);

/** Returns the tokens in turn; the last one repeatedly. */
function tokens(...given: string[]) {
  const getToken = vi.fn<TokenSource['getToken']>(async () => (given.length > 1 ? given.shift() : given[0]) as string);
  return { getToken } satisfies TokenSource;
}

function fetchFor(auth: TokenSource, server: MisbehavingServer, options: AuthenticatedFetchOptions = {}) {
  return authenticatedFetch(auth, { allowedOrigins: [server.origin], ...options });
}

function authorizationOf(request: string | undefined): string | undefined {
  return headerOf(request, 'authorization');
}

function headerOf(request: string | undefined, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)\r$`, 'im').exec(request ?? '')?.[1];
}

function bodyOf(request: string | undefined): string {
  return request?.slice(request.indexOf('\r\n\r\n') + 4) ?? '';
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => new Error('The promise was expected to reject.'),
    (error: unknown) => error,
  );
}

describe('a request to an allowed origin', () => {
  it('carries the token (RFC 6750 §2.1), and is the caller’s in all else', async () => {
    const server = await start(respond(201, '{"data":{}}'));
    const answer = await fetchFor(tokens(NEW), server)(`${server.origin}/v4/files?x=1`, {
      method: 'POST',
      headers: { 'X-Fictional': 'kept', 'Content-Type': 'application/json' },
      body: '{"name":"clip"}',
    });
    const [request] = server.requests;
    expect([answer.status, await answer.text()]).toStrictEqual([201, '{"data":{}}']);
    expect(request).toMatch(/^POST \/v4\/files\?x=1 HTTP/);
    expect(authorizationOf(request)).toBe(`Bearer ${NEW}`);
    expect([headerOf(request, 'x-fictional'), headerOf(request, 'content-type'), bodyOf(request)]).toStrictEqual([
      'kept',
      'application/json',
      '{"name":"clip"}',
    ]);
  });

  it('may be a URL or a Request, and keeps the headers of the Request', async () => {
    const server = await start(respond(200));
    const authenticated = fetchFor(tokens(NEW), server);
    await authenticated(new URL('/url', server.origin));
    await authenticated(
      new Request(`${server.origin}/request`, { method: 'PUT', headers: { 'X-Own': 'a' }, body: 'b' }),
    );
    await authenticated(new Request(server.origin, { headers: { 'X-Own': 'a' } }), {
      headers: { 'X-Own': 'replaced' },
    });
    expect(server.requests.map(authorizationOf)).toStrictEqual(Array(3).fill(`Bearer ${NEW}`));
    expect(server.requests.map((request) => headerOf(request, 'x-own'))).toStrictEqual([undefined, 'a', 'replaced']);
    expect(server.requests[1]).toMatch(/^PUT \/request /);
  });

  it('carries what goes with the token, such as the mark of a legacy developer token', async () => {
    const server = await start(respond(200));
    const auth = { ...tokens('fio-u-fictional'), requestHeaders: { 'x-frameio-legacy-token-auth': 'true' } };
    await fetchFor(auth, server)(server.origin);
    expect(headerOf(server.requests[0], 'x-frameio-legacy-token-auth')).toBe('true');
  });

  it('carries the token of the auth object even if the caller sets another', async () => {
    const server = await start(respond(200));
    await fetchFor(tokens(NEW), server)(server.origin, {
      headers: { authorization: 'Bearer fictional-of-the-caller' },
    });
    expect(authorizationOf(server.requests[0])).toBe(`Bearer ${NEW}`);
  });

  it('may be one to the API of Frame.io when no origins are named', async () => {
    const fetch = vi.fn(async () => new Response());
    await authenticatedFetch(tokens(NEW), { fetch })('https://api.frame.io/v4/me');
    expect(fetch).toHaveBeenCalledExactlyOnceWith('https://api.frame.io/v4/me', { headers: expect.any(Headers) });
  });
});

describe('the address that is checked is the address that is sent', () => {
  const HONEST = 'https://api.frame.io/v4/me';
  const EVIL = 'https://evil.example/';

  /** Records where a fetch sends, as the platform reads its input. */
  function recorder() {
    const sent: { url: string; authorization: string | null; method: string; body: string }[] = [];
    const fetch = async (input: string | Request, init: RequestInit) => {
      const request = new Request(input, init);
      const { url, method, headers } = request;
      sent.push({ url, method, authorization: headers.get('authorization'), body: await request.text() });
      return new Response();
    };
    return { sent, fetch };
  }

  /** Returns the first address on the first read, and the second from then on. */
  const changing =
    (...addresses: string[]) =>
    () =>
      (addresses.length > 1 ? addresses.shift() : addresses[0]) as string;

  class OwnUrl extends URL {
    override toString(): string {
      return HONEST;
    }
  }
  const inputs: [string, () => unknown][] = [
    ['an object with a url and a toString()', () => ({ url: HONEST, toString: () => EVIL })],
    ['an object with a toString() and a url', () => ({ url: EVIL, toString: () => HONEST })],
    ['an object with a changing url', () => Object.defineProperty({}, 'url', { get: changing(HONEST, EVIL) })],
    ['an object with a changing toString()', () => ({ toString: changing(HONEST, EVIL) })],
    ['an object with a toString() that changes to an allowed origin', () => ({ toString: changing(EVIL, HONEST) })],
    ['a Request that says another url', () => Object.defineProperty(new Request(EVIL), 'url', { value: HONEST })],
    [
      'a Request with a changing url',
      () => Object.defineProperty(new Request(EVIL), 'url', { get: changing(HONEST, EVIL) }),
    ],
    ['a Request that is stringified to another', () => Object.assign(new Request(HONEST), { toString: () => EVIL })],
    ['a URL that says another address', () => new OwnUrl(EVIL)],
    ['a URL with a url', () => Object.assign(new URL(EVIL), { url: HONEST })],
    [
      'a Request of another realm with a changing url',
      () =>
        Object.defineProperty({ method: 'GET', headers: new Headers(), body: null }, 'url', {
          get: changing(HONEST, EVIL),
        }),
    ],
    ['a text', () => HONEST],
    ['a text of another origin', () => EVIL],
  ];

  it.each(inputs)('of %s, and no token goes elsewhere', async (_, input) => {
    for (const otherOrigins of ['refuse', 'pass'] as const) {
      const { sent, fetch } = recorder();
      const call = authenticatedFetch(tokens(NEW), { fetch, otherOrigins });
      await call(input() as string).catch(() => {});
      for (const { url, authorization } of sent) {
        if (authorization !== null) expect(url).toBe(HONEST);
      }
    }
  });

  it('of a Request of another realm or another implementation, which is sent as it is', async () => {
    const { sent, fetch } = recorder();
    const init = { method: 'PUT', headers: { 'x-own': '1' }, body: 'text', redirect: 'error' } as const;
    await authenticatedFetch(tokens(NEW), { fetch })(new UndiciRequest(HONEST, init) as unknown as Request);
    expect(sent).toStrictEqual([{ url: HONEST, method: 'PUT', authorization: `Bearer ${NEW}`, body: 'text' }]);
  });

  it('with all settings of a Request, but for those that are given anew', async () => {
    const seen: RequestInit[] = [];
    const fetch = async (_: unknown, init: RequestInit) => {
      seen.push(init);
      return new Response();
    };
    const settings = {
      cache: 'no-cache',
      credentials: 'include',
      integrity: 'sha256-fictional',
      keepalive: true,
      mode: 'same-origin',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    } as const;
    const given = { redirect: 'manual', cache: undefined } as unknown as RequestInit;
    await authenticatedFetch(tokens(NEW), { fetch })(new Request(HONEST, settings), given);
    expect(seen).toMatchObject([{ ...settings, redirect: 'manual' }]);
  });

  it('with the body of a Request that does not show it, as in Firefox', async () => {
    const { sent, fetch } = recorder();
    for (const body of ['text', undefined]) {
      const request = new Request(HONEST, { method: 'POST', ...(body !== undefined && { body }) });
      Object.defineProperty(request, 'body', { value: undefined });
      await authenticatedFetch(tokens(NEW), { fetch })(request);
    }
    expect(sent.map(({ body }) => body)).toStrictEqual(['text', '']);
  });
});

describe('a request to any other origin', () => {
  it.each([
    'https://example.com/',
    'http://api.frame.io/v4/me',
    'https://api.frame.io:8443/v4/me',
    'https://app.frame.io/',
    'https://sub.api.frame.io/',
    'https://api.frame.io.example.com/',
    'https://api.frame.io@example.com/',
    'https://api-frame.io/',
    'https://example.com/https://api.frame.io/',
    'https://example.com\\@api.frame.io/',
    'https:example.com/v4/me',
    'data:text/plain,api.frame.io',
  ])('is refused before a token is asked for: %s', async (url) => {
    const auth = tokens(NEW);
    const fetch = vi.fn(async () => new Response());
    const authenticated = authenticatedFetch(auth, { fetch });
    for (const input of [url, new URL(url)]) {
      const error = await rejection(authenticated(input));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({
        code: 'origin_not_allowed',
        message: expect.stringContaining('`allowedOrigins`'),
      });
    }
    expect(auth.getToken).not.toHaveBeenCalled();
    expect(fetch).not.toHaveBeenCalled();
  });

  it('is made as it is, without the token, when it is to pass', async () => {
    const auth = tokens(NEW);
    const server = await start(respond(401, 'answer'));
    const authenticated = authenticatedFetch(auth, { otherOrigins: 'pass' });
    for (const input of [server.origin, new URL(server.origin), new Request(server.origin)]) {
      expect((await authenticated(input)).status).toBe(401);
    }
    expect(server.requests.map(authorizationOf)).toEqual([undefined, undefined, undefined]);
    expect(auth.getToken).not.toHaveBeenCalled();
  });

  it('is refused also as a Request', async () => {
    const error = await rejection(authenticatedFetch(tokens(NEW))(new Request('https://example.com/')));
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'origin_not_allowed' });
  });

  it.each(['/v4/me', '//api.frame.io/v4/me', 'api.frame.io', ''])(
    'is refused when its origin is open: "%s"',
    async (url) => {
      const error = await rejection(authenticatedFetch(tokens(NEW))(url));
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_url' });
    },
  );
});

describe('the allowed origins', () => {
  it.each([
    'https://api.frame.io',
    'https://API.frame.io:443/',
    'http://localhost:8080',
    'http://127.0.0.1:8080',
    'http://[::1]:8080',
  ])('may hold %s', async (origin) => {
    const fetch = vi.fn(async () => new Response());
    await authenticatedFetch(tokens(NEW), { fetch, allowedOrigins: [origin] })(new URL('/v4/me', origin));
    expect(fetch).toHaveBeenCalledOnce();
  });

  it.each([
    'http://api.frame.io',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://10.0.0.1',
    'https://api.frame.io/v4',
    'https://user@api.frame.io',
    'https://*.frame.io',
    'api.frame.io',
    'ftp://api.frame.io',
    'null',
    '',
  ])('refuse "%s"', (origin) => {
    expect(() => authenticatedFetch(tokens(NEW), { allowedOrigins: [origin] })).toThrow(ConfigurationError);
  });
});

describe('after a 401', () => {
  it('makes the request once more with the token that took the place of the rejected one', async () => {
    const server = await start(api);
    const auth = tokens(OLD, NEW);
    const answer = await fetchFor(auth, server)(server.origin);
    expect([answer.status, await answer.text()]).toStrictEqual([200, 'answer']);
    expect(server.requests.map(authorizationOf)).toStrictEqual([`Bearer ${OLD}`, `Bearer ${NEW}`]);
    expect(auth.getToken.mock.calls).toStrictEqual([[], [{ rejected: OLD }]]);
  });

  it('returns it when the token is still the same: then the token is not the reason', async () => {
    const server = await start(api);
    const answer = await fetchFor(tokens(OLD), server)(server.origin);
    expect([answer.status, await answer.text()]).toStrictEqual([401, 'answer']);
    expect(server.requests).toHaveLength(1);
  });

  it('returns a second one as it is', async () => {
    const server = await start(respond(401, 'answer'));
    const auth = tokens(OLD, NEW, 'fictional-token-third');
    const answer = await fetchFor(auth, server)(server.origin);
    expect([answer.status, await answer.text()]).toStrictEqual([401, 'answer']);
    expect(server.requests).toHaveLength(2);
    expect(auth.getToken).toHaveBeenCalledTimes(2);
  });

  it.each([403, 400, 429, 500])('is different from after a %i, which says nothing about the token', async (status) => {
    const server = await start(respond(status));
    const auth = tokens(OLD, NEW);
    expect((await fetchFor(auth, server)(server.origin)).status).toBe(status);
    expect(server.requests).toHaveLength(1);
    expect(auth.getToken).toHaveBeenCalledOnce();
  });

  it('rejects with what getToken rejects with, and lets go of the answer', async () => {
    const server = await start(send(responseText(401, 'half', { 'Content-Length': '1000' })));
    const expired = new Error('Sign in again.');
    const auth = tokens(OLD);
    auth.getToken.mockResolvedValueOnce(OLD).mockRejectedValueOnce(expired);
    expect(await rejection(fetchFor(auth, server)(server.origin))).toBe(expired);
    expect(await server.deserted()).toBeUndefined();
  });

  it('does not wait for the rest of an answer that hangs', async () => {
    const server = await start((connection, request) => {
      if (authorizationOf(request) === `Bearer ${NEW}`) respond(200, 'answer')(connection, request);
      else send(responseText(401, 'half', { 'Content-Length': '1000' }))(connection, request);
    });
    expect((await fetchFor(tokens(OLD, NEW), server)(server.origin)).status).toBe(200);
  });

  it('uses the connection of the first answer again', async () => {
    const server = await start(api);
    const auth = tokens(OLD, NEW);
    auth.getToken.mockResolvedValueOnce(OLD).mockImplementationOnce(async () => {
      await new Promise((resolve) => setImmediate(resolve)); // Less than any refresh takes.
      return NEW;
    });
    expect((await fetchFor(auth, server)(server.origin)).status).toBe(200);
    expect([server.requests.length, server.connections]).toStrictEqual([2, 1]);
  });

  it.each<[string, () => RequestInit, RegExp]>([
    ['no body', () => ({}), /^$/],
    ['a string', () => ({ method: 'POST', body: 'text' }), /^text$/],
    ['form fields', () => ({ method: 'POST', body: new URLSearchParams({ a: 'b' }) }), /^a=b$/],
    ['a blob', () => ({ method: 'POST', body: new Blob(['text']) }), /^text$/],
    ['a buffer', () => ({ method: 'POST', body: new TextEncoder().encode('text').buffer }), /^text$/],
    ['a view of a buffer', () => ({ method: 'POST', body: new TextEncoder().encode('text') }), /^text$/],
    ['a form', () => ({ method: 'POST', body: form({ a: 'text' }) }), /name="a"\r\n\r\ntext\r\n/],
  ])('sends %s again', async (_, init, body) => {
    const server = await start(api);
    expect((await fetchFor(tokens(OLD, NEW), server)(server.origin, init())).status).toBe(200);
    expect(server.requests.map(bodyOf)).toStrictEqual([expect.stringMatching(body), expect.stringMatching(body)]);
  });

  it('sends a Request without a body again', async () => {
    const server = await start(api);
    const answer = await fetchFor(tokens(OLD, NEW), server)(new Request(server.origin, { headers: { 'X-Own': 'a' } }));
    expect(answer.status).toBe(200);
    expect(server.requests.map((request) => headerOf(request, 'x-own'))).toStrictEqual(['a', 'a']);
  });

  it.each([{}, { body: null }])(
    'sends the short body of a Request again, as client libraries make it',
    async (init) => {
      const server = await start(api);
      const request = new Request(server.origin, { method: 'POST', body: '{"name":"x"}', headers: { 'x-own': '1' } });
      expect((await fetchFor(tokens(OLD, NEW), server)(request, init)).status).toBe(200);
      expect(server.requests.map(bodyOf)).toStrictEqual(['{"name":"x"}', '{"name":"x"}']);
      for (const seen of server.requests) {
        expect(headerOf(seen, 'content-length')).toBe('12');
        expect(headerOf(seen, 'content-type')).toBe('text/plain;charset=UTF-8');
        expect(headerOf(seen, 'x-own')).toBe('1');
      }
    },
  );

  it('sends the long body of a Request whole', async () => {
    const bodies: string[] = [];
    const fetch = async (_: unknown, { body }: RequestInit) => {
      bodies.push(await new Response(body ?? null).text());
      return new Response();
    };
    const body = new Blob(['start', LONG, 'end']).stream();
    const request = new Request('https://api.frame.io/v4/me', { method: 'POST', body, duplex: 'half' } as RequestInit);
    await authenticatedFetch(tokens(NEW), { fetch })(request);
    expect(bodies).toStrictEqual([`start${LONG}end`]);
  });

  it('does not wait for a body that stalls once the caller has given up', async () => {
    const source = new ReadableStream({ pull: () => new Promise(() => {}) });
    for (const signal of [AbortSignal.timeout(20), AbortSignal.abort(new Error('enough'))]) {
      const init = { method: 'POST', body: source.locked ? new ReadableStream() : source, duplex: 'half', signal };
      const request = new Request('https://api.frame.io/v4/me', init as RequestInit);
      await expect(authenticatedFetch(tokens(NEW))(request)).rejects.toThrow(/enough|aborted due to timeout/);
    }
  });

  it('lets go of a long body when there is no token', async () => {
    const cancelled = vi.fn();
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(2 ** 19)),
      cancel: cancelled,
    });
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const source = { getToken: () => Promise.reject(new Error('signed out')) };
    const request = new Request('https://api.frame.io/v4/me', init);
    await expect(authenticatedFetch(source)(request)).rejects.toThrow('signed out');
    await expect.poll(() => cancelled.mock.calls).toHaveLength(1);
  });

  it('rejects as fetch does when the body of a Request was read before', async () => {
    const server = await start(api);
    const request = new Request(server.origin, { method: 'POST', body: 'text' });
    await request.text();
    await expect(fetchFor(tokens(NEW), server)(request)).rejects.toThrow(TypeError);
    expect(server.requests).toHaveLength(0);
  });

  it.each<[string, (url: string) => [string | Request, RequestInit?]]>([
    ['a stream', (url) => [url, { method: 'POST', body: new Blob(['text']).stream(), duplex: 'half' } as RequestInit]],
    ['the long body of a Request', (url) => [new Request(url, { method: 'POST', body: LONG })]],
  ])('does not send %s again, but says which token was rejected', async (_, request) => {
    const server = await start(api);
    const auth = tokens(OLD, NEW);
    const authenticated = fetchFor(auth, server);
    const answer = await authenticated(...request(server.origin));
    expect([answer.status, await answer.text()]).toStrictEqual([401, 'answer']);
    expect(auth.getToken).toHaveBeenCalledTimes(2);
    expect(auth.getToken).toHaveBeenLastCalledWith({ rejected: OLD });
    expect((await authenticated(...request(server.origin))).status).toBe(200);
  });

  it('returns the answer to a stream also when there will be no other token', async () => {
    const server = await start(api);
    const auth = tokens(OLD);
    auth.getToken.mockResolvedValueOnce(OLD).mockRejectedValueOnce(new Error('Sign in again.'));
    const request = new Request(server.origin, { method: 'POST', body: LONG });
    expect((await fetchFor(auth, server)(request)).status).toBe(401);
    expect(auth.getToken).toHaveBeenCalledTimes(2);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303])(
    'of a write (%i) is not made again: what redirected may have carried it out',
    async (status) => {
      const server = await start((connection, request) => {
        const answer = request.startsWith('POST') ? respond(status, '', { Location: '/view' }) : respond(401, 'answer');
        answer(connection, request);
      });
      const auth = tokens(OLD, NEW);
      const answer = await fetchFor(auth, server)(server.origin, { method: 'POST', body: 'one' });
      expect([answer.status, await answer.text()]).toStrictEqual([401, 'answer']);
      expect(server.requests.map((each) => each.split(' ')[0])).toStrictEqual(['POST', 'GET']);
      expect(auth.getToken).toHaveBeenLastCalledWith({ rejected: OLD });
    },
  );

  /** Redirects from `/old` to the given address, and responds to all other requests. */
  const moved =
    (location: () => string): Misbehaviour =>
    (connection, request) => {
      const answer = request.startsWith('GET /old ') ? respond(302, '', { Location: location() }) : respond(200);
      answer(connection, request);
    };

  it('by another origin and back that ends in a 401 says nothing about the token either, which was dropped on the way', async () => {
    const elsewhere = await start((connection, request) =>
      respond(307, '', { Location: `${server.origin}/back` })(connection, request),
    );
    const server: MisbehavingServer = await start((connection, request) => {
      const away = request.startsWith('GET /away ');
      (away ? respond(307, '', { Location: elsewhere.origin }) : respond(401))(connection, request);
    });
    const auth = tokens(OLD, NEW);
    const answer = await fetchFor(auth, server)(`${server.origin}/away`);
    expect([answer.status, answer.redirected, answer.url]).toStrictEqual([401, true, `${server.origin}/back`]);
    expect(server.requests.map(authorizationOf)).toStrictEqual([`Bearer ${OLD}`, undefined]);
    expect(auth.getToken).toHaveBeenCalledOnce();
  });

  it('within the origin that ends in a 401 is made again with the next token', async () => {
    const server: MisbehavingServer = await start((connection, request) => {
      const answer = request.startsWith('GET /old ') ? respond(307, '', { Location: '/new' }) : undefined;
      (answer ?? api)(connection, request);
    });
    expect((await fetchFor(tokens(OLD, NEW), server)(`${server.origin}/old`)).status).toBe(200);
    expect(server.requests.map(authorizationOf)).toStrictEqual([OLD, OLD, NEW, NEW].map((token) => `Bearer ${token}`));
  });

  it.each([
    ['in a page of another origin, where nothing tells', 'https://app.example.com', 2],
    ['in a page of the same origin', 'https://api.frame.io', 1],
    ['in a page without an origin', 'null', 2],
  ])('by a detour in a browser costs a renewal %s', async (_, origin, asked) => {
    vi.stubGlobal('location', { origin });
    const auth = tokens(OLD, OLD);
    const answer = new Response(null, { status: 401 });
    const received = { redirected: true, url: 'https://api.frame.io/back', type: 'cors' };
    for (const [name, value] of Object.entries(received)) Object.defineProperty(answer, name, { value });
    await authenticatedFetch(auth, { fetch: async () => answer })('https://api.frame.io/v4/me');
    expect(auth.getToken).toHaveBeenCalledTimes(asked);
  });

  it('within the origin is followed with the token', async () => {
    const server = await start(moved(() => '/new'));
    expect((await fetchFor(tokens(NEW), server)(`${server.origin}/old`)).status).toBe(200);
    expect(server.requests.map(authorizationOf)).toStrictEqual([`Bearer ${NEW}`, `Bearer ${NEW}`]);
  });

  it.each([301, 302, 303, 307, 308])(
    'to another origin is followed without the token (%i; Fetch standard)',
    async (status) => {
      const elsewhere = await start(respond(200));
      const server = await start(respond(status, '', { Location: `${elsewhere.origin}/media` }));
      const authenticated = fetchFor(tokens(NEW), server, { allowedOrigins: [server.origin, elsewhere.origin] });
      expect((await authenticated(server.origin)).status).toBe(200);
      expect(elsewhere.requests).toHaveLength(1);
      expect(elsewhere.requests[0]).not.toContain(NEW);
    },
  );

  it('from https to http is followed without the token, also on the same host and port', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const server: MisbehavingServer = await start(
      moved(() => `${server.origin.replace('https:', 'http:')}/new`),
      { tls: await serverCertificate() },
    );
    expect((await fetchFor(tokens(NEW), server)(`${server.origin}/old`)).status).toBe(200);
    expect(server.requests.map(authorizationOf)).toStrictEqual([`Bearer ${NEW}`, undefined]);
  });

  it('to another origin that answers 401 says nothing about the token, which that one never saw', async () => {
    const elsewhere = await start(respond(401));
    const server = await start(respond(302, '', { Location: elsewhere.origin }));
    const auth = tokens(OLD, NEW);
    expect((await fetchFor(auth, server)(server.origin)).status).toBe(401);
    expect(auth.getToken).toHaveBeenCalledOnce();
  });
});

describe('a signal', () => {
  /** A token source that never returns a token, but respects the signal. */
  const waiting: TokenSource['getToken'] = ({ signal } = {}) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));

  it.each<[string, (url: string, signal: AbortSignal) => [string | Request, RequestInit?]]>([
    ['of the options', (url, signal) => [url, { signal }]],
    ['of a Request', (url, signal) => [new Request(url, { signal })]],
  ])('%s ends the wait for the token', async (_, request) => {
    const server = await start(respond(200));
    const caller = new AbortController();
    const answer = fetchFor({ getToken: waiting }, server)(...request(server.origin, caller.signal));
    caller.abort(new Error('enough'));
    expect(await rejection(answer)).toMatchObject({ message: 'enough' });
    expect(server.connections).toBe(0);
  });

  it('ends the wait for the token after a 401', async () => {
    const server = await start(respond(401));
    const caller = new AbortController();
    const auth = tokens(OLD);
    auth.getToken.mockResolvedValueOnce(OLD).mockImplementationOnce((options) => {
      const wait = waiting(options);
      caller.abort(new Error('enough'));
      return wait;
    });
    const answer = fetchFor(auth, server)(server.origin, { signal: caller.signal });
    expect(await rejection(answer)).toMatchObject({ message: 'enough' });
  });

  it('ends the request', async () => {
    const caller = new AbortController();
    const server = await start(() => caller.abort(new Error('enough')));
    const answer = fetchFor(tokens(NEW), server)(server.origin, { signal: caller.signal });
    expect(await rejection(answer)).toMatchObject({ message: 'enough' });
  });
});

describe('the token', () => {
  it.each<[string, () => Promise<unknown>]>([
    [
      'the connection is refused',
      async () => {
        const origin = await closedOrigin();
        return authenticatedFetch(tokens(NEW), { allowedOrigins: [origin] })(origin);
      },
    ],
    [
      'the connection is reset',
      async () => {
        const server = await start(reset);
        return fetchFor(tokens(NEW), server)(server.origin);
      },
    ],
    [
      'the request is aborted',
      async () => {
        const server = await start(hang);
        return fetchFor(tokens(NEW), server)(server.origin, { signal: AbortSignal.timeout(50) });
      },
    ],
    ['the origin is not allowed', () => authenticatedFetch(tokens(NEW))('https://example.com/')],
    ['it holds a line break', () => authenticatedFetch(tokens(`x\n${NEW}`))('https://api.frame.io/v4/me')],
    ['it is no Latin-1', () => authenticatedFetch(tokens(`${NEW}\u2028x`))('https://api.frame.io/v4/me')],
  ])('is not in the error when %s', async (_, attempt) => {
    const error = await rejection(attempt());
    expect(error).toBeInstanceOf(Error);
    const { message, stack } = error as Error;
    const seen = [message, stack, JSON.stringify(error), inspect(error, { depth: null, showHidden: true })].join('\n');
    expect(seen).not.toContain('was expected to reject');
    expect(seen).not.toContain(NEW);
  });

  it('is refused with a ConfigurationError when a header cannot carry it', async () => {
    const error = await rejection(authenticatedFetch(tokens('x\ny'))('https://api.frame.io/v4/me'));
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_token' });
  });
});

function form(fields: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  return data;
}
