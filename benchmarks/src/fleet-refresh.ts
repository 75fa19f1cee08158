import type { RedisServer } from '@frameio-auth/verification/redis';
import type { Redis } from 'ioredis';
import { FictionalTokenServer } from './fictional-web-app.ts';
import { commandsDuring, connected } from './redis-commands.ts';
import { print } from './table.ts';
import { type FleetMember, frameioAuth, lockAndPoll, publishAndRead, type WayOfSharing } from './ways-of-sharing.ts';

const INSTANCES = 100;
const CALLERS = 10;

/** How long the token server takes, in milliseconds: not a multiple of the polling interval. */
const SERVER_DELAY = 230;

type Measurement = readonly [way: WayOfSharing, rounds: number];

/** Quick ones are measured more often. */
const BY_MANY: readonly Measurement[] = [
  [publishAndRead(), 5],
  [frameioAuth({ running: true }), 5],
  [frameioAuth({ running: false }), 5],
  [lockAndPoll({ interval: 10, jitter: true }), 3],
  [lockAndPoll({ interval: 10, jitter: false }), 3],
  [lockAndPoll({ interval: 50, jitter: true }), 3],
  [lockAndPoll({ interval: 50, jitter: false }), 3],
];

const BY_TWO: readonly Measurement[] = [
  [publishAndRead(), 5],
  [frameioAuth({ running: true }), 5],
  [lockAndPoll({ interval: 10, jitter: false }), 5],
  [lockAndPoll({ interval: 50, jitter: false }), 5],
];

/**
 * Measures the time from the token server's response to the last instance that has the token, and the commands to
 * Redis.
 *
 * All instances are in this process and share its CPU, so the time for many is mostly the sum of their work. The time
 * for two is about what an instance with its own CPU takes.
 */
export async function fleetRefresh(redis: RedisServer): Promise<void> {
  const clients = await Promise.all(Array.from({ length: INSTANCES }, () => connected(redis)));
  try {
    // First, so that all code has run before anything is timed.
    const commands: (readonly [string, number])[] = [];
    for (const [way] of BY_MANY) commands.push([way.name, await commandsSent(redis, clients, way)]);
    printTimes(clients.length, await medianTimes(clients, BY_MANY));
    printTimes(2, await medianTimes(clients.slice(0, 2), BY_TWO));
    print(`Commands sent to Redis for it by ${clients.length} instances, connecting not counted`, commands, String);
  } finally {
    for (const client of clients) client.disconnect();
  }
}

/** In milliseconds. The ways take turns, so that other load on the machine affects them all. */
async function medianTimes(
  clients: readonly Redis[],
  measurements: readonly Measurement[],
): Promise<readonly (readonly [string, number])[]> {
  const measured = measurements.map(([way, rounds]) => ({ way, rounds, times: [] as number[] }));
  for (let round = 0; round < Math.max(...measured.map(({ rounds }) => rounds)); round += 1) {
    for (const { way, times } of measured.filter(({ rounds }) => round < rounds)) {
      await withFleet(clients, way, async (fleet, server) => {
        times.push(await share(fleet, server));
      });
    }
  }
  return measured.map(({ way, times }) => {
    times.sort((one, other) => one - other);
    return [way.name, times[Math.floor(times.length / 2)] as number];
  });
}

/** Counted in a separate round, because MONITOR slows Redis. Commands inside scripts are not counted. */
async function commandsSent(redis: RedisServer, clients: readonly Redis[], way: WayOfSharing): Promise<number> {
  let sent = Number.NaN;
  await withFleet(clients, way, async (fleet, server) => {
    const seen = await commandsDuring(redis, () => share(fleet, server));
    sent = seen.filter(({ source }) => source !== 'lua').length;
  });
  return sent;
}

/** Makes every instance request the token at once, and resolves to how long after the response the last one had it. */
async function share(fleet: readonly FleetMember[], server: FictionalTokenServer): Promise<number> {
  const had = await Promise.all(
    fleet.map(async (member) => {
      const tokens = await Promise.all(Array.from({ length: CALLERS }, () => member.getToken()));
      const at = performance.now();
      if (tokens.some((token) => token !== server.issued)) throw new Error('A caller has not got the new token.');
      return at;
    }),
  );
  if (server.requests !== 1) throw new Error('The server was asked more than once.');
  return Math.max(...had) - server.answeredAt;
}

async function withFleet(
  clients: readonly Redis[],
  way: WayOfSharing,
  act: (fleet: readonly FleetMember[], server: FictionalTokenServer) => Promise<void>,
): Promise<void> {
  const server = new FictionalTokenServer(SERVER_DELAY);
  const [first] = clients as [Redis];
  await first.flushall();
  await way.begin(first);
  const fleet = await Promise.all(clients.map((client) => way.join(client, server)));
  try {
    await way.ready(first, fleet.length);
    await act(fleet, server);
  } finally {
    await Promise.all(fleet.map((member) => member.close()));
  }
}

function printTimes(instances: number, times: readonly (readonly [string, number])[]): void {
  const title = `An expired token for ${instances} instances, from the answer to the last that has it`;
  print(title, times, (value) => `${value.toFixed(1)} ms`);
}
