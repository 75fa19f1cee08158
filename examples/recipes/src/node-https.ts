import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { type BearerCredentials, bearerPolicy, type TokenSource } from '@frameio-auth/core/adapter';

/** How to ask, and not where: for Node, a `hostname` or `port` among its options overrides the URL. */
export interface RequestManner extends Pick<RequestOptions, 'method' | 'agent' | 'signal'> {
  readonly headers?: Readonly<Record<string, string>>;
}

/** `node:https` as it is. It follows no redirects and repeats nothing, so there is only the 401 to see to. */
export function frameioRequests(auth: TokenSource, origin = 'https://api.frame.io') {
  const policy = bearerPolicy(auth, { allowedOrigins: [origin] });
  return async (url: string, manner: RequestManner = {}, body?: string | Uint8Array): Promise<IncomingMessage> => {
    policy.admits(url); // Throws for other origins.
    const { method, headers, agent, signal } = manner; // And nothing else that may be in there.
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
    answer.resume(); // Lets go of the connection.
    return send(next);
  };
}
