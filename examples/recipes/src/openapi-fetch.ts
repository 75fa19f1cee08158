import type { TokenSource } from '@frameio-auth/core/adapter';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import createClient from 'openapi-fetch';
import type { paths } from './frameio-api.ts';

/** Creates a typed client: `const { data } = await frameioClient(auth).GET('/me')`. */
export function frameioClient(auth: TokenSource, origin = 'https://api.frame.io') {
  const fetch = authenticatedFetch(auth, { allowedOrigins: [origin] });
  return createClient<paths>({
    baseUrl: `${origin}/v4`,
    fetch,
  });
}
