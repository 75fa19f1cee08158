import { openAsBlob } from 'node:fs';
import type { TokenSource } from '@frameio-auth/core/adapter';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';

/**
 * A file as the body of one request that carries the token. `openAsBlob()` streams it from disk, and again after a 401;
 * what `createReadStream()` makes can be read once, so with that the 401 would come back to you.
 */
export async function sendFile(auth: TokenSource, path: string, url: string): Promise<Response> {
  const send = authenticatedFetch(auth, { allowedOrigins: [new URL(url).origin] });
  return send(url, { method: 'PUT', body: await openAsBlob(path) });
}
