import { randomUUID } from 'node:crypto';
import type { RedisAddress } from '@frameio-auth/verification/redis';
import { Redis } from 'ioredis';

/** A command as Redis ran it. */
export interface SeenCommand {
  /** In upper case. */
  readonly name: string;
  /** The address of its sender, or `lua` if the preceding script called it. */
  readonly source: string;
}

/** Commands that every client sends when it connects. */
const CONNECTING = ['HELLO', 'AUTH', 'CLIENT', 'SELECT', 'INFO'];

/** Records the commands that Redis receives while `act` runs (`MONITOR`), except those for connecting. */
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

/** Returns a connected client, so that connecting is not part of a measurement. */
export async function connected({ host, port }: RedisAddress): Promise<Redis> {
  const client = new Redis({ host, port, lazyConnect: true });
  await client.connect();
  return client;
}
