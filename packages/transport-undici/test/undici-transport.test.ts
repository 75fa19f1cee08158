import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { certificateAuthority, serverCertificate } from '@frameio-auth/testing';
import { Agent } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type UndiciTransportOptions, undiciTransport } from '../src/undici-transport.js';

const REQUEST = {
  method: 'POST',
  headers: { authorization: 'Basic canary-secret' },
  body: 'refresh_token=canary-token',
  redirect: 'manual',
  cache: 'no-store',
} as const;

const ending: (() => unknown)[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const end of ending.splice(0)) await end();
});

function transport(options?: UndiciTransportOptions) {
  const made = undiciTransport(options);
  ending.push(() => made.close());
  return made;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.unshift(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A server over TLS that speaks HTTP/2 and 1.1, and says which one it was asked in. */
async function secureServer(host: string) {
  const authority = await certificateAuthority();
  const { key, certificate } = await serverCertificate({ authority, host });
  const server = createSecureServer({ key, cert: certificate, allowHTTP1: true }, (request, response) => {
    request.resume().on('end', () => response.end(`HTTP/${request.httpVersion}`));
  });
  return { ca: authority.certificate, port: await listen(server as unknown as Server) };
}

/** A proxy that takes everything to one port of this machine, whatever host is asked for. */
async function startProxy(port: number) {
  const asked: string[] = [];
  const proxy = createHttpServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('from the proxy');
  });
  proxy.on('connect', (request, client: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    const server = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    server.on('error', () => client.destroy());
    client.on('error', () => server.destroy());
    server.pipe(client).pipe(server);
  });
  return { asked, url: `http://127.0.0.1:${await listen(proxy)}` };
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('was expected to reject'),
    (error) => error,
  );
}

