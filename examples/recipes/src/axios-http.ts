import { type BearerCredentials, bearerPolicy, type TokenSource } from '@frameio-auth/core';
import axios from 'axios';

/** axios over `node:http`, its default on Node, for what only that adapter has: agents, proxies, `beforeRedirect`. */
export function frameioAxiosOverHttp(auth: TokenSource, origin = 'https://api.frame.io') {
  const policy = bearerPolicy(auth, { allowedOrigins: [origin] });
  const http = axios.getAdapter('http');
  return axios.create({
    baseURL: `${origin}/v4/`,
    sensitiveHeaders: ['authorization'], // Else a redirect to a subdomain takes it along.
    adapter: async (config) => {
      policy.admits(axios.getUri(config)); // Throws for other origins: an absolute URL overrides `baseURL`.
      const send = ({ headers }: BearerCredentials) => {
        config.headers.set(headers);
        return http(config);
      };
      const credentials = await policy.authorize();
      return send(credentials).catch(async (error) => {
        const refused = error.status === 401 && error.request.hasHeader('authorization'); // Not after a redirect away.
        const next = refused && (await policy.reauthorize(credentials, typeof config.data?.pipe !== 'function'));
        if (!next) throw error;
        return send(next);
      });
    },
  });
}
