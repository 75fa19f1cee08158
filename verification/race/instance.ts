import type { InstanceContext, RaceInstance } from '@frameio-auth/conformance';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage, Transport } from '@frameio-auth/core/adapter';
import { fetchTransport } from '@frameio-auth/transport-fetch';

/** Creates an instance of a race over a storage, which it closes at the end. */
export function instanceOver(
  storage: TokenStorage,
  context: InstanceContext,
  transport: Transport = fetchTransport(),
): RaceInstance & { readonly session: WebAppAuth } {
  const session = new WebAppAuth({
    ...context.client,
    server: adobeIms({ origin: context.origin }),
    transport: context.recordTransport(transport),
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
