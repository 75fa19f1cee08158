import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigurationError } from '@frameio-auth/core';
import { sessionChart } from './chart.js';
import { HISTORY_LIMITS, History } from './history.js';
import { rejectionOf } from './loopback-request.js';
import type { InspectorMessage } from './messages.js';
import { isSameToken } from './random-token.js';
import { readBatch } from './read-batch.js';
import type { Site } from './site.js';
import { ViewerAccess } from './viewer-access.js';
import { type Presentation, ViewerStream } from './viewer-stream.js';

export interface ViewerServerOptions {
  readonly instance: string;
  /** The port on 127.0.0.1; 0: a free one. */
  readonly port: number;
  readonly site: Site;
  readonly present: Presentation;
  /** The token with which other instances post; without it, none can. */
  readonly postingToken?: string;
}

/** The longest batch that is accepted, in bytes. */
const MAX_BATCH_BYTES = 2 * 1024 * 1024;

/** Further viewers are rejected; no user has this many windows. */
const MAX_STREAMS = 32;

/**
 * Serves the page that shows sessions, only on 127.0.0.1 and only to holders of a link. It never keeps the process
 * alive.
 */
export class ViewerServer {
  readonly #options: ViewerServerOptions;
  readonly #server: Server;
  readonly #access = new ViewerAccess();
  readonly #history = new History();
  readonly #streams = new Set<ViewerStream>();
  readonly #listening: Promise<number>;
  #port = 0;
  #closed = false;

  constructor(options: ViewerServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket) => socket.unref());
    this.#listening = new Promise((resolve, reject) => {
      // Never removed: a server that runs out of sockets emits an error later, which would otherwise be unhandled.
      this.#server.on('error', () =>
        reject(
          new ConfigurationError(
            'inspector_not_listening',
            `The inspector cannot listen on port ${options.port} of 127.0.0.1. Choose another \`port\`, or leave it out.`,
          ),
        ),
      );
      this.#server.listen(options.port, '127.0.0.1', () => {
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve(this.#port);
      });
    });
    // The caller of `link()` gets the error; without a caller it must not end the process.
    this.#listening.catch(() => {});
    this.#server.unref();
  }

  /** Resolves to the server's origin; rejects with a ConfigurationError if it could not listen. */
  async origin(): Promise<string> {
    return `http://127.0.0.1:${await this.#listening}`;
  }

  /** Resolves to a link that works once. */
  async link(): Promise<string> {
    return `${await this.origin()}/?token=${this.#access.createLink()}`;
  }

  post(message: InspectorMessage): void {
    if (this.#closed) return;
    this.#history.add(message);
    for (const stream of this.#streams) stream.post(message);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const stream of this.#streams) stream.close();
    this.#history.clear();
    await this.#listening.catch(() => {});
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#protect(response);
    if (!request.url?.startsWith('/')) return refuse(response, 400, 'This is not the address of a page.');
    const url = new URL(`http://127.0.0.1${request.url}`);
    const token = url.pathname === '/' ? url.searchParams.get('token') : null;
    const rejection = rejectionOf(request, this.#port, token !== null);
    if (rejection !== undefined) return refuse(response, rejection.status, rejection.reason);
    if (url.pathname === '/messages') return this.#take(request, response);
    if (request.method !== 'GET') return refuse(response, 405, 'Only GET is allowed here.');
    if (token !== null) return this.#admit(response, token);
    if (!this.#isKnown(request)) return refuse(response, 403, NO_LINK);
    if (url.pathname === '/events') return this.#stream(response);
    if (url.pathname === '/machine.json') return send(response, 'application/json', JSON.stringify(sessionChart));
    const file = await this.#options.site.file(url.pathname);
    if (file === undefined) return refuse(response, 404, 'This page does not exist.');
    send(response, file.type, file.body);
  }

  #protect(response: ServerResponse): void {
    response.setHeader(
      'content-security-policy',
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
        "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        this.#options.site.policy,
    );
    response.setHeader('cross-origin-resource-policy', 'same-origin');
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    response.setHeader('cache-control', 'no-store');
  }

  /** The port is part of the name, because all ports of 127.0.0.1 share their cookies. */
  get #cookieName(): string {
    return `frameio-inspector-${this.#port}`;
  }

  #isKnown(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim().split('='));
    return cookies.some(([name, value = '']) => name === this.#cookieName && this.#access.knows(value));
  }

  #admit(response: ServerResponse, token: string): void {
    const cookie = this.#access.admit(token);
    if (cookie === undefined) {
      refuse(response, 403, NO_LINK);
      return;
    }
    response.setHeader('set-cookie', `${this.#cookieName}=${cookie}; Path=/; HttpOnly; SameSite=Strict`);
    // After a redirect, the request would still count as coming from the page with the link, possibly another site, and
    // the browser would not send the cookie. This is a navigation by this server's own page.
    send(response, 'text/html; charset=utf-8', '<!doctype html><meta http-equiv="refresh" content="0; url=/">');
  }

  #stream(response: ServerResponse): void {
    if (this.#streams.size >= MAX_STREAMS) {
      refuse(response, 503, 'Too many windows are open.');
      return;
    }
    const { instance, present } = this.#options;
    const stream = new ViewerStream(response, {
      hello: { instance, time: Date.now(), keeps: HISTORY_LIMITS },
      history: this.#history.all(),
      present,
      summary: () => this.#history.summary(),
    });
    this.#streams.add(stream);
    response.once('close', () => this.#streams.delete(stream));
  }

  /** Accepts what other instances post. They are programs, so a request that a page sent is rejected. */
  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { postingToken } = this.#options;
    const { authorization, origin } = request.headers;
    const shown = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : '';
    if (postingToken === undefined || origin !== undefined || !isSameToken(shown, postingToken)) {
      return refuse(response, 403, 'Posting requires the token of the posting address.');
    }
    if (request.method !== 'POST') return refuse(response, 405, 'Only POST is allowed here.');
    const body = await bodyOf(request);
    if (body === undefined) return refuse(response, 413, 'The batch is too long.');
    const batch = readBatch(body);
    if (batch === undefined) return refuse(response, 400, 'This is not a batch of messages.');
    const { instance, dropped, messages } = batch;
    if (dropped > 0) for (const stream of this.#streams) stream.notify({ instance, dropped });
    for (const message of messages) this.post(message);
    response.writeHead(204).end();
  }
}

const NO_LINK =
  'This page needs a link from the inspector, and each link works once. Call url() of the inspector for another.';

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { 'content-type': type }).end(body);
}

/** Closes the connection, so that the rest of the request need not be read. */
function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${reason}\n`);
}

/** Resolves to the body as text; `undefined` if it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BATCH_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
