import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { type BearerCredentials, bearerPolicy, type TokenSource } from '@frameio-auth/core';

/** `node:https` as it is. It follows no redirects and repeats nothing, so there is only the 401 to see to. */
export function frameioRequests(auth: TokenSource, origin = 'https://api.frame.io') {
  const policy = bearerPolicy(auth, { allowedOrigins: [origin] });
  return async (url: string, options: RequestOptions = {}, body?: string | Uint8Array): Promise<IncomingMessage> => {
    policy.admits(url); // Throws for other origins.
    const send = ({ headers }: BearerCredentials) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        request(url, { ...options, headers: { ...options.headers, ...headers } }, resolve)
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
