/**
 * A process with many sessions over Redis. Their tokens fall due within the same 150 s, or have all expired. The parent
 * measures each number of sessions in a new process, so that no heap remains from the previous one.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { constants, monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { customServer, type UserSession, WebAppAuth } from '@frameio-auth/core';
import { redisStorage } from '@frameio-auth/storage-redis';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { Redis } from 'ioredis';
import type { Counts } from './token-server.ts';

export interface CrowdPlan {
  readonly redis: { readonly host: string; readonly port: number };
  readonly sessions: number;
  /**
   * `floor`: leases, requests and commits without sessions; `due`: refreshes before expiry; `expired`: all requested at
   * once.
   */
  readonly kind: 'floor' | 'due' | 'expired';
}

export interface CrowdResult {
  readonly seconds: number;
  /** Refreshes that succeeded at the server. */
  readonly renewed: number;
  /** Errors of callers, and timeouts and rejections in sessions. */
  readonly trouble: number;
  /** In milliseconds. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly max: number };
  /**
   * The largest heap that remained after a garbage collection during the refreshes, as a ratio to the one before them.
   */
  readonly heap: number;
  readonly sockets: number;
  /** Scripts that this process ran in Redis, per refresh. */
  readonly scripts: number;
  /** The CPU time of this process per refresh, in milliseconds. */
  readonly processor: number;
}

/** The number of concurrent refreshes of an auth object. */
const AT_ONCE = 64;

/** With the default refresh buffer of 300 s, tokens that expire in 300 s fall due within the next 150 s. In milliseconds. */
const EXPIRES_IN = 300_000;

/** The sampling interval of the event loop, in milliseconds; its delay is measured beyond that. */
const RESOLUTION = 10;

/** When to abort the measurement, in milliseconds. */
const PATIENCE = 900_000;

const PADDING = 'x'.repeat(1_200);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const plan: CrowdPlan = JSON.parse(process.argv[2] as string);
const server = fork(fileURLToPath(new URL('token-server.ts', import.meta.url)), { execArgv: [] });
const [port] = (await once(server, 'message')) as [number];
const origin = `http://127.0.0.1:${port}`;
const client = new Redis({ ...plan.redis, lazyConnect: true });
await client.connect();
const storage = redisStorage({ client });
const transport = fetchTransport();
process.send?.(plan.kind === 'floor' ? await withoutSessions() : await withSessions(plan.kind));
await storage.close();
client.disconnect();
server.disconnect();
process.disconnect?.();

