import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisAddress } from './redis-server.ts';

/** How long servers may take to agree before they count as hanging, in milliseconds; many times what they need. */
const PATIENCE = 240_000;

/** A command and its arguments. */
export type Command = readonly [string, ...(string | number)[]];

/** Sends one command over a new connection, so that no connection must survive what tests do to the servers. */
export async function ask(
  { host, port, password = '' }: RedisAddress & { readonly password?: string },
  ...command: Command
): Promise<unknown> {
  const client = new Redis({
    host,
    port,
    password,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
    retryStrategy: () => null,
    commandTimeout: 60_000,
  });
  // The rejected command reports the error.
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.call(...command);
  } finally {
    client.disconnect();
  }
}

/**
 * Calls repeatedly until there is a result.
 *
 * @param what - for the error, such as `the replicas follow their master`
 * @throws Error if that takes too long
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
      // A server that is still changing its role may reject the command.
      refusal = ` The last refusal: ${error}`;
    }
    await delay(50);
  }
  throw new Error(`It took more than ${PATIENCE / 1000} s until ${what}.${refusal}`);
}
