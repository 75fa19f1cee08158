import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { AccessLink } from './access-link.ts';
import { UsageError } from './command-line.ts';
import type { Playground } from './playground.ts';
import type { ViewerWindow } from './viewer-window.ts';

/** The page's files, by path. */
const FILES: Readonly<Record<string, readonly [name: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/playground.css': ['playground.css', 'text/css; charset=utf-8'],
  '/playground.js': ['playground.js', 'text/javascript; charset=utf-8'],
};

/** How long changes are collected before they are sent, in milliseconds. */
const GATHERING = 100;

/** What the page displays, and what handles its buttons. */
export interface PageContent {
  readonly playground: Playground;
  readonly viewer: ViewerWindow;
}

/**
 * The server of the page, on 127.0.0.1. It listens before there is anything to display, so that its address is known.
 */
export class PageServer {
  readonly accessLink: AccessLink;
  readonly #server: Server;
  readonly #linkUsed: () => void;
  #content: PageContent | undefined;

  private constructor(server: Server, linkUsed: () => void) {
    this.#server = server;
    this.#linkUsed = linkUsed;
    this.accessLink = new AccessLink((server.address() as AddressInfo).port);
    server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        console.error(error);
        response.destroy();
      });
    });
  }

  /**
   * @param linkUsed - called when the link was used, and there is a new one
   * @throws UsageError if the port is taken
   */
  static async listen(port: number, linkUsed: () => void): Promise<PageServer> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be listened on (${error.code})`;
        reject(new UsageError(`Port ${port} ${why}: choose another one with --port, or leave it out.`));
      });
      server.listen(port, '127.0.0.1', resolve);
    });
    return new PageServer(server, linkUsed);
  }

  /** Returns the address to which the authorization server sends the user back. */
  get redirectUri(): string {
    return `${this.accessLink.origin}/callback`;
  }

  begin(show: PageContent): void {
    this.#content = show;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', this.accessLink.origin);
    protect(response, { framed: path === '/sessions' });
    const token = path === '/' ? searchParams.get('token') : null;
    if (token !== null) return this.#admit(request, response, token);
    const disabledReason = this.accessLink.rejectionOf(request, { comesBack: path === '/callback' });
    if (disabledReason !== undefined) return refuse(response, 403, disabledReason);
    if (this.#content === undefined) return refuse(response, 503, 'The instances are starting.');
    const { playground, viewer } = this.#content;
    if (path === '/press' && request.method === 'POST') return press(playground, request, response);
    if (request.method !== 'GET') return refuse(response, 405, 'This method is not allowed here.');
    if (path === '/state') return streamState(playground, response);
    if (path === '/callback') return this.#takeBack(playground, request, response);
    if (viewer.shows(path)) return viewer.show(path, response);
    const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
    if (file === undefined) return refuse(response, 404, 'This page does not exist.');
    const [name, type] = file;
    send(response, type, await readFile(new URL(`../page/${name}`, import.meta.url)));
  }

  #admit(request: IncomingMessage, response: ServerResponse, token: string): void {
    const cookie = this.accessLink.admit(request, token);
    if (cookie === undefined) {
      refuse(response, 403, 'This link was used before. Open the new one from the terminal.');
      return;
    }
    response.setHeader('set-cookie', cookie);
    toThePage(response);
    this.#linkUsed();
  }

  async #takeBack(playground: Playground, request: IncomingMessage, response: ServerResponse): Promise<void> {
    await playground.completeSignIn(new URL(request.url ?? '', this.accessLink.origin).href);
    toThePage(response);
  }
}

function protect(response: ServerResponse, { framed }: { framed: boolean }): void {
  response.setHeader(
    'content-security-policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
      `worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; ` +
      `frame-ancestors ${framed ? "'self'" : "'none'"}`,
  );
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cache-control', 'no-store');
}

/** Navigates from this server's own page. A redirect would still count as coming from the site that led here. */
function toThePage(response: ServerResponse): void {
  send(response, 'text/html; charset=utf-8', '<!doctype html><meta http-equiv="refresh" content="0; url=/">');
}

async function press(playground: Playground, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { button, instance } = Object(await json(request)) as { button?: unknown; instance?: unknown };
  const number = typeof instance === 'number' ? instance : undefined;
  const address = await playground.press(String(button), number);
  send(response, 'application/json', JSON.stringify({ address }));
}

function streamState(playground: Playground, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let timer: NodeJS.Timeout | undefined;
  const send = () => {
    timer = undefined;
    response.write(`data: ${JSON.stringify(playground.pageState)}\n\n`);
  };
  const forget = playground.onChange(() => {
    timer ??= setTimeout(send, GATHERING);
  });
  send();
  response.once('close', () => {
    forget();
    clearTimeout(timer);
  });
}

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { 'content-type': type }).end(body);
}

/** Closes the connection, so that the rest of the request need not be read. */
function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${reason}\n`);
}
