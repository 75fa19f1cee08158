import type { StoredRecord, TokenStorage } from '@frameio-auth/core/adapter';

/** A mutant: how a mistake changes what a session gets from its storage, or the environment of the session. */
export interface Mutation {
  mutateStorage?(storage: TokenStorage): TokenStorage;
  /** Durations are measured on the wall clock. */
  readonly wallClock?: boolean;
  /** A timer that runs late discards a response that is already in the socket. */
  readonly isImpatient?: boolean;
  /** An instance offers a commit to a storage that lost it, although it knows of a newer one. */
  readonly offersSuperseded?: boolean;
  /** Sessions are not told when the storage may have lost data. */
  readonly hidesLosses?: boolean;
}

/** Mistakes that others have made, or this project once, to check that they are detected. */
export const mutants = {
  /** Grants the lease on any version, and hides that the record has changed. */
  'stale-lease': {
    mutateStorage: (storage) => ({
      ...storage,
      async lease(key, request) {
        const reply = await storage.lease(key, request);
        if (reply.outcome !== 'moved' || reply.record === undefined) return reply;
        return storage.lease(key, { ...request, ifVersion: reply.record.version });
      },
    }),
  },
  /** Writes over any version: no compare-and-set. */
  overwrite: {
    mutateStorage: (storage) => ({ ...storage, commit: (key, request) => overwrite(storage, key, request) }),
  },
  /** Writes the ending of a session without checking whether another instance has refreshed it meanwhile. */
  'blind-ending': {
    mutateStorage: (storage) => ({
      ...storage,
      commit: (key, request) =>
        JSON.parse(request.value).status === 'expired'
          ? overwrite(storage, key, request)
          : storage.commit(key, request),
    }),
  },
  /** Holds leases for less time than a request may take, and does not renew them. */
  'short-lease': {
    mutateStorage: (storage) => ({
      ...storage,
      lease: (key, request) => storage.lease(key, { ...request, ttl: 1_000 }),
      renew: async () => true,
    }),
  },
  /** Treats tokens that are dated in the future as new, with the expiry that the wrong clock gave them. */
  'trusted-future': {
    mutateStorage: (storage) => ({
      ...storage,
      async read(key) {
        return undated(await storage.read(key));
      },
      async lease(key, request) {
        return undated(await storage.lease(key, request));
      },
      async commit(key, request) {
        return undated(await storage.commit(key, request));
      },
    }),
  },
  /** Serves the tokens in memory although a hint told of newer ones. */
  'ignored-hint': { mutateStorage: (storage) => ({ ...storage, watch: (key) => storage.watch(key, () => {}) }) },
  'wall-clock': { wallClock: true },
  'late-timer': { isImpatient: true },
  'superseded-offer': { offersSuperseded: true },
  'hidden-loss': { hidesLosses: true },
} satisfies Record<string, Mutation>;

export type Mutant = keyof typeof mutants;

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

/** Returns a reply with a record that hides that it is from the future. */
function undated<Reply extends { readonly now: number; readonly record?: StoredRecord | undefined }>(
  reply: Reply,
): Reply {
  const { record, now } = reply;
  if (record === undefined) return reply;
  const body = JSON.parse(record.value);
  if (!(body.issuedAt > now)) return reply;
  return { ...reply, record: { ...record, value: JSON.stringify({ ...body, issuedAt: now }) } };
}
