import { once } from 'node:events';
import { connect } from 'node:net';
import { Redis } from 'ioredis';

interface Address {
  readonly host: string;
  readonly port: number;
  readonly password?: string;
}

/** Resolves to a server's reply to one command, sent like an application's, over a new connection. */
export async function ask({ host, port, password = '' }: Address, ...command: [string, ...string[]]): Promise<unknown> {
  const client = new Redis({
    host,
    port,
    password,
    protocol: 2,
    enableReadyCheck: false,
    lazyConnect: true,
    retryStrategy: () => null,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.call(...command);
  } finally {
    client.disconnect();
  }
}

/** Resolves to the role of a server: `master` or `slave`. */
export async function roleOf(server: Address): Promise<string | undefined> {
  const [role] = (await ask(server, 'ROLE')) as string[];
  return role;
}

/** Whether a server listens at an address; rejects if it cannot be determined. */
export async function listens({ host, port }: Address): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}