describe('connections of its own', () => {
  it('speak HTTP/2 with a server that can, and 1.1 if that is wished', async () => {
    const { ca, port } = await secureServer('localhost');
    const url = `https://localhost:${port}/token`;
    expect(await (await transport({ ca })(url, REQUEST)).text()).toBe('HTTP/2.0');
    expect(await (await transport({ ca, allowH2: false })(url, REQUEST)).text()).toBe('HTTP/1.1');
  });

  it('trust the authorities that they are given, as text, as bytes or as a list, and no others', async () => {
    const { ca, port } = await secureServer('localhost');
    const other = (await certificateAuthority()).certificate;
    const url = `https://localhost:${port}/token`;
    expect((await transport({ ca: Buffer.from(ca) })(url, REQUEST)).status).toBe(200);
    expect((await transport({ ca: [ca] })(url, REQUEST)).status).toBe(200);
    expect(await rejection(transport({ ca: other })(url, REQUEST))).toMatchObject({ delivery: 'not_sent' });
    expect(await rejection(transport()(url, REQUEST))).toMatchObject({ delivery: 'not_sent' });
  });

  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY'])('go through the proxy that %s names', async (variable) => {
    const { ca, port } = await secureServer('id.example.com');
    const proxy = await startProxy(port);
    vi.stubEnv(variable, proxy.url);
    expect(await (await transport({ ca })('https://id.example.com/token', REQUEST)).text()).toMatch(/^HTTP/);
    expect(proxy.asked).toEqual(['CONNECT id.example.com:443']);
  });

  it('go past the proxy to hosts that NO_PROXY names', async () => {
    const proxy = await startProxy(1);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', '.invalid');
    expect(await rejection(transport()('https://id.invalid/token', REQUEST))).toMatchObject({ code: 'ENOTFOUND' });
    expect(proxy.asked).toEqual([]);
  });

  it.each(['127.0.0.1', 'localhost', '[::1]'])(
    'never take what is for %s to a proxy: a secret may go there in clear',
    async (host) => {
      const proxy = await startProxy(1);
      vi.stubEnv('HTTP_PROXY', proxy.url);
      const closed = createServer();
      const port = await listen(closed);
      closed.close();
      expect(await rejection(transport()(`http://${host}:${port}/token`, REQUEST))).toMatchObject({
        code: 'ECONNREFUSED',
      });
      expect(proxy.asked).toEqual([]);
    },
  );

  it('are refused with a clear error by an environment that names no proxy, without its password', () => {
    vi.stubEnv('HTTPS_PROXY', 'proxy user:canary-password@proxy');
    let error: unknown;
    try {
      undiciTransport();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_proxy' });
    expect(String(error)).not.toContain('canary');
  });

  it('are kept for the next request, and closed with the transport, after which nothing is sent', async () => {
    const server = createHttpServer((request, response) => request.resume().on('end', () => response.end('hello')));
    const sockets: Socket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    const url = `http://127.0.0.1:${await listen(server)}/token`;
    await using send = undiciTransport();
    for (let count = 0; count < 10; count += 1) expect(await (await send(url, REQUEST)).text()).toBe('hello');
    expect(sockets.length).toBeLessThan(5);
    const closed = sockets.map((socket) => once(socket, 'close'));
    await send.close();
    await Promise.all(closed);
    expect(await rejection(send(url, REQUEST))).toMatchObject({ code: 'transport_closed', delivery: 'not_sent' });
  });

  it('are closed after the requests under way', async () => {
    const server = createHttpServer((request, response) => {
      request.resume().on('end', () => setTimeout(() => response.end('hello'), 100));
    });
    const send = undiciTransport();
    const answer = send(`http://127.0.0.1:${await listen(server)}/token`, REQUEST);
    await send.close();
    expect(await (await answer).text()).toBe('hello');
  });

  it('do not keep a process alive that is done', async () => {
    const server = createHttpServer((request, response) => request.resume().on('end', () => response.end('hello')));
    const url = `http://127.0.0.1:${await listen(server)}/token`;
    const index = fileURLToPath(new URL('done.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [index, url], { timeout: 120_000 });
    expect(stdout).toBe('hello');
  });
});

describe('a request that failed', () => {
  it('is known not to have been sent when connecting took too long, by either limit', async () => {
    const port = await listen(createServer()); // It accepts connections, and never says anything: no TLS either.
    const url = `https://127.0.0.1:${port}/token`;
    expect(await rejection(transport({ connectTimeout: 1_000 })(url, REQUEST))).toMatchObject({
      code: 'UND_ERR_CONNECT_TIMEOUT',
      delivery: 'not_sent',
    });
    const error = await rejection(transport({ timeout: 200 })(url, REQUEST));
    expect(error).toMatchObject({ code: 'timeout', delivery: 'not_sent' });
    expect(String(error)).toContain('could not be reached within 200 ms');
  });

  it('is known not to have been sent when the proxy does not let it through', async () => {
    const proxy = await startProxy(1);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    expect(await rejection(transport()('https://id.example.com/token', REQUEST))).toMatchObject({
      delivery: 'not_sent',
    });
  });

  it('may have been seen when the head or the rest of the answer took too long', async () => {
    const port = await listen(createServer((socket) => socket.on('error', () => {}).resume()));
    const slow = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'));
    });
    expect(await rejection(transport({ headersTimeout: 50 })(`http://127.0.0.1:${port}/token`, REQUEST))).toMatchObject(
      {
        code: 'UND_ERR_HEADERS_TIMEOUT',
        delivery: 'unknown',
      },
    );
    const half = `http://127.0.0.1:${await listen(slow)}/token`;
    expect(await rejection(transport({ bodyTimeout: 50 })(half, REQUEST))).toMatchObject({
      code: 'body_incomplete',
      delivery: 'unknown',
    });
  });
});

describe('a dispatcher of the application', () => {
  it('carries the requests, and stays open when the transport is closed', async () => {
    const { ca, port } = await secureServer('localhost');
    const dispatcher = new Agent({ connect: { ca } });
    ending.push(() => dispatcher.close());
    const url = `https://localhost:${port}/token`;
    const first = undiciTransport({ dispatcher });
    expect((await first(url, REQUEST)).status).toBe(200);
    await first.close();
    expect((await undiciTransport({ dispatcher })(url, REQUEST)).status).toBe(200);
  });
});

describe('options', () => {
  it.each<[string, unknown]>([
    ['no object', null],
    ['a time of zero', { timeout: 0 }],
    ['a time that is text', { headersTimeout: '50' }],
    ['a time that never comes', { bodyTimeout: Number.POSITIVE_INFINITY }],
    ['a negative time', { connectTimeout: -1 }],
    ['a body of nothing', { maxBodySize: 0 }],
    ['the name of a file for a certificate', { ca: 'company.pem' }],
    ['no certificate', { ca: [] }],
    ['a word for yes', { allowH2: 'yes' }],
    ['a dispatcher that is none', { dispatcher: {} }],
    ['a certificate beside a dispatcher', { dispatcher: new Agent(), ca: 'any' }],
    ['a time to connect beside a dispatcher', { dispatcher: new Agent(), connectTimeout: 5_000 }],
  ])('are refused: %s', (_, options) => {
    expect(() => undiciTransport(options as UndiciTransportOptions)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }),
    );
  });
});
