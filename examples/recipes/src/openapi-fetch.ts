import type { TokenSource } from '@frameio-auth/core';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import createClient from 'openapi-fetch';
import type { paths } from './frameio-api.ts';

/** A typed client: `const { data } = await frameioClient(auth).GET('/me')`. */
export function frameioClient(auth: TokenSource, origin = 'https://api.frame.io') {
  const send = authenticatedFetch(auth, { allowedOrigins: [origin] });
  return createClient<paths>({
    baseUrl: `${origin}/v4`,
    // openapi-fetch makes a `Request`, whose body can be read once. Its bytes can be sent again after a 401.
    fetch: async (request) => send(request, request.body ? { body: await request.arrayBuffer() } : {}),
  });
}
