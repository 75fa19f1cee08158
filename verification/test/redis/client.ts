import { once } from 'node:events';
import { connect } from 'node:net';
import type { RedisAddress } from '../../redis/index.ts';
import { ask } from '../../redis/redis-admin.ts';

/** Resolves to the role of a server: `master` or `slave`. */
export async function roleOf(server: RedisAddress): Promise<string | undefined> {
  const [role] = (await ask(server, 'ROLE')) as string[];
  return role;
}

/** Whether a server listens at an address; rejects if it cannot be determined. */
export async function listens({ host, port }: RedisAddress): Promise<boolean> {
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
