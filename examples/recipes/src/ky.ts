import type { TokenSource } from '@frameio-auth/core/adapter';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import ky from 'ky';

/** Usage: `const me = await frameioKy(auth).get('me').json()`. */
export function frameioKy(auth: TokenSource, origin = 'https://api.frame.io') {
  const fetch = authenticatedFetch(auth, { allowedOrigins: [origin] });
  return ky.create({
    baseUrl: `${origin}/v4/`,
    retry: { methods: ['get', 'head'] }, // By default ky also retries PUT and DELETE, which may have been carried out.
    fetch,
  });
}
