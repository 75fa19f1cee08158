import { once } from 'node:events';
import {
  constants,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { goodCertificate } from './authority.js';
import type { TransportFixture } from './transport-fixture.js';

/** A request as it arrived, with either version of HTTP. */
export interface SecureRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Http2ServerRequest['headers'];
  /** One character per byte. */
  readonly body: string;
}

/** Handles a complete request. */
export type SecureBehaviour = (call: SecureCall) => void;

export interface SecureCall {
  readonly request: SecureRequest;
  readonly response: Http2ServerResponse;
  /** Breaks the connection; with HTTP/2, that of all requests on it. */
  breakConnection(): void;
  /** Resets the stream with this code of HTTP/2 (RFC 9113 §7); with HTTP/1.1, breaks the connection. */
  resetStream(code: number): void;
  /** Announces that no more requests are accepted on this connection (RFC 9113 §6.8); with HTTP/1.1, does nothing. */
  goAway(): void;
}

export interface SecureServer {
  readonly origin: string;
  readonly requests: readonly SecureRequest[];
  /** How many requests were neither aborted nor answered. */
  readonly open: number;
  /** Breaks every connection. */
  reset(): void;
}

/** Starts a trusted server that offers HTTP/2 and HTTP/1.1. It lives as long as the clause. */
export async function startSecure(fixture: TransportFixture, behave: SecureBehaviour): Promise<SecureServer> {
  const { key, certificate } = await goodCertificate();
  const requests: SecureRequest[] = [];
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  let open = 0;
  const server = createSecureServer({ key, cert: certificate, allowHTTP1: true }, (incoming, response) => {
    let body = '';
    incoming.setEncoding('latin1');
    incoming.on('data', (data: string) => {
      body += data;
    });
    incoming.on('error', () => {});
    response.on('error', () => {});
    open += 1;
    response.on('close', () => {
      open -= 1;
    });
    incoming.on('end', () => {
      const { method, url: path, headers } = incoming;
      const request = { method, path, headers, body };
      requests.push(request);
      const session = incoming.httpVersionMajor === 2 ? incoming.stream.session : undefined;
      behave({
        request,
        response,
        breakConnection: () => (session === undefined ? incoming.socket.destroy() : session.destroy()),
        resetStream: (code) => (session === undefined ? incoming.socket.destroy() : incoming.stream.close(code)),
        goAway: () => session?.goaway(constants.NGHTTP2_NO_ERROR),
      });
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reset = (): void => {
    for (const session of sessions) session.destroy();
    for (const socket of sockets) socket.destroy();
  };
  fixture.afterwards(async () => {
    reset();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get open() {
      return open;
    },
    reset,
  };
}
