import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { fileURLToPath } from 'node:url';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import { authInterceptor, rateLimitInterceptor } from '@frameio-auth/transport-undici';
import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { Agent, type Dispatcher, request } from 'undici';
import { fictionalAuth } from './fictional-auth.ts';

const AT_ONCE = 50;

/**
 * How many requests each contender makes per round: few, so that other load on the machine affects all of them alike.
 */
const REQUESTS = 500;

const ROUNDS = 60;

/** Contenders that differ by a few percent take part in every round, the others in every fifth. */
const EVERY = { close: 1, distant: 5 };

interface Contender {
  readonly name: string;
  /** Makes a request and reads the response. */
  readonly call: () => Promise<string>;
  /** Takes part in one of this many rounds. */
  readonly every: number;
}

interface Round {
  readonly number: number;
  readonly seconds: number;
  /** The CPU time of this process, in seconds. */
  readonly processor: number;
}

/** Measures what a token on each request costs the client. The floor is undici without one. */
export async function authenticatedRequests(): Promise<void> {
  const server = fork(fileURLToPath(new URL('request-server.ts', import.meta.url)), { execArgv: [] });
  const [port] = (await once(server, 'message')) as [number];
  const origin = `http://127.0.0.1:${port}`;
  const auth = fictionalAuth();
  const agent = new Agent({ connections: AT_ONCE });
  const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: AT_ONCE });
  const policy = { allowedOrigins: [origin] };
  const intercepted = agent.compose(authInterceptor(auth, policy));
  const throttled = intercepted.compose(rateLimitInterceptor({ origins: [origin], concurrency: AT_ONCE }));
  const authenticated = authenticatedFetch(auth, policy);
  const withAxios = axiosWithToken(auth.getToken, httpAgent);
  const [open, closed] = [`${origin}/open`, `${origin}/v4/me`];

  const { close, distant } = EVERY;
  const contenders: readonly Contender[] = [
    { name: 'undici, without a token', every: close, call: () => viaUndici(open, agent) },
    {
      name: 'undici, getToken() and a header by hand',
      every: close,
      call: async () => viaUndici(closed, agent, await auth.getToken()),
    },
    { name: 'undici, authInterceptor()', every: close, call: () => viaUndici(closed, intercepted) },
    {
      name: 'undici, authInterceptor() and rateLimitInterceptor()',
      every: close,
      call: () => viaUndici(closed, throttled),
    },
    { name: 'fetch, without a token', every: distant, call: async () => (await fetch(open)).text() },
    { name: 'fetch, authenticatedFetch()', every: distant, call: async () => (await authenticated(closed)).text() },
    {
      name: 'axios, with interceptors for token and 401',
      every: distant,
      call: async () => (await withAxios.get(closed)).data,
    },
  ];
  try {
    print(await measure(contenders));
  } finally {
    httpAgent.destroy();
    await agent.close();
    await auth.close();
    server.disconnect();
  }
}

async function viaUndici(url: string, dispatcher: Dispatcher, token?: string): Promise<string> {
  const headers = token === undefined ? null : { authorization: `Bearer ${token}` };
  const { body } = await request(url, { dispatcher, headers });
  return body.text();
}

/** The manual way: a token before each request, and one retry after a 401. */
function axiosWithToken(getToken: () => Promise<string>, httpAgent: HttpAgent): AxiosInstance {
  const client = axios.create({ httpAgent, responseType: 'text' });
  client.interceptors.request.use(async (config) => {
    config.headers.set('authorization', `Bearer ${await getToken()}`);
    return config;
  });
  client.interceptors.response.use(undefined, (error) => {
    const config = error.config as InternalAxiosRequestConfig & { repeated?: boolean };
    if (error.response?.status !== 401 || config.repeated) throw error;
    config.repeated = true;
    return client(config);
  });
  return client;
}

interface Measured {
  readonly name: string;
  readonly timed: Round[];
  /** In milliseconds. */
  readonly latencies: number[];
}

/** Runs the contenders in turns, starting with a different one each time. */
async function measure(contenders: readonly Contender[]): Promise<readonly Measured[]> {
  const measured = contenders.map((each) => ({ ...each, timed: [] as Round[], latencies: [] as number[] }));
  for (const { call } of measured) await run(call, []);
  for (let number = 0; number < ROUNDS; number += 1) {
    const present = measured.filter(({ every }) => number % every === 0);
    const first = number % present.length;
    for (const { call, timed, latencies } of [...present.slice(first), ...present.slice(0, first)]) {
      timed.push({ number, ...(await run(call, latencies)) });
    }
  }
  return measured;
}

async function run(call: () => Promise<string>, latencies: number[]): Promise<Omit<Round, 'number'>> {
  const processor = process.cpuUsage();
  const began = performance.now();
  let left = REQUESTS;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const sent = performance.now();
      if ((await call()) === '') throw new Error('The server refused a request.');
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const { user, system } = process.cpuUsage(processor);
  return { seconds: (performance.now() - began) / 1_000, processor: (user + system) / 1e6 };
}

function print(measured: readonly Measured[]): void {
  console.log(`Requests to a local server, ${AT_ONCE} at once: the client's processor time for one, and its ratio`);
  const [floor] = measured as [Measured];
  for (const { name, timed, latencies } of measured) {
    const each = median(timed.map(({ processor }) => processor)) / REQUESTS;
    // Within a round, because rounds differ by the other load on the machine.
    const ratio = median(timed.map((round) => round.processor / (floor.timed[round.number] as Round).processor));
    const rate = REQUESTS / median(timed.map(({ seconds }) => seconds));
    latencies.sort((one, other) => one - other);
    const [half, most] = [0.5, 0.99].map((share) => latencies[Math.floor(latencies.length * share)] as number);
    const columns = [
      `${(each * 1e6).toFixed(1)} µs`.padStart(10),
      `×${ratio.toFixed(2)}`.padStart(7),
      `${rate.toFixed(0)}/s`.padStart(9),
      `p50 ${half?.toFixed(1)} ms`.padStart(12),
      `p99 ${most?.toFixed(1)} ms`.padStart(12),
    ];
    console.log(`  ${name.padEnd(46)}${columns.join(' ')}`);
  }
  console.log();
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] as number;
}
