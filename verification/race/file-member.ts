import type { MemberContext, RaceMember } from '@frameio-auth/conformance';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import { fileStorage } from '@frameio-auth/storage-file';
import { fetchTransport } from '@frameio-auth/transport-fetch';

/** Creates a member with a session in a directory that all members share. */
export function createMember(context: MemberContext<{ readonly directory: string }>): RaceMember {
  const { client, origin, parameters } = context;
  const storage = fileStorage({ directory: parameters.directory });
  const session = new WebAppAuth({
    ...client,
    server: adobeIms({ origin }),
    transport: context.witnessTransport(fetchTransport()),
    storage: context.witnessStorage(storage),
  });
  return {
    session,
    async close() {
      await session.close();
      await storage.close();
    },
  };
}
