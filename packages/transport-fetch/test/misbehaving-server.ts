import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { generate } from 'selfsigned';

/** What a server does with a connection on which a whole request, given as it came over the wire, has arrived. */
export type Misbehaviour = (connection: Socket, request: string) => void;

export interface MisbehavingServer {
  readonly origin: string;
  /** Every request that arrived whole, as it came over the wire. */
  readonly requests: readonly string[];
  /** How many connections were ever made. */
  readonly connections: number;
  /** Resolves as soon as no connection stands. */
  deserted(): Promise<void>;
  /** Resets every connection. */
  reset(): void;
  close(): Promise<void>;
}

interface Options {
  /** What to do with a new connection, before anything is read. */
  readonly onConnection?: (connection: Socket) => void;
  /** Speak TLS, with a certificate that nobody vouches for, to whoever begins with it; and plain HTTP to the others. */
  readonly selfSigned?: boolean;
}

/** A server on loopback that does to each request what it is told, and nothing that HTTP asks for beyond that. */
export async function startMisbehavingServer(
  misbehave: Misbehaviour,
  { onConnection = () => {}, selfSigned = false }: Options = {},
): Promise<MisbehavingServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const accept = (connection: Socket): void => {
    let received = '';
    connection.setEncoding('latin1');
    connection.on('error', () => {}); // Resets are what this server is for.
    connection.on('data', (data) => {
      received += data;
      const length = lengthOfRequest(received);
      if (received.length < length) return;
      const request = received.slice(0, length);
      received = received.slice(length);
      requests.push(request);
      misbehave(connection, request);
    });
  };
  const tls = selfSigned ? createTlsServer(await selfSignedCertificate(), accept) : undefined;
  const server = createServer((connection) => {
    connections += 1;
    sockets.add(connection);
    connection.on('close', () => sockets.delete(connection));
    onConnection(connection);
    if (tls === undefined) accept(connection);
    else sniff(connection, (begun) => (begun ? tls.emit('connection', connection) : accept(connection)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    origin: `${selfSigned ? 'https' : 'http'}://127.0.0.1:${portOf(server)}`,
    requests,
    get connections() {
      return connections;
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
  const server = await startMisbehavingServer(hang);
  await server.close();
  return server.origin;
}

export const hang: Misbehaviour = () => {};

export const reset: Misbehaviour = (connection) => connection.resetAndDestroy();

export const hangUp: Misbehaviour = (connection) => connection.end();

/** Sends exactly this text, and keeps the connection. */
export function send(text: string): Misbehaviour {
  return (connection) => connection.write(text, 'latin1');
}

/** Sends exactly this text, and hangs up. */
export function sendAndHangUp(text: string): Misbehaviour {
  return (connection) => connection.end(text, 'latin1');
}

/** Sends a proper response. */
export function respond(status: number, body = '', headers: Record<string, string> = {}): Misbehaviour {
  return send(response(status, body, headers));
}

export function response(status: number, body = '', headers: Record<string, string> = {}): string {
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

async function selfSignedCertificate(): Promise<{ key: string; cert: string }> {
  const options = { keyType: 'ec', algorithm: 'sha256' } as const;
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], options);
  return { key, cert };
}