/** Measures what remains without sessions: the requests to the storage and to the server. */
async function withoutSessions(): Promise<CrowdResult> {
  return measure(async () => {
    await inParallel(AT_ONCE, plan.sessions, async (index) => {
      const key = `floor-${index}`;
      const reply = await storage.lease(key, { owner: key, ttl: 30_000, ifVersion: 0 });
      if (reply.outcome !== 'granted') throw new Error('The lease was not granted.');
      const response = await transport(`${origin}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ refresh_token: `refresh.${key}.0.${PADDING}` }).toString(),
        redirect: 'manual',
        cache: 'no-store',
      });
      await storage.commit(key, { value: await response.text(), expectedVersion: 0, lease: reply.lease });
    });
    return 0;
  });
}

async function withSessions(kind: 'due' | 'expired'): Promise<CrowdResult> {
  let trouble = 0;
  const auth = new WebAppAuth({
    clientId: 'benchmark.fictional',
    clientSecret: 'client-secret.fictional.benchmark',
    redirectUri: 'https://app.example/callback',
    server: customServer({
      issuer: origin,
      tokenEndpoint: `${origin}/token`,
      authorizationEndpoint: `${origin}/authorize`,
      clientAuthentication: 'client_secret_post',
    }),
    transport,
    storage,
    onStateChange: ({ to }) => {
      if (to.endsWith('backingOff') || to === 'valid.unsaved' || to === 'expired') trouble += 1;
    },
  });
  const began = Date.now();
  // Writing them takes time, and none may fall due before all of them exist.
  const openingTime = 1_000 + plan.sessions * 1.5;
  const opensAt = kind === 'due' ? began + 10_000 + plan.sessions * 4 + openingTime : began - EXPIRES_IN - 5_000;
  await inParallel(AT_ONCE, plan.sessions, async (index) => {
    const session = auth.session(`user-${index}`);
    await session.importTokens({
      format: 1,
      accessToken: `access.user-${index}.0.${PADDING}`,
      refreshToken: `refresh.user-${index}.0.${PADDING}`,
      expiresAt: Math.floor((opensAt + EXPIRES_IN) / 1_000),
      issuedAt: Math.floor((opensAt + EXPIRES_IN) / 1_000) - 3_600,
    });
    await session.close();
  });
  const sessions = Array.from({ length: plan.sessions }, (_, index) => auth.session(`user-${index}`));
  // Opened before any falls due: a token that is already due is refreshed at its first use.
  if (kind === 'due') await sleep(Math.max(0, opensAt - openingTime - Date.now()));
  trouble = 0;
  const opened = kind === 'due' ? await askEach(sessions) : 0;
  const result = await measure(async (granted) => {
    const failed = kind === 'expired' ? await askAtOnce(sessions) : await askOften(sessions, granted);
    return opened + failed + trouble;
  });
  await auth.close();
  return result;
}

async function askAtOnce(sessions: readonly UserSession[]): Promise<number> {
  const served = await Promise.allSettled(sessions.map((session) => session.getToken()));
  return served.filter(({ status }) => status === 'rejected').length;
}

/** Opens all sessions and uses each once, so that it is refreshed before its tokens expire. */
async function askEach(sessions: readonly UserSession[]): Promise<number> {
  let failed = 0;
  await inParallel(AT_ONCE, sessions.length, async (index) => {
    failed += await failures(sessions, index);
  });
  return failed;
}

/** Keeps requesting tokens from some sessions until all are refreshed. */
async function askOften(sessions: readonly UserSession[], granted: () => Promise<number>): Promise<number> {
  let failed = 0;
  const end = performance.now() + PATIENCE;
  for (let turn = 0; performance.now() < end; turn += 1) {
    failed += await failures(sessions, turn * 7_919);
    await sleep(5);
    if (turn % 100 === 0 && (await granted()) >= sessions.length) break;
  }
  return failed;
}

async function failures(sessions: readonly UserSession[], index: number): Promise<number> {
  const served = sessions[index % sessions.length]?.getToken();
  return served === undefined ? 0 : served.then(() => 0).catch(() => 1);
}

async function measure(run: (granted: () => Promise<number>) => Promise<number>): Promise<CrowdResult> {
  let renewed = 0;
  let refused = 0;
  let sockets = 0;
  const granted = async () => {
    const counted = once(server, 'message') as Promise<[Counts]>;
    server.send('count');
    const [counts] = await counted;
    renewed += counts.granted;
    refused += counts.refused;
    sockets = Math.max(sockets, counts.sockets);
    return renewed;
  };
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  let largest = before;
  // Only right after a full collection does the heap contain no garbage.
  const collections = new PerformanceObserver((list) => {
    const entries = list.getEntries() as (PerformanceEntry & { readonly detail?: { readonly kind?: number } })[];
    if (entries.some(({ detail }) => detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR))
      largest = Math.max(largest, process.memoryUsage().heapUsed);
  });
  collections.observe({ entryTypes: ['gc'] });
  const scripts = await scriptsRun();
  const processor = process.cpuUsage();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  const started = performance.now();
  const trouble = await run(granted);
  const seconds = (performance.now() - started) / 1_000;
  delay.disable();
  const used = process.cpuUsage(processor);
  collections.disconnect();
  await granted();
  const beyond = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  return {
    seconds,
    renewed,
    trouble: trouble + refused,
    delay: { p50: beyond(delay.percentile(50)), p99: beyond(delay.percentile(99)), max: beyond(delay.max) },
    heap: largest / before,
    sockets,
    scripts: ((await scriptsRun()) - scripts) / renewed,
    processor: (used.user + used.system) / 1_000 / renewed,
  };
}

async function scriptsRun(): Promise<number> {
  const info = await client.info('commandstats');
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1] ?? 0);
}

async function inParallel(width: number, count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await act(next - 1);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}
