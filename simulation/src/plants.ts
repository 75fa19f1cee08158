import type { TokenStorage } from '@frameio-auth/core';

/** Mistakes that others have made, to see that they are found: each spoils what a session hears of its storage. */
export const plants = {
  /** Grants the lease on whatever version there is, and hides that the record has moved on. */
  'stale-lease': (storage) => ({
    ...storage,
    async lease(key, request) {
      const reply = await storage.lease(key, request);
      if (reply.outcome !== 'moved' || reply.record === undefined) return reply;
      return storage.lease(key, { ...request, ifVersion: reply.record.version });
    },
  }),
  /** Writes whatever version there is: no compare-and-set. */
  overwrite: (storage) => ({ ...storage, commit: (key, request) => overwrite(storage, key, request) }),
  /** Writes the ending of a session without looking whether another instance has renewed it meanwhile. */
  'blind-ending': (storage) => ({
    ...storage,
    commit: (key, request) =>
      JSON.parse(request.value).status === 'expired' ? overwrite(storage, key, request) : storage.commit(key, request),
  }),
  /** Holds leases for less time than a request may take, and does not renew them. */
  'short-lease': (storage) => ({
    ...storage,
    lease: (key, request) => storage.lease(key, { ...request, ttl: 1_000 }),
    renew: async () => true,
  }),
} satisfies Record<string, (storage: TokenStorage) => TokenStorage>;

export type Plant = keyof typeof plants;

const overwrite: (
  storage: TokenStorage,
  ...args: Parameters<TokenStorage['commit']>
) => ReturnType<TokenStorage['commit']> = async (storage, key, request) => {
  for (let expectedVersion = request.expectedVersion; ; ) {
    const reply = await storage.commit(key, { ...request, expectedVersion });
    if (reply.outcome === 'committed') return reply;
    expectedVersion = reply.record?.version ?? 0;
  }
};
