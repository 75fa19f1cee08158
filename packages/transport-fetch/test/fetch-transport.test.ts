import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { ConfigurationError, type Transport, TransportError, type TransportRequest } from '@frameio-auth/core';
import { type FetchTransportOptions, fetchTransport } from '@frameio-auth/transport-fetch';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  closedOrigin,
  hang,
  hangUp,
  type MisbehavingServer,
  type Misbehaviour,
  reset,
  respond,
  response,
  send,
  sendAndHangUp,
  startMisbehavingServer,
} from './misbehaving-server.js';

const servers: MisbehavingServer[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(...args: Parameters<typeof startMisbehavingServer>): Promise<MisbehavingServer> {
  const server = await startMisbehavingServer(...args);
  servers.push(server);
  return server;
}

const CANARIES = {
  path: 'canary-path-0f3a',
  query: 'canary-query-77d1',
  header: 'canary-header-5b20',
  body: 'canary-body-c94e',
  answer: 'canary-answer-18aa',
};

/** A token request with a secret in every place that a request has. */
const REQUEST: TransportRequest = {
  method: 'POST',
  headers: {
    authorization: `Basic ${CANARIES.header}`,
    'content-type': 'application/x-www-form-urlencoded',
  },
  body: `grant_type=refresh_token&refresh_token=${CANARIES.body}`,
  redirect: 'manual',
};

const address = (origin: string): string => `${origin}/${CANARIES.path}?token=${CANARIES.query}`;

/** The error of a request that must fail, searched for whatever was secret in the request or the answer. */
async function failure(transport: Transport, url: string, request = REQUEST): Promise<TransportError> {
  const error: unknown = await transport(url, request).then(
    () => new Error('The request was expected to fail.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof TransportError)) throw error;
  const seen = [error.message, error.stack, String(error), JSON.stringify(error), inspect(error, { depth: null })];
  for (const canary of Object.values(CANARIES)) expect(seen.join('\n')).not.toContain(canary);
  expect(error).not.toHaveProperty('cause');
  return error;
}

async function failureOn(misbehave: Misbehaviour, options: FetchTransportOptions = {}): Promise<TransportError> {
  const server = await start(misbehave);
  const error = await failure(fetchTransport(options), address(server.origin));
  expect(server.requests).toHaveLength(1);
  expect(error.message).toContain(new URL(server.origin).host);
  return error;
}

describe('a response', () => {
  it('comes with its status, its headers and its whole body', async () => {
    const server = await start(respond(400, '{"error":"invalid_grant"}', { 'X-Debug-Id': 'fictional-1' }));
    const answer = await fetchTransport()(server.origin, REQUEST);
    expect(answer).toBeInstanceOf(Response);
    expect([answer.status, answer.statusText, answer.headers.get('x-debug-id')]).toStrictEqual([
      400,
      'Reason',
      'fictional-1',
    ]);
    expect(await answer.json()).toStrictEqual({ error: 'invalid_grant' });
  });

  it('is read to its end before it is handed over, so that nothing can go wrong after that', async () => {
    const server = await start(respond(200, '{"ok":true}'));
    const answer = await fetchTransport()(server.origin, REQUEST);
    await server.close();
    expect(await answer.text()).toBe('{"ok":true}');
  });

  it('answers the request as it was given: method, headers and body', async () => {
    const server = await start(respond(200));
    await fetchTransport()(`${server.origin}/ims/token/v3`, REQUEST);
    const [request = ''] = server.requests;
    expect(request).toMatch(/^POST \/ims\/token\/v3 HTTP\/1\.1\r\n/);
    expect(request).toMatch(new RegExp(`^authorization: Basic ${CANARIES.header}\r$`, 'im'));
    expect(request).toMatch(/^content-type: application\/x-www-form-urlencoded\r$/im);
    expect(request.endsWith(`\r\n\r\n${REQUEST.body}`)).toBe(true);
  });

  it('may have no body: a revocation is answered so', async () => {
    const server = await start(respond(200));
    expect(await (await fetchTransport()(server.origin, REQUEST)).text()).toBe('');
  });

  it('may be a 204, which cannot have one', async () => {
    const server = await start(send('HTTP/1.1 204 No Content\r\n\r\n'));
    const answer = await fetchTransport()(server.origin, REQUEST);
    expect([answer.status, answer.body]).toStrictEqual([204, null]);
  });

  it.each([
    ['HTML', 'text/html', '<html>Bad gateway</html>'],
    ['a wrong content type', 'image/png', '{"access_token":"x"}'],
    ['a JSON key twice', 'application/json', '{"error":"a","error":"b"}'],
    ['what is no JSON at all', 'application/json', '{"access_token":'],
  ])('is passed through with %s: its meaning is for the protocol to judge', async (_, type, body) => {
    const server = await start(respond(502, body, { 'Content-Type': type }));
    const answer = await fetchTransport()(server.origin, REQUEST);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toStrictEqual([502, type, body]);
  });

  it('may be as long as the limit', async () => {
    const body = 'g'.repeat(2 ** 20);
    const server = await start(respond(200, body));
    expect(await (await fetchTransport()(server.origin, REQUEST)).text()).toBe(body);
  });

  it('leaves the connection to the next request', async () => {
    const server = await start(respond(200, '{"ok":true}'));
    const transport = fetchTransport();
    await transport(server.origin, REQUEST);
    await setImmediate(); // Node puts a connection back only after the response was handed over.
    await transport(server.origin, REQUEST);
    expect([server.requests.length, server.connections]).toStrictEqual([2, 1]);
  });

  it('leaves no timer behind, so that a script that is done exits', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    const cleared = vi.spyOn(globalThis, 'clearTimeout');
    const server = await start(respond(200));
    const transport = fetchTransport({ timeout: 12_345 });
    await transport(server.origin, REQUEST);
    await failure(transport, await closedOrigin());
    const timers = set.mock.results.filter((_, call) => set.mock.calls[call]?.[1] === 12_345);
    expect(timers).toHaveLength(2);
    for (const { value: timer } of timers) expect(cleared).toHaveBeenCalledWith(timer);
  });
});

describe('a request that certainly was not sent', () => {
  it('is one that was refused the connection', async () => {
    const origin = await closedOrigin();
    const error = await failure(fetchTransport(), address(origin));
    expect(error).toMatchObject({ code: 'ECONNREFUSED', delivery: 'not_sent' });
    expect(error.message).toContain(new URL(origin).host);
  });

  it('is one to a host name that nobody has (RFC 2606 §2)', async () => {
    const error = await failure(fetchTransport(), address('https://frameio-auth.invalid'));
    expect(error.code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
    expect(error).toMatchObject({ delivery: 'not_sent', message: expect.stringContaining('frameio-auth.invalid') });
  });

  it('is one to a server whose certificate nobody vouches for', async () => {
    const server = await start(respond(200), { selfSigned: true });
    const error = await failure(fetchTransport(), address(server.origin));
    expect(error).toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      delivery: 'not_sent',
      message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    expect(server.connections).toBe(1);
    expect(server.requests).toStrictEqual([]);
  });

  it('is one to a server that hangs up in the middle of the TLS handshake', async () => {
    const server = await start(hang, { onConnection: (connection) => connection.once('data', () => connection.end()) });
    const error = await failure(fetchTransport(), address(server.origin.replace('http:', 'https:')));
    expect(error).toMatchObject({ code: 'ECONNRESET', delivery: 'not_sent' });
  });

  it.each([
    ['a header that breaks the line', { headers: { authorization: `Bearer ${CANARIES.header}\nx: y` } }],
    ['a header that is no Latin-1', { headers: { authorization: `Bearer ${CANARIES.header}\u2028` } }],
    ['a header name with a space', { headers: { [`x ${CANARIES.header}`]: 'y' } }],
    ['a method that is no word', { method: `GET ${CANARIES.header}` }],
  ])('is one with %s, and what is wrong is not shown', async (_, flaw) => {
    const server = await start(respond(200));
    const error = await failure(fetchTransport(), address(server.origin), { ...REQUEST, ...flaw });
    expect(error).toMatchObject({ code: 'invalid_request', delivery: 'not_sent' });
    expect(server.connections).toBe(0);
  });

  it.each([
    ['without a scheme', `ims-na1.example/${CANARIES.path}`],
    ['with another scheme', `ftp://ims-na1.example/${CANARIES.path}`],
    ['that is data', `data:text/plain,${CANARIES.path}`],
    ['with credentials', `https://${CANARIES.path}:${CANARIES.query}@ims-na1.example/`],
  ])('is one to an address %s', async (_, url) => {
    expect(await failure(fetchTransport(), url)).toMatchObject({ code: 'invalid_request', delivery: 'not_sent' });
  });
});

describe('a request that the server may have seen', () => {
  it('is one whose connection was reset after it', async () => {
    expect(await failureOn(reset)).toMatchObject({ code: 'ECONNRESET', delivery: 'unknown' });
  });

  it('is one after which the server hung up', async () => {
    expect(await failureOn(hangUp)).toMatchObject({ code: 'UND_ERR_SOCKET', delivery: 'unknown' });
  });

  it('is one that waits for an answer for too long', async () => {
    expect(await failureOn(hang, { timeout: 50 })).toMatchObject({ code: 'timeout', delivery: 'unknown' });
  });

  it('is one whose answer stops in the middle for too long', async () => {
    const half = response(200, `{"access_token":"${CANARIES.answer}`, { 'Content-Length': '1000' });
    expect(await failureOn(send(half), { timeout: 100 })).toMatchObject({ code: 'timeout', delivery: 'unknown' });
  });

  it.each([
    ['its length', response(200, `{"access_token":"${CANARIES.answer}`, { 'Content-Length': '1000' })],
    ['its last chunk', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n${CANARIES.answer}\r\n`],
  ])('is one whose answer ends before %s', async (_, half) => {
    const error = await failureOn(sendAndHangUp(half));
    expect(error).toMatchObject({ code: 'body_incomplete', delivery: 'unknown' });
  });

  it('is one whose connection is reset in the middle of the answer', async () => {
    const server = await start(send(response(200, '{"access_token":"', { 'Content-Length': '1000' })));
    const transport = fetchTransport({
      async fetch(url, init) {
        const begun = await fetch(url, init);
        server.reset();
        return begun;
      },
    });
    const error = await failure(transport, address(server.origin));
    expect(error).toMatchObject({ code: 'body_incomplete', delivery: 'unknown' });
  });

  it('is one whose answer cannot be decompressed', async () => {
    const error = await failureOn(respond(200, CANARIES.answer, { 'Content-Encoding': 'gzip' }));
    expect(error).toMatchObject({ code: 'body_incomplete', delivery: 'unknown' });
  });

  it('is one whose answer is too long, and the rest of it is not read', async () => {
    const server = await start(respond(200, 'g'.repeat(2 ** 20 + 1), { 'Content-Length': String(2 ** 40) }));
    const error = await failure(fetchTransport(), address(server.origin));
    expect(error).toMatchObject({ code: 'body_too_large', delivery: 'unknown' });
    expect(error.message).toContain('1048576 bytes');
    expect(await server.deserted()).toBeUndefined();
  });

  it('is one whose answer is too long only when it is decompressed', async () => {
    const bomb = gzipSync('g'.repeat(2 ** 20 + 1)).toString('latin1');
    const error = await failureOn(respond(200, bomb, { 'Content-Encoding': 'gzip' }));
    expect(error).toMatchObject({ code: 'body_too_large', delivery: 'unknown' });
  });

  it('is one whose answer is longer than a limit of the caller', async () => {
    const server = await start(respond(200, '12345678'));
    expect((await fetchTransport({ maxBodySize: 8 })(server.origin, REQUEST)).status).toBe(200);
    expect(await failure(fetchTransport({ maxBodySize: 7 }), server.origin)).toMatchObject({ code: 'body_too_large' });
  });

  it('is one whose answer is no HTTP', async () => {
    expect(await failureOn(sendAndHangUp(`SSH-2.0-${CANARIES.answer}\r\n`))).toMatchObject({ delivery: 'unknown' });
  });

  it('is one whose answer has a status that HTTP does not have (RFC 9110 §15)', async () => {
    const error = await failureOn(respond(999, CANARIES.answer));
    expect(error).toMatchObject({ code: 'invalid_status', delivery: 'unknown' });
  });

  it.each([301, 302, 303, 307, 308])(
    'is one that is answered with the redirect %i, which is not followed',
    async (status) => {
      const elsewhere = await start(respond(200));
      const error = await failureOn(respond(status, '', { Location: `${elsewhere.origin}/${CANARIES.answer}` }));
      expect(error).toMatchObject({ code: 'redirect_refused', delivery: 'unknown' });
      expect(elsewhere.connections).toBe(0);
    },
  );

  it('is one that a browser answers with an opaque redirect', async () => {
    const opaque = { type: 'opaqueredirect', status: 0, body: null };
    const transport = fetchTransport({ fetch: async () => opaque as Response });
    const error = await failure(transport, address('https://ims-na1.example'));
    expect(error).toMatchObject({ code: 'redirect_refused', delivery: 'unknown' });
  });

  it('is told from the rest also when the connection is reset before the request was read', async () => {
    const server = await start(hang, { onConnection: (connection) => connection.resetAndDestroy() });
    const error = await failure(fetchTransport(), address(server.origin));
    expect(error.code).toMatch(/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/);
    expect(server.requests).toStrictEqual([]);
  });
});

/** An error as a platform's `fetch` gives it. */
function fetchFailed(cause: object): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(`about ${CANARIES.body}`), cause) });
}

describe('the delivery of a failure that cannot be brought about here', () => {
  const connect = (code: string) => Object.assign(new Error(code), { code, syscall: 'connect' });
  const selfCaused = new Error();
  selfCaused.cause = selfCaused;
  const read = (code: string) => Object.assign(new Error(code), { code, syscall: 'read' });

  it.each<[string, 'not_sent' | 'unknown', unknown]>([
    ['no answer to the connection', 'not_sent', fetchFailed({ code: 'UND_ERR_CONNECT_TIMEOUT' })],
    ['no route to the host', 'not_sent', fetchFailed({ code: 'EHOSTUNREACH', syscall: 'connect' })],
    ['no route to the network', 'not_sent', fetchFailed({ code: 'ENETUNREACH', syscall: 'connect' })],
    ['a resolver that is down', 'not_sent', fetchFailed({ code: 'EAI_AGAIN', syscall: 'getaddrinfo' })],
    ['a certificate that is too old', 'not_sent', fetchFailed({ code: 'CERT_HAS_EXPIRED' })],
    ['a certificate of another host', 'not_sent', fetchFailed({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })],
    ['a certificate of an unknown issuer', 'not_sent', fetchFailed({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })],
    ['all addresses refused', 'not_sent', fetchFailed({ errors: [connect('ECONNREFUSED'), connect('ETIMEDOUT')] })],
    ['one address lost in use', 'unknown', fetchFailed({ errors: [connect('ECONNREFUSED'), read('ECONNRESET')] })],
    ['no address at all', 'unknown', fetchFailed({ errors: [] })],
    ['an error that contains itself', 'unknown', fetchFailed(containingItself())],
    ['a route lost in use', 'unknown', fetchFailed({ code: 'EHOSTUNREACH', syscall: 'read' })],
    ['a connection that went silent in use', 'unknown', fetchFailed({ code: 'ETIMEDOUT', syscall: 'read' })],
    ['a broken pipe', 'unknown', fetchFailed({ code: 'EPIPE', syscall: 'write' })],
    ['headers that never came', 'unknown', fetchFailed({ code: 'UND_ERR_HEADERS_TIMEOUT' })],
    ['a code that is a sentence', 'unknown', fetchFailed({ code: `secret ${CANARIES.body}` })],
    ['a code that is a number', 'unknown', new DOMException(CANARIES.body, 'AbortError')],
    ['an error without a cause', 'unknown', new TypeError(`Failed to fetch ${CANARIES.body}`)],
    ['an error that causes itself', 'unknown', selfCaused],
    ['what is no error', 'unknown', CANARIES.body],
  ])('for %s is %s', async (_, delivery, thrown) => {
    const transport = fetchTransport({ fetch: () => Promise.reject(thrown) });
    const error = await failure(transport, address('https://ims-na1.example'));
    expect(error).toMatchObject({ delivery, code: expect.stringMatching(/^([A-Z_]+|request_failed)$/) });
  });
});

describe('the options', () => {
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5000' as never, null as never])(
    'refuse a timeout of %s',
    (timeout) => {
      expect(() => fetchTransport({ timeout })).toThrow(ConfigurationError);
    },
  );

  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '1024' as never])(
    'refuse a maxBodySize of %s',
    (maxBodySize) => {
      expect(() => fetchTransport({ maxBodySize })).toThrow(ConfigurationError);
    },
  );

  it('take a fetch of the caller, which is told not to follow redirects and when to stop', async () => {
    const fetch = vi.fn(async (_url: string, _init: RequestInit) => new Response('{}'));
    const answer = await fetchTransport({ fetch })('https://ims-na1.example/ims/token/v3', REQUEST);
    expect(await answer.text()).toBe('{}');
    expect(fetch).toHaveBeenCalledExactlyOnceWith('https://ims-na1.example/ims/token/v3', {
      ...REQUEST,
      signal: expect.any(AbortSignal),
    });
  });

  it("use the platform's fetch of the moment, which may be replaced after the transport was made", async () => {
    const transport = fetchTransport();
    vi.stubGlobal('fetch', async () => new Response('replaced'));
    expect(await (await transport('https://ims-na1.example/', REQUEST)).text()).toBe('replaced');
  });
});

function containingItself(): { errors: unknown[] } {
  const errors: unknown[] = [];
  errors.push({ errors });
  return { errors };
}
