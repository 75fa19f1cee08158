import type { TokenStorage } from '@frameio-auth/core/adapter';

/** How long a lease lasts here, in milliseconds. */
export const LEASE = 3_000;

/**
 * The storage, with leases that fit tokens of a few seconds. An application leaves them as they are: a lease of 30 s
 * outlives any request, and tokens are renewed minutes before they expire, so nobody waits for a dead worker's lease.
 */
export function shortLeases(storage: TokenStorage): TokenStorage {
  return { ...storage, lease: (key, request) => storage.lease(key, { ...request, ttl: LEASE }) };
}
