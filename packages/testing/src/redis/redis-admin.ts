import { setTimeout as delay } from 'node:timers/promises';
import type { RedisAddress } from './redis-server.js';

/** How long servers may take to agree on something before they count as hanging, in milliseconds; many times what they take. */
const PATIENCE = 240_000;

/** A command, and its arguments. */
export type Command = readonly [string, ...(string | number)[]];

/**
 * Sends one command over a connection of its own, so that there is none to keep alive through what is done to the
 * servers.
 */
export async function ask({ host, port }: RedisAddress, ...command: Command): Promise<unknown> {
  // Loaded here, because most users of this package start no Redis.
  const { Redis } = await import('ioredis');
  const client = new Redis({
    host,
    port,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
    retryStrategy: () => null,
    commandTimeout: 60_000,
  });
  // Whoever connects and asks hears of it.
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.call(...command);
  } finally {
    client.disconnect();
  }
}

/**
 * Asks again and again until there is something to answer.
 *
 * @param what - for the error, such as `the replicas follow their master`
 * @throws Error when that takes too long
 */
export async function until<T>(what: string, answer: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  let refusal = '';
  while (performance.now() < deadline) {
    try {
      const found = await answer();
      if (found !== undefined) return found;
      refusal = '';
    } catch (error) {
      // A server that is only about to be what it shall be may refuse to answer.
      refusal = ` The last refusal: ${error}`;
    }
    await delay(50);
  }
  throw new Error(`It took more than ${PATIENCE / 1000} s until ${what}.${refusal}`);
}
