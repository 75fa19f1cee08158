import { randomUUID } from 'node:crypto';
import type { RedisAddress } from '@frameio-auth/testing';
import { Redis } from 'ioredis';

/** A command as Redis carried it out. */
export interface SeenCommand {
  /** In capitals. */
  readonly name: string;
  /** The address of who sent it, or `lua`: it was called inside of the script before it. */
  readonly source: string;
}

/** What a client says and asks when it connects, whatever it is for. */
const CONNECTING = ['HELLO', 'AUTH', 'CLIENT', 'SELECT', 'INFO'];

/** Notes what Redis is asked while `act` runs (`MONITOR`), connecting not counted. */
export async function commandsDuring(
  redis: RedisAddress,
  act: () => Promise<unknown>,
): Promise<readonly SeenCommand[]> {
  const client = await connected(redis);
  const monitor = await client.monitor();
  const seen: SeenCommand[] = [];
  const marker = randomUUID();
  const complete = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, [name = '', first]: string[], source: string) => {
      if (first === marker) resolve();
      else seen.push({ name: name.toUpperCase(), source });
    });
  });
  try {
    await act();
    await client.echo(marker);
    await complete;
  } finally {
    monitor.disconnect();
    client.disconnect();
  }
  return seen.filter(({ name }) => !CONNECTING.includes(name));
}

/** A client that has its connection, so that making it is in no measurement. */
export async function connected({ host, port }: RedisAddress): Promise<Redis> {
  const client = new Redis({ host, port, lazyConnect: true });
  await client.connect();
  return client;
}
