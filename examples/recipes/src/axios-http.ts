import { type BearerCredentials, bearerPolicy, isRepeatable, type TokenSource } from '@frameio-auth/core/adapter';
import axios from 'axios';

/**
 * Uses axios over `node:http`, its default on Node, for features of that adapter: agents, proxies, `beforeRedirect`.
 */
export function frameioAxiosOverHttp(auth: TokenSource, origin = 'https://api.frame.io') {
  const policy = bearerPolicy(auth, { allowedOrigins: [origin] });
  const http = axios.getAdapter('http');
  return axios.create({
    baseURL: `${origin}/v4/`,
    sensitiveHeaders: ['authorization'], // Otherwise it is sent along on a redirect to a subdomain.
    adapter: async (config) => {
      policy.admits(axios.getUri(config)); // Throws for other origins, because an absolute URL overrides `baseURL`.
      let redirected = false;
      const beforeRedirect: typeof config.beforeRedirect = (...redirection) => {
        redirected = true;
        config.beforeRedirect?.(...redirection);
      };
      const send = ({ headers }: BearerCredentials) => {
        config.headers.set(headers);
        return http({ ...config, beforeRedirect });
      };
      const credentials = await policy.authorize();
      return send(credentials).catch(async (error) => {
        const refused = error.status === 401 && error.request.hasHeader('authorization'); // Not after a redirect to another origin.
        const repeatable = isRepeatable({ method: config.method, body: config.data, redirected });
        const next = refused && (await policy.reauthorize(credentials, repeatable));
        if (!next) throw error;
        return send(next);
      });
    },
  });
}
