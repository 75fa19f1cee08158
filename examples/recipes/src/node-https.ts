import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { type BearerCredentials, bearerPolicy, type TokenSource } from '@frameio-auth/core/adapter';

/** The options of a request without its address, because in Node's options a `hostname` or `port` overrides the URL. */
export interface RequestManner extends Pick<RequestOptions, 'method' | 'agent' | 'signal'> {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Uses plain `node:https`. It follows no redirects and retries nothing, so only the 401 must be handled. */
export function frameioRequests(auth: TokenSource, origin = 'https://api.frame.io') {
  const policy = bearerPolicy(auth, { allowedOrigins: [origin] });
  return async (url: string, manner: RequestManner = {}, body?: string | Uint8Array): Promise<IncomingMessage> => {
    policy.admits(url); // Throws for other origins.
    const { method, headers, agent, signal } = manner; // Ignores everything else that may be in it.
    const send = (credentials: BearerCredentials) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        request(url, { method, agent, signal, headers: { ...headers, ...credentials.headers } }, resolve)
          .on('error', reject)
          .end(body);
      });
    const credentials = await policy.authorize();
    const answer = await send(credentials);
    if (answer.statusCode !== 401) return answer;
    const next = await policy.reauthorize(credentials, true);
    if (next === undefined) return answer;
    answer.resume(); // Frees the connection.
    return send(next);
  };
}
