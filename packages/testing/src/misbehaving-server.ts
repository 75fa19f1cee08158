import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificate.js';
import { freePort } from './free-port.js';

/**
 * What a server does with a connection on which a whole request has arrived. The request is given as it came over the
 * wire, with a character for each byte (Latin-1).
 */
export type Misbehaviour = (connection: Socket, request: string) => void;

export interface MisbehavingServerOptions {
  /** What to do with a new connection, before anything is read. Default: nothing. */
  readonly onConnection?: (connection: Socket) => void;
  /** Speak TLS with this certificate to whoever begins with it, and plain HTTP to the others. Default: plain HTTP. */
  readonly tls?: Certificate;
}

export interface MisbehavingServer {
  /** With the scheme `https` if it has a certificate; on 127.0.0.1. */
  readonly origin: string;
  /** Every request that arrived whole, as it came over the wire, with a character for each byte. */
  readonly requests: readonly string[];
  /** How many bytes arrived in all, not counting TLS. */
  readonly bytesReceived: number;
  /** How many connections were ever made. */
  readonly connections: number;
  /** Resolves as soon as no connection stands of those that do now. */
  deserted(): Promise<void>;
  /** Resets every connection. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts a server on loopback that does to each request what it is told, and nothing that HTTP asks for beyond that. */
export async function startMisbehavingServer(
  misbehave: Misbehaviour,
  { onConnection = () => {}, tls }: MisbehavingServerOptions = {},
): Promise<MisbehavingServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let bytesReceived = 0;

  const accept = (connection: Socket): void => {
    let received = '';
    connection.setEncoding('latin1');
    connection.on('error', () => {}); // Resets are what this server is for.
    connection.on('data', (data: string) => {
      bytesReceived += data.length;
      received += data;
      const length = lengthOfRequest(received);
      if (received.length < length) return;
      const request = received.slice(0, length);
      received = received.slice(length);
      requests.push(request);
      misbehave(connection, request);
    });
  };
  const secure = tls && createTlsServer({ key: tls.key, cert: tls.certificate }, accept);
  secure?.on('tlsClientError', () => {}); // Whoever does not trust the certificate hangs up.
  const server = createServer((connection) => {
    connections += 1;
    sockets.add(connection);
    connection.on('close', () => sockets.delete(connection));
    connection.on('error', () => {});
    onConnection(connection);
    if (secure === undefined) accept(connection);
    else sniff(connection, (begun) => (begun ? secure.emit('connection', connection) : accept(connection)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${portOf(server)}`,
    requests,
    get connections() {
      return connections;
    },
    get bytesReceived() {
      return bytesReceived;
    },
    async deserted() {
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.on('close', resolve))));
    },
    reset() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An origin on loopback where nobody listens. */
export async function closedOrigin(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/** Things that a server can do with a request. */
export const misbehaviour = {
  /** Nothing at all; the connection stays open. */
  hang: () => {},
  /** Resets the connection. */
  reset: (connection: Socket) => connection.resetAndDestroy(),
  /** Hangs up. */
  hangUp: (connection: Socket) => connection.end(),
  /** Sends exactly this, a byte for each character, and keeps the connection open. */
  send:
    (text: string): Misbehaviour =>
    (connection) =>
      connection.write(text, 'latin1'),
  /** Sends exactly this, a byte for each character, and hangs up. */
  sendAndHangUp:
    (text: string): Misbehaviour =>
    (connection) =>
      connection.end(text, 'latin1'),
  /** Sends a proper response. */
  respond: (status: number, body = '', headers: Readonly<Record<string, string>> = {}): Misbehaviour =>
    misbehaviour.send(responseText(status, body, headers)),
};

/**
 * A proper HTTP/1.1 response, as it goes over the wire. `body`: a character for each byte. `Content-Length` is its
 * length, if `headers` do not say otherwise.
 */
export function responseText(status: number, body = '', headers: Readonly<Record<string, string>> = {}): string {
  const fields = Object.entries({ 'Content-Length': String(body.length), ...headers });
  return [`HTTP/1.1 ${status} Reason`, ...fields.map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n');
}

/** Where the first request in the text ends; `Infinity` while that cannot be seen. */
function lengthOfRequest(text: string): number {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return Number.POSITIVE_INFINITY;
  const head = text.slice(0, end);
  if (/^transfer-encoding: chunked/im.test(head)) {
    const last = text.indexOf('\r\n0\r\n\r\n', end + 2);
    return last === -1 ? Number.POSITIVE_INFINITY : last + 7;
  }
  return end + 4 + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
}

/** Tells whether the client begins a TLS handshake (RFC 8446 §5.1: a record of type 22), and leaves all to be read. */
function sniff(connection: Socket, decide: (tls: boolean) => void): void {
  connection.once('data', (begin: Buffer) => {
    connection.pause();
    connection.unshift(begin);
    decide(begin[0] === 22);
    process.nextTick(() => connection.resume());
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The test server has no port.');
  return address.port;
}
