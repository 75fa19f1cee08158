import type { LeaseReply, TokenStorage } from '@frameio-auth/core/adapter';

/** The duration of a lease in the playground, in milliseconds. */
export const LEASE = 5_000;

/**
 * Wraps the storage for tokens that live a minute and a clock that can be moved. Its time follows the clock, and a
 * lease is short, so that viewers need not wait for the 30 seconds of a real one. Do not do this in an application.
 *
 * @param ahead - how far the clock is ahead, in milliseconds
 */
export function acceleratedStorage(storage: TokenStorage, ahead: () => number): TokenStorage {
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
