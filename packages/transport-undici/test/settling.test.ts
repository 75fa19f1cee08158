import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Clock, TokenSource } from '@frameio-auth/core/adapter';
import { authInterceptor, rateLimitInterceptor } from '@frameio-auth/transport-undici';
import { Agent, cacheStores, type Dispatcher, interceptors } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEW, OLD } from './api.js';

/**
 * An exchange settles whatever its handler throws: at every stage, in every order of interceptors, and also where the
 * event does not come from undici but from a promise, a timer or another request.
 */

/** At which stage the handler throws, and what its request meets, by the path that it asks for. */
const THROWS = {
  onRequestStart: ['/plain'],
  onBodySent: ['/plain', '/rejected', '/limited'],
  onRequestSent: ['/plain', '/rejected', '/limited'],
  onRequestUpgrade: ['/plain'],
  onResponseStart: ['/plain', '/rejected', '/rejected-for-good', '/limited', '/limited-for-good', '/moved'],
  onResponseData: ['/plain', '/gzip', '/rejected-for-good'],
  onResponseEnd: ['/plain', '/hints', '/kept', '/rejected', '/rejected-for-good', '/limited', '/busy'],
  onResponseError: ['/hang-up', '/half'],
} as const;
type Stage = keyof typeof THROWS;

/** What a second request with another token, or a later one, would be answered otherwise. */
const OURS_ALONE = /rejected|limited/;

let server: Server;
let port: number;
const sockets = new Set<Duplex>();
/** The uncaught errors of the process. */
const uncaught = new Set<unknown>();
let restore: () => void;
/** Which requests were seen, for responses that depend on it. */
const seen = new Map<string, number>();

