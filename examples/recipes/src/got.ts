import { type BearerCredentials, bearerPolicy, type TokenSource } from '@frameio-auth/core/adapter';
import got from 'got';

/** Usage: `const me = await frameioGot(auth).get('me').json()`. */
export function frameioGot(auth: TokenSource, origin = 'https://api.frame.io') {
  const policy = bearerPolicy(auth, { allowedOrigins: [origin], otherOrigins: 'pass' });
  return got.extend({
    prefixUrl: `${origin}/v4`,
    retry: { methods: ['GET', 'HEAD'] }, // By default got also retries PUT and DELETE, which may have been carried out.
    hooks: {
      beforeRequest: [
        async (options) => {
          if (!policy.admits(options.url as URL)) return; // After a redirect to another origin, got has removed the header, and it stays removed.
          const credentials = await policy.authorize();
          Object.assign(options.headers, credentials.headers);
          options.context['credentials'] = credentials;
        },
      ],
      afterResponse: [
        async (response, repeat) => {
          if (response.statusCode !== 401 || !policy.admits(response.url)) return response;
          const { body, context } = response.request.options;
          const repeatable = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
          const next = await policy.reauthorize(context['credentials'] as BearerCredentials, repeatable);
          return next === undefined ? response : repeat({}); // got runs no `afterResponse` for the retry, so there is only one.
        },
      ],
    },
  });
}
