import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  closedOrigin,
  type MisbehavingServer,
  type Misbehaviour,
  misbehaviour,
  startMisbehavingServer,
} from '@frameio-auth/conformance';
import { ConfigurationError, TransportError } from '@frameio-auth/core';
import type { Transport, TransportRequest } from '@frameio-auth/core/adapter';
import { serverCertificate } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { afterEach, describe, expect, it, vi } from 'vitest';

const { hang, hangUp, reset, respond } = misbehaviour;

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

/** A token request with a secret in every part. */
const REQUEST: TransportRequest = {
  method: 'POST',
  headers: {
    authorization: `Basic ${CANARIES.header}`,
    'content-type': 'application/x-www-form-urlencoded',
  },
  body: `grant_type=refresh_token&refresh_token=${CANARIES.body}`,
  redirect: 'manual',
  cache: 'no-store',
};

const address = (origin: string): string => `${origin}/${CANARIES.path}?token=${CANARIES.query}`;

/** Resolves to the error of a request that must fail, after checking it for secrets of the request and the response. */
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

async function failureOn(misbehave: Misbehaviour): Promise<TransportError> {
  const server = await start(misbehave);
  return failure(fetchTransport(), address(server.origin));
}

describe('a response', () => {
  it('comes with the words of its status', async () => {
    const server = await start(respond(400));
    expect((await fetchTransport()(server.origin, REQUEST)).statusText).toBe('Reason');
  });

  it('may have a mebibyte, and no more', async () => {
    const body = 'g'.repeat(2 ** 20);
    const server = await start(respond(200, body));
    expect(await (await fetchTransport()(server.origin, REQUEST)).text()).toBe(body);
    const { code, message } = await failureOn(respond(200, `${body}g`));
    expect(code).toBe('body_too_large');
    expect(message).toContain('1048576 bytes');
  });

  it('leaves the connection to the next request', async () => {
    const server = await start(respond(200, '{"ok":true}'));
    const transport = fetchTransport();
    await transport(server.origin, REQUEST);
    await setImmediate(); // Node returns a connection to its pool only after it has returned the response.
    await transport(server.origin, REQUEST);
    expect([server.requests.length, server.connections]).toStrictEqual([2, 1]);
  });

  it('leaves no timer behind, so that a script that is done exits', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    const cleared = vi.spyOn(globalThis, 'clearTimeout');
    const server = await start(respond(200));
    const transport = fetchTransport({ timeout: 987 });
    await transport(server.origin, REQUEST);
    await failure(transport, await closedOrigin());
    const timers = set.mock.results.filter((_, call) => set.mock.calls[call]?.[1] === 987);
    expect(timers).toHaveLength(2);
    for (const { value: timer } of timers) expect(cleared).toHaveBeenCalledWith(timer);
  });
});

describe('a failure has the code of the platform', () => {
  it('when the connection is refused', async () => {
    expect((await failure(fetchTransport(), address(await closedOrigin()))).code).toBe('ECONNREFUSED');
  });

  it('when the host name does not exist', async () => {
    const { code } = await failure(fetchTransport(), address('https://frameio-auth.invalid'));
    expect(code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });

  it('when no authority has signed the certificate, and says what to do about it', async () => {
    const server = await start(respond(200), { tls: await serverCertificate() });
    const { code, message } = await failure(fetchTransport(), address(server.origin));
    expect(code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(message).toContain('NODE_EXTRA_CA_CERTS');
  });

  it('when the server hangs up in the middle of the TLS handshake', async () => {
    const server = await start(hang, { onConnection: (connection) => connection.once('data', () => connection.end()) });
    const { code } = await failure(fetchTransport(), address(server.origin.replace('http:', 'https:')));
    expect(code).toBe('ECONNRESET');
  });

  it('when the connection is reset after the request', async () => {
    expect((await failureOn(reset)).code).toBe('ECONNRESET');
  });

  it('when the server hangs up after the request', async () => {
    expect((await failureOn(hangUp)).code).toBe('UND_ERR_SOCKET');
  });
});

it('refuses the opaque redirect of a browser', async () => {
  const opaque = { type: 'opaqueredirect', status: 0, body: null };
  const transport = fetchTransport({ fetch: async () => opaque as Response });
  const error = await failure(transport, address('https://ims-na1.example'));
  expect(error).toMatchObject({ code: 'redirect_refused', delivery: 'unknown' });
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
