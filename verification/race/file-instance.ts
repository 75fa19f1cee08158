import type { InstanceContext, RaceInstance } from '@frameio-auth/conformance';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import { fileStorage } from '@frameio-auth/storage-file';
import { fetchTransport } from '@frameio-auth/transport-fetch';

/** Creates an instance with a session in a directory that all instances share. */
export function createInstance(context: InstanceContext<{ readonly directory: string }>): RaceInstance {
  const { client, origin, parameters } = context;
  const storage = fileStorage({ directory: parameters.directory });
  const session = new WebAppAuth({
    ...client,
    server: adobeIms({ origin }),
    transport: context.recordTransport(fetchTransport()),
    storage: context.recordStorage(storage),
  });
  return {
    session,
    async close() {
      await session.close();
      await storage.close();
    },
  };
}
