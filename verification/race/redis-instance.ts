import type { InstanceContext, RaceInstance } from '@frameio-auth/conformance';
import { redisStorage } from '@frameio-auth/storage-redis';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { Cluster, Redis } from 'ioredis';
import { instanceOver } from './instance.ts';
import type { Deployment } from './storages.ts';

/** Creates an instance with a session in the Redis that all instances share. */
export function createInstance(context: InstanceContext<Deployment>): RaceInstance {
  const { parameters } = context;
  const timeout = parameters.kind === 'server' ? parameters.requestTimeout : undefined;
  const redis = connect(context);
  redis.on('error', () => {}); // Failed commands report it to the session.
  // A client of several servers asks several of them before its first reply, which takes a while on a busy machine.
  const storage = redisStorage({ client: redis, timeout: parameters.kind === 'server' ? 1_000 : 3_000 });
  const { session, close } = instanceOver(
    storage,
    context,
    fetchTransport({ ...(timeout !== undefined && { timeout }) }),
  );
  return {
    session,
    async close() {
      await close();
      redis.disconnect();
    },
  };
}

function connect({ parameters, storageAddress }: InstanceContext<Deployment>): Redis | Cluster {
  // A server that was demoted keeps its connections, and rejects writes.
  const reconnectOnError = (error: Error) => error.message.startsWith('READONLY') && 2;
  const retryStrategy = () => 50;
  switch (parameters.kind) {
    case 'server':
      return new Redis({ ...storageAddress, reconnectOnError, retryStrategy });
    case 'sentinel': {
      const { name, sentinels } = parameters;
      return new Redis({
        name,
        sentinels: [...sentinels],
        reconnectOnError,
        retryStrategy,
        sentinelRetryStrategy: retryStrategy,
      });
    }
    case 'cluster':
      return new Cluster([...parameters.nodes], {
        clusterRetryStrategy: retryStrategy,
        redisOptions: { reconnectOnError },
      });
  }
}
