import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RedisServer } from '@frameio-auth/verification/redis';
import type { CrowdPlan, CrowdResult } from './crowd.ts';

const SIZES = [10_000, 60_000, 100_000];
const FLOOR = 10_000;
const EXPIRED = 10_000;

const COLUMNS = [
  'sessions',
  'seconds',
  'trouble',
  'delay p50',
  'p99',
  'max',
  'heap',
  'sockets',
  'scripts',
  'processor',
] as const;

/**
 * Measures the cost of many sessions in one process that fall due together, by their number. CPU time is per refresh,
 * as a ratio to the floor: a lease, a request and a commit without a session, with the same concurrency.
 *
 * @param sizes - numbers of sessions; default: 10000, 60000 and 100000. Each takes about four minutes.
 */
export function scale(sizes: readonly number[] = SIZES): (redis: RedisServer) => Promise<void> {
  return async (redis) => {
    console.log('Sessions in one process with tokens that fall due within 150 s. Time-outs and errors are `trouble`,');
    console.log('the delay of the event loop is in ms, heap is the largest that a collection left, against the one');
    console.log('before the first renewal, scripts and processor time are for one renewal\n');
    console.log(`  ${''.padEnd(44)}${COLUMNS.map((column) => column.padStart(10)).join('')}`);
    const floor = await crowd(redis, { sessions: FLOOR, kind: 'floor' });
    print('a lease, a request and a commit, no session', FLOOR, floor, floor);
    for (const sessions of sizes) {
      print('sessions that fall due', sessions, await crowd(redis, { sessions, kind: 'due' }), floor);
    }
    const expired = await crowd(redis, { sessions: EXPIRED, kind: 'expired' });
    print('sessions that expired, all asked at once', EXPIRED, expired, floor);
    console.log();
  };
}

async function crowd(redis: RedisServer, plan: Omit<CrowdPlan, 'redis'>): Promise<CrowdResult> {
  const full: CrowdPlan = { ...plan, redis: { host: redis.host, port: redis.port } };
  const child = fork(fileURLToPath(new URL('crowd.ts', import.meta.url)), [JSON.stringify(full)], {
    execArgv: ['--max-old-space-size=6000'],
  });
  const result = once(child, 'message') as Promise<[CrowdResult]>;
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The process with the sessions ended with ${code} and without a result.`);
  });
  failed.catch(() => {}); // It always exits, usually after its result.
  const [told] = await Promise.race([result, failed]);
  await once(child, 'exit');
  if (told.renewed !== plan.sessions) throw new Error(`${told.renewed} of ${plan.sessions} sessions were renewed.`);
  return told;
}

function print(name: string, sessions: number, result: CrowdResult, floor: CrowdResult): void {
  const { seconds, trouble, delay, heap, sockets, scripts, processor } = result;
  const cells = [
    String(sessions),
    seconds.toFixed(1),
    String(trouble),
    delay.p50.toFixed(1),
    delay.p99.toFixed(1),
    delay.max.toFixed(0),
    `×${heap.toFixed(2)}`,
    String(sockets),
    scripts.toFixed(2),
    `×${(processor / floor.processor).toFixed(2)}`,
  ];
  console.log(`  ${name.padEnd(44)}${cells.map((cell) => cell.padStart(10)).join('')}`);
}
