import { join } from 'node:path';
import type { InstanceContext, RaceInstance } from '@frameio-auth/conformance';
import type { WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { fileStorage } from '@frameio-auth/storage-file';
import { instanceOver } from '../../race/instance.ts';

type GetToken = WebAppAuth['getToken'];

/** How a mistake changes an instance: its storage, its `getToken()`, or the directory that it should share. */
interface Mutation {
  mutateStorage?(storage: TokenStorage): TokenStorage;
  mutateGetToken?(getToken: GetToken, index: number): GetToken;
  readonly isApart?: boolean;
}

/** Instances that make one mistake each, which a race must detect. */
const mutants = {
  'grants every lease': { mutateStorage: (storage) => ({ ...storage, ...grantingEveryLease(storage) }) },
  'compares no versions': {
    mutateStorage: (storage) => ({
      ...storage,
      ...grantingEveryLease(storage),
      async commit(key, request) {
        const reply = await storage.commit(key, request);
        if (reply.outcome === 'committed') return reply;
        const expectedVersion = reply.record?.version ?? 0;
        const forced = await storage.commit(key, { ...request, expectedVersion });
        return { outcome: 'committed', version: request.expectedVersion + 1, now: forced.now };
      },
    }),
  },
  'serves the first token forever': {
    mutateGetToken(getToken) {
      let first: Promise<string> | undefined;
      return (options) => {
        first ??= getToken(options);
        return first;
      };
    },
  },
  'keeps its own storage': { isApart: true },
  'dies by itself': {
    mutateGetToken: (getToken, index) => (options) => {
      // A while after the first call, so that the race is under way.
      if (index === 1) setTimeout(() => process.exit(), 500);
      return getToken(options);
    },
  },
} satisfies Record<string, Mutation>;

export type Mutant = keyof typeof mutants;

export interface MutantParameters {
  readonly directory: string;
  readonly mutant: Mutant;
}

export function createInstance(context: InstanceContext<MutantParameters>): RaceInstance {
  const { directory, mutant } = context.parameters;
  const { mutateStorage, mutateGetToken, isApart }: Mutation = mutants[mutant];
  const whole = fileStorage({ directory: isApart && context.index === 1 ? join(directory, 'apart') : directory });
  const { session, close } = instanceOver(mutateStorage?.(whole) ?? whole, context);
  return {
    session: {
      getAuthorizationUrl: () => session.getAuthorizationUrl(),
      handleCallback: (url) => session.handleCallback(url),
      getToken: mutateGetToken?.(session.getToken, context.index) ?? session.getToken,
      peekToken: () => session.peekToken(),
      refresh: () => session.refresh(),
      subscribe: (listener) => session.subscribe(listener),
      get snapshot() {
        return session.snapshot;
      },
    },
    close,
  };
}

function grantingEveryLease(storage: TokenStorage): Pick<TokenStorage, 'lease'> {
  return {
    async lease(key, request) {
      const reply = await storage.lease(key, request);
      if (reply.outcome !== 'held') return reply;
      const lease = { key, owner: request.owner, ttl: request.ttl, id: 'invented' };
      return { ...reply, outcome: 'granted', lease, abandoned: false };
    },
  };
}
