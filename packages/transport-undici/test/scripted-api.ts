import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** A request that waits for the test to respond. */
export interface Arrival {
  /** Method and path, such as `GET /v4/me`. */
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly response: ServerResponse;
  answer(status: number, headers?: Record<string, string>, body?: string): void;
}

/** An API on loopback that responds as and when the test says. */
export interface ScriptedApi {
  readonly origin: string;
  /** All that has come, in order. */
  readonly arrivals: readonly Arrival[];
  /** How many were unanswered at the same time, at most. */
  readonly mostAtOnce: number;
  readonly connections: number;
  /** The arrival with that index, when it has come. */
  arrival(index: number): Promise<Arrival>;
  onUpgrade(listener: (socket: Duplex) => void): void;
  close(): Promise<void>;
}

export async function startScriptedApi(): Promise<ScriptedApi> {
  const arrivals: Arrival[] = [];
  const waiting = new Map<number, (arrival: Arrival) => void>();
  let atOnce = 0;
  let mostAtOnce = 0;
  let connections = 0;

  const server = createServer(async (request, response) => {
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    response.on('close', () => {
      atOnce -= 1;
    });
    let body = '';
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      return; // The client gave up in the middle of its body.
    }
    const arrival: Arrival = {
      line: `${request.method} ${request.url}`,
      headers: request.headers,
      body,
      response,
      answer: (status, headers = {}, text = '') => response.writeHead(status, headers).end(text),
    };
    arrivals.push(arrival);
    waiting.get(arrivals.length - 1)?.(arrival);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    get mostAtOnce() {
      return mostAtOnce;
    },
    get connections() {
      return connections;
    },
    async arrival(index) {
      return arrivals[index] ?? new Promise((resolve) => waiting.set(index, resolve));
    },
    onUpgrade(listener) {
      server.on('upgrade', (_request, socket) => listener(socket));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
