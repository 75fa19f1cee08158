import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from '@frameio-auth/testing';
import { freePort } from './free-port.js';

/**
 * Handles a connection on which a complete request has arrived. The request is given as received, with one character
 * per byte (Latin-1).
 */
export type Misbehaviour = (connection: Socket, request: string) => void;

export interface MisbehavingServerOptions {
  /** Called for a new connection, before anything is read. Default: nothing. */
  readonly onConnection?: (connection: Socket) => void;
  /**
   * Uses TLS with this certificate if the client begins with a handshake, and plain HTTP otherwise. Default: plain
   * HTTP.
   */
  readonly tls?: Certificate;
}

export interface MisbehavingServer {
  /** On 127.0.0.1, with the scheme `https` if it has a certificate. */
  readonly origin: string;
  /** Every complete request, as received, with one character per byte. */
  readonly requests: readonly string[];
  /** How many bytes arrived in total, not counting TLS. */
  readonly bytesReceived: number;
  /** How many connections were made in total. */
  readonly connections: number;
  /** Resolves when all connections that are open now have closed. */
  deserted(): Promise<void>;
  /** Resets every connection. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts a server on loopback that handles each request as told, and does nothing else that HTTP requires. */
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
    connection.on('error', () => {}); // Resets are the purpose of this server.
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
  secure?.on('tlsClientError', () => {}); // A client that does not trust the certificate closes the connection.
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

/** Resolves to an origin on loopback on which no server listens. */
export async function closedOrigin(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/** Common misbehaviours of a server. */
export const misbehaviour = {
  /** Does nothing; the connection stays open. */
  hang: () => {},
  /** Resets the connection. */
  reset: (connection: Socket) => connection.resetAndDestroy(),
  /** Closes the connection. */
  hangUp: (connection: Socket) => connection.end(),
  /** Sends exactly this, one byte per character, and keeps the connection open. */
  send:
    (text: string): Misbehaviour =>
    (connection) =>
      connection.write(text, 'latin1'),
  /** Sends exactly this, one byte per character, and closes the connection. */
  sendAndHangUp:
    (text: string): Misbehaviour =>
    (connection) =>
      connection.end(text, 'latin1'),
  /** Sends a valid response. */
  respond: (status: number, body = '', headers: Readonly<Record<string, string>> = {}): Misbehaviour =>
    misbehaviour.send(responseText(status, body, headers)),
};

/**
 * Returns a valid HTTP/1.1 response, as it is sent. `body`: one character per byte. `Content-Length` is its length,
 * unless `headers` contain another.
 */
export function responseText(status: number, body = '', headers: Readonly<Record<string, string>> = {}): string {
  const fields = Object.entries({ 'Content-Length': String(body.length), ...headers });
  return [`HTTP/1.1 ${status} Reason`, ...fields.map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n');
}

/** Returns where the first request in the text ends; `Infinity` if it is incomplete. */
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

/**
 * Detects whether the client begins a TLS handshake (RFC 8446 §5.1: a record of type 22), without consuming anything.
 */
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
