import type { LeaseReply, TokenStorage } from '@frameio-auth/core/adapter';

/** How long a lease lasts here, in milliseconds. */
export const LEASE = 5_000;

/**
 * The storage, for tokens that live a minute and for a clock that can be moved: its time goes ahead with the clock's, and
 * a lease is short, so that nobody has to watch the 30 seconds of a real one run out. An application leaves its storage
 * as it is.
 *
 * @param ahead - how far the clock is ahead, in milliseconds
 */
export function stagedStorage(storage: TokenStorage, ahead: () => number): TokenStorage {
  const later = <Reply extends { readonly now: number }>(reply: Reply): Reply => ({
    ...reply,
    now: reply.now + ahead(),
  });
  const laterLease = (reply: LeaseReply): LeaseReply =>
    reply.outcome === 'moved' ? later(reply) : later({ ...reply, until: reply.until + ahead() });
  return {
    ...storage,
    read: async (key) => later(await storage.read(key)),
    lease: async (key, request) => laterLease(await storage.lease(key, { ...request, ttl: LEASE })),
    commit: async (key, { expiresAt, dueAt, ...request }) => {
      const times = {
        ...(expiresAt !== undefined && { expiresAt: expiresAt - ahead() }),
        ...(dueAt !== undefined && { dueAt: dueAt - ahead() }),
      };
      return later(await storage.commit(key, { ...request, ...times }));
    },
    due: async (request) => later(await storage.due(request)),
  };
}
