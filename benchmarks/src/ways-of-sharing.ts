import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { redisStorage } from '@frameio-auth/storage-redis';
import type { Redis } from 'ioredis';
import { FictionalTokenServer, fictionalTokens, fictionalWebApp, type TokenAnswer } from './fictional-web-app.ts';

/** One instance of an application with several instances. */
export interface FleetMember {
  getToken(): Promise<string>;
  close(): Promise<void>;
}

/** A way for instances to share one session with an expired token. */
export interface WayOfSharing {
  readonly name: string;
  /** Stores the expired session in Redis. */
  begin(client: Redis): Promise<void>;
  join(client: Redis, server: FictionalTokenServer): Promise<FleetMember>;
  /** Waits until this many members are in the state of instances that have been running for a while. */
  ready(client: Redis, members: number): Promise<void>;
}

/**
 * @param running - whether the instances have been running for a while; otherwise they have read nothing yet, and are
 *   not subscribed
 */
export function frameioAuth({ running }: { readonly running: boolean }): WayOfSharing {
  return {
    name: `@frameio-auth/storage-redis${running ? '' : ', instances just started'}`,
    async begin(client) {
      const storage = redisStorage({ client });
      const auth = fictionalWebApp(new FictionalTokenServer(0), storage);
      await auth.importTokens(fictionalTokens({ expiresAt: Date.now() + 60_000 }));
      await auth.refresh(); // Now Redis has the scripts, which it receives only once.
      await auth.importTokens(fictionalTokens({ expiresAt: Date.now() - 1_000 }));
      await auth.close();
      await storage.close();
    },
    async join(client, server) {
      const storage = redisStorage({ client });
      const auth = fictionalWebApp(server, storage);
      // Reads the record, as every running instance has, without requesting a token.
      if (running) await auth.exportTokens();
      return {
        getToken: auth.getToken,
        async close() {
          await auth.close();
          await storage.close();
        },
      };
    },
    ready: async (client, members) => (running ? subscribed(client, members) : undefined),
  };
}

/**
 * The way of many libraries: the holder of the lock refreshes, and all others poll for the lock. When it is free, they
 * take it one after the other, and find that there is a new token.
 *
 * @param interval - between two attempts, in milliseconds
 * @param jitter - whether the delays are random, from a half to one and a half of the interval
 */
export function lockAndPoll({
  interval,
  jitter,
}: {
  readonly interval: number;
  readonly jitter: boolean;
}): WayOfSharing {
  const wait = () => delay(jitter ? interval * (0.5 + Math.random()) : interval);
  return {
    name: `lock and poll every ${interval} ms${jitter ? ', with jitter' : ''}`,
    begin: async () => {},
    async join(client, server) {
      return memberThat(async () => {
        const id = randomUUID();
        while ((await client.set(LOCK, id, 'PX', 30_000, 'NX')) === null) await wait();
        try {
          const stored = await client.get(RECORD);
          if (stored !== null) return tokenIn(stored);
          const text = JSON.stringify(await server.answer());
          await client.set(RECORD, text);
          return tokenIn(text);
        } finally {
          await client.eval(RELEASE, 1, LOCK, id);
        }
      });
    },
    ready: async () => {},
  };
}

/**
 * The floor: the refreshing instance is fixed, and all others only wait for a message and read. Unsuitable for real
 * use.
 */
export function publishAndRead(): WayOfSharing {
  let members = 0;
  return {
    name: 'publish and read, by one known instance',
    async begin() {
      members = 0;
    },
    async join(client, server) {
      members += 1;
      if (members === 1) {
        return memberThat(async () => {
          const text = JSON.stringify(await server.answer());
          await client.set(RECORD, text);
          await client.publish(CHANNEL, 'changed');
          return tokenIn(text);
        });
      }
      const subscriber = client.duplicate();
      const changed = once(subscriber, 'message');
      await subscriber.subscribe(CHANNEL);
      return memberThat(
        async () => {
          await changed;
          return tokenIn((await client.get(RECORD)) ?? '');
        },
        () => subscriber.disconnect(),
      );
    },
    ready: async () => {},
  };
}

const LOCK = 'lock';
const RECORD = 'record';
const CHANNEL = 'channel';

/** Deletes the lock if this client still holds it. */
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

function tokenIn(text: string): string {
  return (JSON.parse(text) as TokenAnswer).access_token;
}

/** Lets all callers in one process share one request. */
function memberThat(obtain: () => Promise<string>, leave: () => void = () => {}): FleetMember {
  let flight: Promise<string> | undefined;
  return {
    getToken() {
      flight ??= obtain();
      return flight;
    },
    close: async () => leave(),
  };
}

/** Waits until every member is subscribed, because a storage does not report that. */
async function subscribed(client: Redis, members: number): Promise<void> {
  for (;;) {
    const [channel = ''] = (await client.pubsub('CHANNELS', 'frameio-auth:*')) as string[];
    const [, subscribers] = (await client.pubsub('NUMSUB', channel)) as [string, number];
    if (subscribers === members) return;
    await delay(5);
  }
}
