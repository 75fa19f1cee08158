import type { StoredRecord, TokenStorage } from '@frameio-auth/core/adapter';

/** A mistake: how it spoils what a session hears of its storage, or what is around the session. */
export interface Planted {
  spoilStorage?(storage: TokenStorage): TokenStorage;
  /** Durations are measured on the wall clock. */
  readonly wallClock?: boolean;
  /** An answer that is in the socket is given up by a timer that runs late. */
  readonly isImpatient?: boolean;
  /** A commit is offered to a storage that lost it by an instance that knows of a newer one. */
  readonly offersOutdone?: boolean;
  /** Nobody is told when the storage may have lost data. */
  readonly hidesLosses?: boolean;
}

/** Mistakes that others have made, or this project once, to see that they are found. */
export const plants = {
  /** Grants the lease on whatever version there is, and hides that the record has moved on. */
  'stale-lease': {
    spoilStorage: (storage) => ({
      ...storage,
      async lease(key, request) {
        const reply = await storage.lease(key, request);
        if (reply.outcome !== 'moved' || reply.record === undefined) return reply;
        return storage.lease(key, { ...request, ifVersion: reply.record.version });
      },
    }),
  },
  /** Writes whatever version there is: no compare-and-set. */
  overwrite: {
    spoilStorage: (storage) => ({ ...storage, commit: (key, request) => overwrite(storage, key, request) }),
  },
  /** Writes the ending of a session without looking whether another instance has renewed it meanwhile. */
  'blind-ending': {
    spoilStorage: (storage) => ({
      ...storage,
      commit: (key, request) =>
        JSON.parse(request.value).status === 'expired'
          ? overwrite(storage, key, request)
          : storage.commit(key, request),
    }),
  },
  /** Holds leases for less time than a request may take, and does not renew them. */
  'short-lease': {
    spoilStorage: (storage) => ({
      ...storage,
      lease: (key, request) => storage.lease(key, { ...request, ttl: 1_000 }),
      renew: async () => true,
    }),
  },
  /** Takes tokens that are dated later than now for new ones, with the end that the wrong clock gave them. */
  'trusted-future': {
    spoilStorage: (storage) => ({
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
  'wall-clock': { wallClock: true },
  'late-timer': { isImpatient: true },
  'outdone-offer': { offersOutdone: true },
  'hidden-loss': { hidesLosses: true },
} satisfies Record<string, Planted>;

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

/** A reply whose record hides that it is from the future. */
function undated<Reply extends { readonly now: number; readonly record?: StoredRecord | undefined }>(
  reply: Reply,
): Reply {
  const { record, now } = reply;
  if (record === undefined) return reply;
  const body = JSON.parse(record.value);
  if (!(body.issuedAt > now)) return reply;
  return { ...reply, record: { ...record, value: JSON.stringify({ ...body, issuedAt: now }) } };
}
