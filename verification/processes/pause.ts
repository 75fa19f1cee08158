/**
 * Suspends processes while their request is in flight: by a signal, or with synchronous work. Run it separately to test
 * the timeouts of the packages and both transports, over http and https:
 *
 *     node tests/processes/pause.ts
 *
 * The server responds while the process is suspended. When it resumes, the timeout has passed and the response is in
 * its socket.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Certificate, serverCertificate } from '@frameio-auth/testing';
import { COMPILE_CACHE } from '../compile-cache.ts';

export interface Pause {
  readonly by: 'signal' | 'work';
  readonly transport: 'fetch' | 'undici';
  readonly scheme: 'http' | 'https';
  readonly message: 'refresh' | 'code';
  /** How long the process is suspended, in milliseconds. */
  readonly duration: number;
  /** The transport's time-out, in milliseconds. Default: its own. */
  readonly timeout?: number;
}

/** The settings of the process, in its environment. */
export type PausedProcess = Pause & { readonly origin: string };

/** The result. */
export interface Outcome {
  /** The token in its memory at the end, or its error. */
  readonly result: string;
  /** The refresh tokens and codes that the server received, in order. */
  readonly presented: readonly string[];
}

const CHILD = fileURLToPath(new URL('paused.ts', import.meta.url));

export async function pause(how: Pause): Promise<Outcome> {
  const certificate = how.scheme === 'https' ? await serverCertificate() : undefined;
  const presented: string[] = [];
  let answering = Promise.resolve();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
    const credential = form.get('refresh_token') ?? form.get('code') ?? '';
    presented.push(credential);
    if (presented.length === 1) answering = stop();
    await answering;
    response.setHeader('content-type', 'application/json');
    const isSpent = presented.indexOf(credential) < presented.length - 1;
    if (isSpent) response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant' }));
    else {
      const number = presented.length;
      const tokens = { access_token: `access-${number}.fictional`, refresh_token: `refresh-${number}.fictional` };
      response.end(JSON.stringify({ ...tokens, token_type: 'bearer', expires_in: 3600 }));
    }
  };
  const server = listening(answer, certificate);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const paused: PausedProcess = { ...how, origin: `${how.scheme}://127.0.0.1:${port}` };
  const child = fork(CHILD, {
    env: {
      ...process.env,
      ...COMPILE_CACHE,
      PAUSED: JSON.stringify(paused),
      NODE_TLS_REJECT_UNAUTHORIZED: certificate ? '0' : '1',
    },
    execArgv: ['--disable-warning=Warning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  /** Resolves when the process is suspended. */
  const stop = async () => {
    if (how.by === 'work') {
      child.send('work');
      await once(child, 'message');
      return;
    }
    child.kill('SIGSTOP');
    setTimeout(() => child.kill('SIGCONT'), how.duration);
    await delay(20);
  };
  try {
    for (;;) {
      const [message] = (await once(child, 'message')) as [string];
      if (message !== 'working') return { result: message, presented };
    }
  } finally {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
  }
}

function listening(answer: (request: IncomingMessage, response: ServerResponse) => unknown, tls?: Certificate) {
  const server = tls ? createSecureServer({ key: tls.key, cert: tls.certificate }, answer) : createServer(answer);
  return server.listen(0, '127.0.0.1');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const cases = (['signal', 'work'] as const).flatMap((by) =>
    (['fetch', 'undici'] as const).flatMap((transport) =>
      (['http', 'https'] as const).flatMap((scheme) =>
        (['refresh', 'code'] as const).map((message) => ({
          ...{ by, transport, scheme, message },
          duration: by === 'signal' ? 20_000 : 16_000,
        })),
      ),
    ),
  );
  // Those that are stopped wait side by side; those that work would hold each other up.
  const show = async (how: Pause) => {
    const { result, presented } = await pause(how);
    console.log(Object.values(how).join(' ').padEnd(34), result, 'presented:', presented.join(', '));
    if (presented.length !== 1) process.exitCode = 1;
  };
  await Promise.all(cases.filter(({ by }) => by === 'signal').map(show));
  for (const how of cases.filter(({ by }) => by === 'work')) await show(how);
}
