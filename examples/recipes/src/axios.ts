import type { TokenSource } from '@frameio-auth/core';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import axios from 'axios';

/** axios over `fetch`: `const { data } = await frameioAxios(auth).get('me')`. */
export function frameioAxios(auth: TokenSource, origin = 'https://api.frame.io') {
  const send = authenticatedFetch(auth, { allowedOrigins: [origin] });
  return axios.create({
    baseURL: `${origin}/v4/`,
    adapter: 'fetch',
    env: {
      // axios makes a `Request`, whose body can be read once. Its bytes can be sent again after a 401.
      fetch: async (request, init) =>
        send(
          request,
          request instanceof Request && request.body ? { ...init, body: await request.arrayBuffer() } : init,
        ),
    },
  });
}
