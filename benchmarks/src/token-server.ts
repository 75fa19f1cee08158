/**
 * A process that responds to token requests immediately, with strict rotation: each refresh token names its user and
 * works once. Each message from the parent is answered with the counts since the previous one.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PADDING = 'x'.repeat(1_200);

export interface Counts {
  /** Requests that were granted. */
  readonly granted: number;
  /** Requests with a refresh token that had been used. */
  readonly refused: number;
  /** The largest number of open connections. */
  readonly sockets: number;
}

const generations = new Map<string, number>();
let granted = 0;
let refused = 0;
let open = 0;
let sockets = 0;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  let body = '';
  request.setEncoding('latin1').on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    const [, user = '', generation = ''] = (new URLSearchParams(body).get('refresh_token') ?? '').split('.');
    const known = generations.get(user) ?? 0;
    if (Number(generation) !== known) {
      refused += 1;
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
      return;
    }
    granted += 1;
    generations.set(user, known + 1);
    const name = `${user}.${known + 1}.${PADDING}`;
    const answer = {
      access_token: `access.${name}`,
      refresh_token: `refresh.${name}`,
      token_type: 'bearer',
      expires_in: 3_600,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
});
server.on('connection', (socket) => {
  open += 1;
  sockets = Math.max(sockets, open);
  socket.on('close', () => {
    open -= 1;
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('message', () => {
  process.send?.({ granted, refused, sockets } satisfies Counts);
  granted = 0;
  refused = 0;
  sockets = open;
});
process.on('disconnect', () => process.exit());
