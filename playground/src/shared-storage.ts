import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisNotFoundError, startRedis } from '@frameio-auth/verification/redis';
import { UsageError } from './command-line.ts';
import type { InstanceSettings } from './messages.ts';

/** The storage that the instances share. It is removed at the end. */
export interface SharedStorage {
  readonly place: InstanceSettings['storage'];
  /** A short description. */
  readonly description: string;
  end(): Promise<void>;
}

/**
 * @throws UsageError if Redis is requested and there is none
 */
export async function sharedStorage({ redis }: { readonly redis: boolean }): Promise<SharedStorage> {
  return redis ? redisServer() : temporaryDirectory();
}

async function temporaryDirectory(): Promise<SharedStorage> {
  const directory = await mkdtemp(join(tmpdir(), 'frameio-auth-playground-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove); // However this process ends.
  return {
    place: { directory },
    description: 'Files',
    async end() {
      process.off('exit', remove);
      remove();
    },
  };
}

async function redisServer(): Promise<SharedStorage> {
  try {
    const server = await startRedis();
    const { vendor, version } = server.version;
    return {
      place: { redis: server.url },
      description: `${vendor === 'valkey' ? 'Valkey' : 'Redis'} ${version}`,
      end: () => server.stop(),
    };
  } catch (error) {
    if (error instanceof RedisNotFoundError) throw new UsageError(`${error.message} Or leave --redis out.`);
    throw error;
  }
}
