import type { TokenSource } from '@frameio-auth/core';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import ky from 'ky';

/** `const me = await frameioKy(auth).get('me').json()`. */
export function frameioKy(auth: TokenSource, origin = 'https://api.frame.io') {
  const send = authenticatedFetch(auth, { allowedOrigins: [origin] });
  return ky.create({
    baseUrl: `${origin}/v4/`,
    retry: { methods: ['get', 'head'] }, // By default ky repeats PUT and DELETE too, which may have been carried out.
    // ky makes a `Request`, whose body can be read once. Its bytes can be sent again after a 401.
    fetch: async (request) =>
      send(request, request instanceof Request && request.body ? { body: await request.arrayBuffer() } : {}),
  });
}