beforeAll(async () => {
  restore = collectUncaught(uncaught);
  server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const turn = (seen.get(search) ?? 0) + 1;
    seen.set(search, turn);
    request.resume();
    switch (pathname) {
      case '/gzip':
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('compressed'));
        break;
      case '/kept':
        response.writeHead(200, { 'cache-control': 'max-age=60' }).end('kept');
        break;
      case '/hints':
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        response.end('after hints');
        break;
      case '/rejected':
        if (request.headers.authorization === `Bearer ${OLD}`) response.writeHead(401).end('not you');
        else response.end('fine');
        break;
      case '/rejected-for-good':
        response.writeHead(401).end('not you');
        break;
      case '/limited':
        if (turn === 1) response.writeHead(429, { 'retry-after': '0' }).end('slowly');
        else response.end('fine');
        break;
      case '/limited-for-good':
        response.writeHead(429, { 'retry-after': '0' }).end('slowly');
        break;
      case '/busy':
        response.writeHead(503).end('busy');
        break;
      case '/moved':
        response.writeHead(307, { location: `/plain${search}` }).end('moved');
        break;
      case '/hang-up':
        request.socket.destroy();
        break;
      case '/half':
        response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
        break;
      default:
        response.end('fine');
    }
  });
  server.on('upgrade', (_request, socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: fictional\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(async () => {
  restore();
  for (const socket of sockets) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The interceptors of undici that wrap handlers, created anew for each dispatcher. */
const NEIGHBOURS: Record<string, () => Dispatcher.DispatcherComposeInterceptor> = {
  retry: () => interceptors.retry({ minTimeout: 1, maxTimeout: 1, maxRetries: 1 }),
  'retry that passes errors on': () =>
    interceptors.retry({ minTimeout: 1, maxTimeout: 1, maxRetries: 1, throwOnError: false }),
  redirect: () => interceptors.redirect({ maxRedirections: 2 }),
  responseError: () => interceptors.responseError(),
  dump: () => interceptors.dump(),
  dns: () => interceptors.dns({ dualStack: false, affinity: 4 }),
  cache: () => interceptors.cache({ store: new cacheStores.MemoryCacheStore() }),
  deduplicate: () => interceptors.deduplicate(),
  decompress: () => interceptors.decompress(),
};

/** Returns the old token until it is reported as rejected, as a session does. */
function source(): TokenSource {
  return { getToken: async ({ rejected } = {}) => (rejected === undefined ? OLD : NEW) };
}

const origins = () => [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
const auth = () => authInterceptor(source(), { allowedOrigins: origins() });
/** One place alone: a request that kept it would hold up all the following ones. */
const rateLimit = () =>
  rateLimitInterceptor({ origins: origins(), concurrency: 1, retries: 1, maxWait: 1e12, clock: quickClock });

/** A second takes a millisecond: this is how long a server is waited for that says 0 s. */
const quickClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * 1_000,
  setTimeout: (callback, delay) => setTimeout(callback, delay / 1_000),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

type Interceptors = Dispatcher.DispatcherComposeInterceptor[];

const OURS: Record<string, () => Interceptors> = {
  'authInterceptor()': () => [auth()],
  'rateLimitInterceptor()': () => [rateLimit()],
  'authInterceptor(), rateLimitInterceptor()': () => [auth(), rateLimit()],
  'rateLimitInterceptor(), authInterceptor()': () => [rateLimit(), auth()],
};

interface Order {
  readonly order: string;
  readonly chain: () => Interceptors;
  /** Whether there is no interceptor of undici, so that each stage is reached. */
  readonly alone?: boolean;
  /** It retries requests by itself on a failure, and may replace the exception. */
  readonly retriedBy?: () => Dispatcher.DispatcherComposeInterceptor;
}

const ORDERS: Order[] = Object.entries(OURS).flatMap(([ours, make]) => [
  { order: ours, chain: make, alone: true },
  ...Object.entries(NEIGHBOURS).flatMap(([name, other]) => [
    { order: `${name}(), ${ours}`, chain: () => [other(), ...make()] },
    {
      order: `${ours}, ${name}()`,
      chain: () => [...make(), other()],
      ...(name.startsWith('retry') && { retriedBy: other }),
    },
  ]),
]);

/** The outcome of a request with a handler that threw. */
interface Outcome {
  readonly threw: boolean;
  /** The errors that the handler received; `'thrown'` is its own exception. */
  readonly received: readonly string[];
  readonly ends: number;
  readonly uncaught: boolean;
}

/** So long a request may take on the busiest of machines. */
const HANG = 30_000;
let runs = 0;

/** Makes a request with a handler that throws at one stage, and waits for its end. */
async function outcomeOf(dispatcher: Dispatcher, path: string, stage: Stage): Promise<Outcome> {
  runs += 1;
  const thrown = new Error(`run ${runs}`);
  let threw = false;
  let ends = 0;
  const received: unknown[] = [];
  const maybeThrow = (at: Stage) => {
    if (at !== stage) return;
    threw = true;
    throw thrown;
  };
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${path} hangs after a throw in ${stage}`)), HANG);
    const settle = () => {
      clearTimeout(timer);
      resolve();
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => maybeThrow('onRequestStart'),
      onBodySent: () => maybeThrow('onBodySent'),
      onRequestSent: () => maybeThrow('onRequestSent'),
      onRequestUpgrade(_controller, _status, _headers, socket) {
        socket.on('error', () => {});
        maybeThrow('onRequestUpgrade');
        socket.destroy();
        settle();
      },
      onResponseStart: (_controller, status) => (status >= 200 ? maybeThrow('onResponseStart') : undefined),
      onResponseData: () => maybeThrow('onResponseData'),
      onResponseEnd() {
        ends += 1;
        maybeThrow('onResponseEnd');
        settle();
      },
      onResponseError(_controller, error) {
        received.push(error);
        settle();
        maybeThrow('onResponseError');
      },
    };
    const request = {
      origin: `http://localhost:${port}`,
      path: `${path}?${runs}`,
      ...(stage === 'onBodySent' ? { method: 'PUT' as const, body: 'a body' } : { method: 'GET' as const }),
      ...(stage === 'onRequestUpgrade' && { upgrade: 'fictional' }),
    };
    dispatcher.dispatch(request, handler);
  });
  // Repeated notifications and uncaught exceptions come within these turns.
  for (let turn = 0; turn < 3; turn += 1) await turnOfTheEventLoop();
  const words = received.map((error) => (error === thrown ? 'thrown' : String(error)));
  return { threw, received: words, ends, uncaught: uncaught.has(thrown) };
}

/** Removes uncaught errors from the test runner, which would count them as failures. */
function collectUncaught(into: Set<unknown>): () => void {
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const listener = (error: unknown) => void into.add(error);
  process.on('uncaughtException', listener);
  return () => {
    process.off('uncaughtException', listener);
    for (const each of before) process.on('uncaughtException', each);
  };
}

type Outcomes = Readonly<Record<string, Outcome>>;

/** The outcomes of all throws, one after the other, so that one that keeps its place holds up the next. */
async function outcomesOf(chain: Interceptors, paths: (path: string) => boolean = () => true): Promise<Outcomes> {
  const agent = new Agent();
  const dispatcher = agent.compose(...chain);
  const outcomes: Record<string, Outcome> = {};
  try {
    for (const [stage, all] of Object.entries(THROWS) as [Stage, readonly string[]][]) {
      for (const path of all.filter(paths)) {
        outcomes[`${stage} of ${path}`] = await outcomeOf(dispatcher, path, stage);
      }
    }
  } finally {
    await agent.destroy();
  }
  return outcomes;
}

describe.concurrent('an exchange settles, whatever its handler throws, through', () => {
  it.each(ORDERS)('$order', async ({ chain, alone, retriedBy }) => {
    const outcomes = await outcomesOf(chain());
    const byItself = retriedBy && (await outcomesOf([retriedBy()], (path) => !OURS_ALONE.test(path)));
    for (const [what, outcome] of Object.entries(outcomes)) {
      const { threw, received, ends, uncaught } = outcome;
      const isLast = what.startsWith('onResponseError');
      if (alone) expect(threw, `whether the handler threw in ${what}`).toBe(true);
      expect(uncaught, `whether the process hears of the throw in ${what}`).toBe(isLast);
      expect(received.length, `how often an error is told after the throw in ${what}`).toBeLessThanOrEqual(1);
      if (byItself !== undefined) {
        // As without these interceptors, if the server does not make a difference.
        const { received, ends } = byItself[what] ?? outcome;
        expect(outcome, what).toMatchObject({ received, ends });
      } else if (threw && !isLast) {
        expect(received, what).toEqual(['thrown']);
        expect(ends, what).toBe(what.startsWith('onResponseEnd') ? 1 : 0);
      }
    }
  });
});
