import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as it arrived. */
export interface Seen {
  readonly method: string | undefined;
  /** Path and query. */
  readonly target: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly form: Record<string, string>;
}

export type Reaction = (response: ServerResponse, request: Seen) => void;

/** A local server that responds from a list, one reaction per request, and records the requests. */
export interface ScriptedServer extends AsyncDisposable {
  readonly origin: string;
  readonly requests: Seen[];
  answers(...reactions: Reaction[]): void;
}

export async function scriptedServer(): Promise<ScriptedServer> {
  const requests: Seen[] = [];
  const script: Reaction[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const form = Object.fromEntries(new URLSearchParams(body));
    const seen = { method: request.method, target: request.url, headers: request.headers, body, form };
    requests.push(seen);
    const react = script.shift() ?? answer(500, 'the script has ended');
    react(response, seen);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answers: (...reactions) => void script.push(...reactions),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function answer(status: number, body: string | object, headers: Record<string, string> = {}): Reaction {
  return (response) => {
    const json = typeof body === 'object';
    response.writeHead(status, { 'content-type': json ? 'application/json' : 'text/html', ...headers });
    response.end(json ? JSON.stringify(body) : body);
  };
}

/** Breaks the connection before the response, or after the first `head` bytes of one that announced more. */
export function hangUp(head?: number): Reaction {
  return (response) => {
    if (head === undefined) response.destroy();
    else response.writeHead(head, { 'content-length': '100' }).write('{"access', () => response.destroy());
  };
}
