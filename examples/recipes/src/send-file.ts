import { openAsBlob } from 'node:fs';
import type { TokenSource } from '@frameio-auth/core/adapter';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';

/**
 * Sends a file as the body of one request with the token. `openAsBlob()` streams it from disk, and again after a 401. A
 * stream of `createReadStream()` can be read only once, so the 401 would be returned to you.
 */
export async function sendFile(auth: TokenSource, path: string, url: string): Promise<Response> {
  const send = authenticatedFetch(auth, { allowedOrigins: [new URL(url).origin] });
  return send(url, { method: 'PUT', body: await openAsBlob(path) });
}
