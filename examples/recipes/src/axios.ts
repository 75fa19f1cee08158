import type { TokenSource } from '@frameio-auth/core/adapter';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import axios from 'axios';

/** Uses axios over `fetch`: `const { data } = await frameioAxios(auth).get('me')`. */
export function frameioAxios(auth: TokenSource, origin = 'https://api.frame.io') {
  const fetch = authenticatedFetch(auth, { allowedOrigins: [origin] });
  return axios.create({
    baseURL: `${origin}/v4/`,
    adapter: 'fetch',
    env: { fetch },
  });
}
