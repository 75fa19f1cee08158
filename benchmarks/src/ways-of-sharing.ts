import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { redisStorage } from '@frameio-auth/storage-redis';
import type { Redis } from 'ioredis';
import { FictionalTokenServer, fictionalTokens, fictionalWebApp, type TokenAnswer } from './fictional-web-app.ts';

/** One instance of an application that runs many times. */
export interface FleetMember {
  getToken(): Promise<string>;
  close(): Promise<void>;
}

/** How instances share one session whose token has expired. */
export interface WayOfSharing {
  readonly name: string;
  /** Puts the expired session into Redis. */
  begin(client: Redis): Promise<void>;
  join(client: Redis, server: FictionalTokenServer): Promise<FleetMember>;
  /** Waits until so many members are as they are when they have run for a while. */
  ready(client: Redis, members: number): Promise<void>;
}

/** @param running - the instances have been there for a while; else they know nothing yet, and are not subscribed */
export function frameioAuth({ running }: { readonly running: boolean }): WayOfSharing {
  return {
    name: `@frameio-auth/storage-redis${running ? '' : ', instances just started'}`,
    async begin(client) {
      const storage = redisStorage({ client });
      const auth = fictionalWebApp(new FictionalTokenServer(0), storage);
      await auth.importTokens(fictionalTokens({ expiresAt: Date.now() + 60_000 }));
      await auth.refresh(); // Now Redis has the scripts, which it is sent once in its life.
      await auth.importTokens(fictionalTokens({ expiresAt: Date.now() - 1_000 }));
      await auth.close();
      await storage.close();
    },
    async join(client, server) {
      const storage = redisStorage({ client });
      const auth = fictionalWebApp(server, storage);
      // Reads what is stored, as every instance has done that runs, and asks for nothing.
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
 * What many libraries do: whoever holds the lock renews, and all others try to take it, again and again. When it is
 * free, they take it one after the other, to find that there is a new token.
 *
 * @param interval - between two tries, in milliseconds
 * @param jitter - whether the waits are random, from a half to one and a half of the interval
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
 * The floor: it is known beforehand who renews, and all others have nothing to do but to hear of it and to read. Nobody
 * could rely on it.
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

/** Deletes the lock if it is still one's own. */
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

function tokenIn(text: string): string {
  return (JSON.parse(text) as TokenAnswer).access_token;
}

/** All callers in one process wait for the same. */
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

/** Waits until every member hears of changes: subscribing has no end that a storage would tell of. */
async function subscribed(client: Redis, members: number): Promise<void> {
  for (;;) {
    const [channel = ''] = (await client.pubsub('CHANNELS', 'frameio-auth:*')) as string[];
    const [, subscribers] = (await client.pubsub('NUMSUB', channel)) as [string, number];
    if (subscribers === members) return;
    await delay(5);
  }
}
