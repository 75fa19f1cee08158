import { join } from 'node:path';
import type { MemberContext, RaceMember } from '@frameio-auth/conformance';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { fileStorage } from '@frameio-auth/storage-file';
import { fetchTransport } from '@frameio-auth/transport-fetch';

export interface Broken {
  readonly directory: string;
  readonly mistake: Mistake;
}

export type Mistake =
  | 'grants every lease'
  | 'compares no versions'
  | 'serves the first token for ever'
  | 'keeps its own storage'
  | 'dies by itself';

/** A member that does one thing wrong, for a race to notice. */
export function createMember(context: MemberContext<Broken>): RaceMember {
  const { client, index, origin } = context;
  const { directory, mistake } = context.parameters;
  const isApart = mistake === 'keeps its own storage' && index === 1;
  const storage = storageWith(mistake, isApart ? join(directory, 'apart') : directory);
  const session = new WebAppAuth({
    ...client,
    server: adobeIms({ origin }),
    transport: context.witnessTransport(fetchTransport()),
    storage: context.witnessStorage(storage),
  });
  const getToken = mistake === 'dies by itself' && index === 1 ? dyingOf(session.getToken) : session.getToken;
  return {
    session: {
      getAuthorizationUrl: () => session.getAuthorizationUrl(),
      handleCallback: (url) => session.handleCallback(url),
      getToken: keeping(mistake, getToken),
      peekToken: () => session.peekToken(),
      refresh: () => session.refresh(),
      subscribe: (listener) => session.subscribe(listener),
      get snapshot() {
        return session.snapshot;
      },
    },
    async close() {
      await session.close();
      await storage.close();
    },
  };
}

function storageWith(mistake: Mistake, directory: string): TokenStorage {
  const whole = fileStorage({ directory });
  if (mistake !== 'grants every lease' && mistake !== 'compares no versions') return whole;
  return {
    ...whole,
    async lease(key, request) {
      const reply = await whole.lease(key, request);
      if (reply.outcome !== 'held') return reply;
      const lease = { key, owner: request.owner, ttl: request.ttl, id: 'invented' };
      return { ...reply, outcome: 'granted', lease, abandoned: false };
    },
    async commit(key, request) {
      const reply = await whole.commit(key, request);
      if (reply.outcome === 'committed' || mistake === 'grants every lease') return reply;
      const expectedVersion = reply.record?.version ?? 0;
      const forced = await whole.commit(key, { ...request, expectedVersion });
      return { outcome: 'committed', version: request.expectedVersion + 1, now: forced.now };
    },
  };
}

/** `getToken`, or one that remembers the first token that it gave. */
function keeping(mistake: Mistake, getToken: WebAppAuth['getToken']): WebAppAuth['getToken'] {
  if (mistake !== 'serves the first token for ever') return getToken;
  let first: Promise<string> | undefined;
  return (options) => {
    first ??= getToken(options);
    return first;
  };
}

/** A `getToken` that the process dies of, a while after the first call: not before the race is under way. */
function dyingOf(getToken: WebAppAuth['getToken']): WebAppAuth['getToken'] {
  return (options) => {
    setTimeout(() => process.exit(), 500);
    return getToken(options);
  };
}
