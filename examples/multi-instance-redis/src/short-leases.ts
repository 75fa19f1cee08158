import type { TokenStorage } from '@frameio-auth/core/adapter';

/** The duration of a lease in this example, in milliseconds. */
export const LEASE = 3_000;

/**
 * Wraps the storage to grant leases that fit tokens of a few seconds. Do not do this in an application: a lease of 30 s
 * outlives any request, and tokens are refreshed minutes before they expire, so no caller waits for a dead worker's
 * lease.
 */
export function shortLeases(storage: TokenStorage): TokenStorage {
  return { ...storage, lease: (key, request) => storage.lease(key, { ...request, ttl: LEASE }) };
}
