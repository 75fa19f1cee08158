import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as the API saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Which of the connections it came on, counted from 0. */
  readonly connection: number;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void;

export interface Api {
  readonly origin: string;
  readonly requests: SeenRequest[];
  answer: Answer;
  close(): Promise<void>;
}

export const OLD = 'fictional-token-old';
export const NEW = 'fictional-token-new';

/** Takes the new token alone. */
export const onlyTheNew: Answer = ({ headers }, response) => {
  const good = headers.authorization === `Bearer ${NEW}`;
  response.writeHead(good ? 200 : 401, { 'x-request-id': 'req-1' }).end(good ? 'hello' : 'not you');
};

/** Starts an API on loopback with the given responses. */
export async function startApi(answer: Answer = onlyTheNew): Promise<Api> {
  const requests: SeenRequest[] = [];
  const connections: Socket[] = [];
  const server: Server = createServer((request, response) => {
    void text(request)
      .catch(() => 'aborted')
      .then((body) => {
        const { method = '', url: path = '', headers, socket } = request;
        const seen = { method, path, headers, body, connection: connections.indexOf(socket) };
        requests.push(seen);
        api.answer(seen, response);
      });
  });
  server.on('connection', (socket) => connections.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api: Api = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return api;
}
