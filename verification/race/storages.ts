import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  cutting,
  failingOver,
  killing,
  losingAnswers,
  migrating,
  pausing,
  type RaceFault,
  type RaceOptions,
  restarting,
} from '@frameio-auth/conformance';
import { Redis } from 'ioredis';
import {
  type RedisAddress,
  type RedisServer,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
} from '../redis/index.ts';

/** The settings for a Redis that the instances of a race share. */
export type Deployment =
  | { readonly kind: 'server'; readonly requestTimeout?: number }
  | { readonly kind: 'sentinel'; readonly name: string; readonly sentinels: readonly RedisAddress[] }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] };

/** Where a race can be held: a storage that runs, and what can go wrong with it. */
export interface RaceStorage {
  readonly options: Pick<RaceOptions, 'instance' | 'parameters' | 'storageAddress'>;
  readonly faults: Readonly<Record<string, RaceFault>>;
  close(): Promise<void>;
}

/**
 * How long a request may take, in milliseconds: as in production, half of a lease, which by default is 1,500 ms in a
 * race.
 */
export const REQUEST_TIMEOUT = 750;

/** What can go wrong whatever the storage is. A pause outlasts the lease; a short one outlasts the time-out alone. */
const anywhere = {
  kill: killing(),
  pause: pausing(),
  'short pause': pausing({ name: 'short pause', ms: 1_100 }),
  'lost answer': losingAnswers(),
};

/** Ends the server as a crash does, and lets it come back without its data, as one that keeps nothing on a disk. */
function losingData(server: RedisServer): RaceFault {
  return {
    name: 'data loss',
    ofStorage: true,
    inject: (race) =>
      race.during({ losesWrites: true }, async () => {
        await server.kill();
        await rm(join(server.directory, 'appendonlydir'), { recursive: true, maxRetries: 3 });
        await race.wait(race.random() * 500);
        await server.start();
      }),
  };
}

const redisInstance = new URL('redis-instance.ts', import.meta.url);

const addressOf = ({ host, port }: RedisAddress): RedisAddress => ({ host, port });

/** A directory on this machine. */
async function file(): Promise<RaceStorage> {
  const directory = await mkdtemp(join(tmpdir(), 'race-'));
  return {
    options: { instance: new URL('file-instance.ts', import.meta.url), parameters: { directory } },
    faults: anywhere,
    close: () => rm(directory, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** One Redis server that writes everything down at once. */
async function redis({ requestTimeout }: { readonly requestTimeout?: number } = {}): Promise<RaceStorage> {
  const server = await startRedis({ persistence: 'always' });
  const parameters: Deployment = { kind: 'server', ...(requestTimeout !== undefined && { requestTimeout }) };
  return {
    options: { instance: redisInstance, parameters, storageAddress: addressOf(server) },
    faults: { ...anywhere, cut: cutting(), restart: restarting(server), 'data loss': losingData(server) },
    close: () => server.stop(),
  };
}

/** A server that comes back from the dead has its records: one without might be made the master again. */
const DURABLE = { appendonly: 'yes' };

/** A master with replicas, and sentinels that name another master when it dies. */
async function sentinel(): Promise<RaceStorage> {
  const group = await startRedisSentinel({ config: DURABLE, downAfter: 1_000 });
  const parameters: Deployment = { kind: 'sentinel', name: group.name, sentinels: group.sentinels.map(addressOf) };
  const failover = async (): Promise<void> => {
    const former = await group.master();
    await group.failover();
    await comeBack(former);
  };
  return {
    options: { instance: redisInstance, parameters },
    faults: { ...anywhere, failover: failingOver({ failover }) },
    close: () => group.stop(),
  };
}

/** A cluster in which slots move and masters die. */
async function cluster(): Promise<RaceStorage> {
  const nodes = await startRedisCluster({ config: DURABLE });
  const parameters: Deployment = { kind: 'cluster', nodes: nodes.nodes.map(addressOf) };
  const slot = (): Promise<number> => slotOfSession(nodes.nodes.map(addressOf));
  const failover = async (): Promise<void> => {
    const former = await nodes.masterOf(await slot());
    await nodes.failover({ slot: await slot() });
    await comeBack(former);
  };
  const migrate = async () => nodes.migrateSlot(await slot());
  return {
    options: { instance: redisInstance, parameters },
    faults: { ...anywhere, failover: failingOver({ failover }), migration: migrating({ migrate }) },
    close: () => nodes.stop(),
  };
}

/** Starts a replaced master. The failover ends when it follows the new one: until then there are two of them. */
async function comeBack(former: RedisServer): Promise<void> {
  await former.start();
  const client = new Redis({ host: former.host, port: former.port });
  client.on('error', () => {}); // It reconnects.
  try {
    for (;;) {
      const [role, , , link] = (await client.call('ROLE')) as [string, string?, number?, string?];
      if (role === 'slave' && link === 'connected') return;
      await delay(50);
    }
  } finally {
    client.disconnect();
  }
}

/** The slot of the only session in a cluster. */
async function slotOfSession(nodes: readonly RedisAddress[]): Promise<number> {
  for (const node of nodes) {
    const client = new Redis({ ...node, lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => {}); // A node that is down does not respond, and the others have the record.
    try {
      const [key] = await client.keys('*/session/*');
      if (key !== undefined) return await client.cluster('KEYSLOT', key);
    } catch {
      // As above.
    } finally {
      client.disconnect();
    }
  }
  throw new Error('No node of the cluster has a session.');
}

export const storages = { file, redis, sentinel, cluster };

export type StorageName = keyof typeof storages;
