import { ConfigurationError, TransportError } from '@frameio-auth/core';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { answering, bareTransport, failing, type TransportMutants, withBody } from './transport-mutant.js';

const cached = new Map<string, Response>();

/** A `fetch` as some frameworks replace the platform's: it caches responses, even to a POST, unless told not to. */
async function caching(url: string, init: RequestInit): Promise<Response> {
  if (init.cache === 'no-store') return fetch(url, init);
  const key = JSON.stringify([init.method, url, init.body]);
  const answer = cached.get(key) ?? (await fetch(url, init));
  cached.set(key, answer);
  return answer.clone();
}

/** Responses that are never read: kept, so that the garbage collector does not close their connections. */
const unread: Response[] = [];

export const messageMutants: TransportMutants = {
  'makes a request again that failed': {
    breaks: [
      'repeat.post',
      'repeat.get',
      'delivery.hang-up',
      'timeout.silence',
      'https.broken',
      'https.stream-reset',
      'https.refused-stream',
      'https.body-cut',
    ],
    mutate: (whole) =>
      failing(
        whole,
        (...call) =>
          () =>
            whole(...call),
      ),
  },
  'makes a request again that was answered with 503': {
    breaks: ['repeat.post', 'repeat.get'],
    mutate:
      (whole) =>
      async (...call) => {
        const answer = await whole(...call);
        return answer.status === 503 ? whole(...call) : answer;
      },
  },
  'makes every request twice': {
    breaks: ['request.body', 'request.many', 'repeat.stale', 'repeat.closing', 'https.many'],
    mutate:
      (whole) =>
      async (...call) => {
        await whole(...call);
        return whole(...call);
      },
  },
  'follows redirects': {
    breaks: ['redirect.elsewhere', 'redirect.same-origin', 'redirect.let-go', 'https.redirect'],
    mutate:
      () =>
      (url, { body = null, ...init }) =>
        fetch(url, { ...init, body, redirect: 'follow' }),
  },
  'looks where a redirect leads': {
    breaks: ['redirect.elsewhere'],
    mutate: (whole) =>
      failing(whole, (url, init) => (error) => {
        if (error.code !== 'redirect_refused') return error;
        return fetch(url, { method: init.method, redirect: 'follow' }).then(() => Promise.reject(error));
      }),
  },
  'takes a redirect for an answer': {
    breaks: ['redirect.any'],
    mutate: (whole) =>
      failing(
        whole,
        () => (error) =>
          error.code === 'redirect_refused' ? Promise.resolve(new Response(null, { status: 302 })) : error,
      ),
  },
  'refuses a redirect and keeps its connection': {
    breaks: ['redirect.let-go'],
    mutate: () => async (url, init) => {
      unread.push(await fetch(url, { ...init, body: null }));
      throw new TransportError('redirect_refused', 'It was a redirect.', { delivery: 'unknown' });
    },
  },
  'passes on what is compressed as it is': {
    breaks: ['answer.compressed', 'answer.never-raw', 'body.undecodable'],
    mutate: () => bareTransport({ headers: { 'accept-encoding': 'gzip, deflate, br' } }),
  },
  'reads a thousand times what it may': {
    breaks: ['body.limit', 'body.declared', 'body.endless', 'https.body-endless'],
    mutate: (_, { timeout, maxBodySize }) => fetchTransport({ timeout, maxBodySize: maxBodySize * 1_000 }),
  },
  'reads a byte less than it may': {
    breaks: ['body.limit', 'answer.complete'],
    mutate: (_, { timeout, maxBodySize }) => fetchTransport({ timeout, maxBodySize: maxBodySize - 1 }),
  },
  'takes what came of an answer for all of it': {
    breaks: ['body.cut', 'body.reset', 'body.undecodable', 'https.body-cut'],
    mutate: (whole) =>
      failing(whole, () => (error) => (error.code === 'body_incomplete' ? Promise.resolve(new Response('')) : error)),
  },
  'hands over an answer before its body': {
    breaks: ['answer.complete', 'body.cut', 'body.declared'],
    mutate:
      () =>
      (url, { body = null, ...init }) =>
        fetch(url, { ...init, body }),
  },
  'keeps what may be kept': {
    breaks: ['answer.fresh'],
    mutate: (whole) => {
      const kept = new Map<string, Response>();
      return async (url, init) => {
        const key = JSON.stringify([init.method, url, init.body]);
        const answer = kept.get(key) ?? (await whole(url, init));
        if (answer.headers.has('cache-control')) kept.set(key, answer);
        return answer.clone();
      };
    },
  },
  'forgets to tell a fetch that caches not to': {
    breaks: ['answer.fresh'],
    mutate:
      (_, { timeout, maxBodySize }) =>
      (url, init) =>
        fetchTransport({
          timeout,
          maxBodySize,
          fetch: (address, { cache: _cache, ...rest }) => caching(address, rest),
        })(url, init),
  },
  'keeps cookies': {
    breaks: ['request.no-credentials'],
    mutate: (whole) => {
      let cookie = '';
      return async (url, init) => {
        const answer = await whole(url, cookie === '' ? init : { ...init, headers: { ...init.headers, cookie } });
        cookie = answer.headers.get('set-cookie') ?? '';
        return answer;
      };
    },
  },
  'answers a challenge': {
    breaks: ['request.no-credentials', 'repeat.post', 'repeat.get'],
    mutate: (whole) => async (url, init) => {
      const answer = await whole(url, init);
      if (!answer.headers.has('www-authenticate')) return answer;
      return whole(url, { ...init, headers: { ...init.headers, authorization: 'Basic Zjpm' } });
    },
  },
  'tidies addresses': {
    breaks: ['request.address', 'https.request'],
    mutate: (whole) => (url, init) => whole(url.replace(/\?.*/, ''), init),
  },
  'tidies headers': {
    breaks: ['request.headers'],
    mutate: (whole) => (url, init) => {
      const tidy = Object.entries(init.headers).map(([name, value]) => [name, value.replace(/ +/g, ' ')]);
      return whole(url, { ...init, headers: Object.fromEntries(tidy) });
    },
  },
  'tidies bodies': {
    breaks: ['request.body'],
    mutate: (whole) => (url, init) => whole(url, init.body === undefined ? init : { ...init, body: init.body.trim() }),
  },
  'makes one request at a time': {
    breaks: ['request.stuck', 'https.many'],
    mutate: (_, { maxBodySize }) => {
      const whole = fetchTransport({ maxBodySize, timeout: 100 });
      let last: Promise<unknown> = Promise.resolve();
      return (...call) => {
        const next = last.then(() => whole(...call));
        last = next.catch(() => {});
        return next;
      };
    },
  },
  'gives everybody the first answer': {
    breaks: ['request.many', 'https.many', 'https.going-away'],
    mutate: (whole) => {
      let first: Response | undefined;
      return async (...call) => {
        const answer = first ?? (await whole(...call));
        first ??= answer;
        return first.clone();
      };
    },
  },
  'takes an error of the server for a failure': {
    breaks: ['answer.status', 'answer.headers', 'https.request'],
    mutate: (whole) =>
      answering(whole, (answer) => {
        if (answer.status < 400) return answer;
        throw new TransportError('REFUSED', 'The server refused.', { delivery: 'unknown' });
      }),
  },
  'forgets headers': {
    breaks: ['answer.headers', 'answer.verbatim', 'https.request'],
    mutate: (whole) => answering(whole, ({ status, body }) => new Response(body, { status })),
  },
  'reads bodies as text': {
    breaks: ['answer.verbatim'],
    mutate: (whole) =>
      answering(whole, async (answer) => withBody(answer, answer.body === null ? null : await answer.text())),
  },
  'believes in lengths alone': {
    breaks: ['answer.framing'],
    mutate: (whole) =>
      answering(whole, (answer) => (answer.headers.has('content-length') ? answer : withBody(answer, null))),
  },
  'takes no answer without a body': {
    breaks: ['answer.empty'],
    mutate: (whole) =>
      answering(whole, (answer) => {
        if (answer.body !== null) return answer;
        throw new ConfigurationError('NO_BODY', 'The answer has no body.');
      }),
  },
};
