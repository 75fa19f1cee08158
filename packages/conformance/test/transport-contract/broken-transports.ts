import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { TransportSettings } from '@frameio-auth/conformance';
import { ConfigurationError, TransportError } from '@frameio-auth/core';
import { foreignCode, type Transport } from '@frameio-auth/core/adapter';
import { fetchTransport } from '@frameio-auth/transport-fetch';

interface Mistake {
  /** The clauses that must detect it; others may. */
  readonly breaks: readonly string[];
  /** How a working transport is broken. */
  readonly by: (whole: Transport, settings: TransportSettings) => Transport;
}

type Failure = (error: TransportError) => TransportError | Promise<Response>;

const copyOf = (error: TransportError, { code = error.code, message = error.message, delivery = error.delivery }) =>
  new TransportError(code, message, { delivery });

/** Returns the transport with its failures changed, or turned into a response. */
function failing(whole: Transport, change: (...call: Parameters<Transport>) => Failure): Transport {
  return async (...call) => {
    try {
      return await whole(...call);
    } catch (error) {
      const changed = change(...call)(error as TransportError);
      if (changed instanceof Promise) return changed;
      throw changed;
    }
  };
}

/** Returns the transport with its responses changed. */
function answering(whole: Transport, change: (answer: Response) => Response | Promise<Response>): Transport {
  return async (...call) => change(await whole(...call));
}

/** Returns a response with another body, or none. */
function withBody({ status, headers }: Response, body: string | null): Response {
  return new Response(body, { status, headers });
}

/**
 * Returns a transport over the layer below `fetch`: it decompresses nothing, follows no redirects, and trusts the given
 * certificates.
 */
function bareTransport(options: RequestOptions): Transport {
  return (url, { method, headers, body }) =>
    new Promise((resolve, reject) => {
      const send = url.startsWith('https:') ? httpsRequest : httpRequest;
      const all = { ...options, agent: false, method, headers: { ...options.headers, ...headers } };
      const request = send(url, all, async (incoming) => {
        const bytes = Buffer.concat(await incoming.toArray());
        const fields = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
        resolve(new Response(bytes, { status: incoming.statusCode ?? 0, headers: fields }));
      });
      request.on('error', reject);
      request.end(body);
    });
}

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

/** Transports with one mistake each, by what they do. */
export const MISTAKES: Readonly<Record<string, Mistake>> = {
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
    by: (whole) =>
      failing(
        whole,
        (...call) =>
          () =>
            whole(...call),
      ),
  },
  'makes a request again that was answered with 503': {
    breaks: ['repeat.post', 'repeat.get'],
    by:
      (whole) =>
      async (...call) => {
        const answer = await whole(...call);
        return answer.status === 503 ? whole(...call) : answer;
      },
  },
  'makes every request twice': {
    breaks: ['request.body', 'request.many', 'repeat.stale', 'repeat.closing', 'https.many'],
    by:
      (whole) =>
      async (...call) => {
        await whole(...call);
        return whole(...call);
      },
  },
  'follows redirects': {
    breaks: ['redirect.elsewhere', 'redirect.same-origin', 'redirect.let-go', 'https.redirect'],
    by:
      () =>
      (url, { body = null, ...init }) =>
        fetch(url, { ...init, body, redirect: 'follow' }),
  },
  'looks where a redirect leads': {
    breaks: ['redirect.elsewhere'],
    by: (whole) =>
      failing(whole, (url, init) => (error) => {
        if (error.code !== 'redirect_refused') return error;
        return fetch(url, { method: init.method, redirect: 'follow' }).then(() => Promise.reject(error));
      }),
  },
  'takes a redirect for an answer': {
    breaks: ['redirect.any'],
    by: (whole) =>
      failing(
        whole,
        () => (error) =>
          error.code === 'redirect_refused' ? Promise.resolve(new Response(null, { status: 302 })) : error,
      ),
  },
  'refuses a redirect and keeps its connection': {
    breaks: ['redirect.let-go'],
    by: () => async (url, init) => {
      unread.push(await fetch(url, { ...init, body: null }));
      throw new TransportError('redirect_refused', 'It was a redirect.', { delivery: 'unknown' });
    },
  },
  'says of every failure that nothing was sent': {
    breaks: [
      'delivery.hang-up',
      'delivery.reset',
      'delivery.half-sent',
      'delivery.no-http',
      'delivery.status',
      'delivery.head-cut',
      'redirect.elsewhere',
      'body.cut',
      'timeout.next',
      'repeat.stale',
      'https.broken',
      'https.stream-reset',
    ],
    by: (whole) => failing(whole, () => (error) => copyOf(error, { delivery: 'not_sent' })),
  },
  'never knows that nothing was sent': {
    breaks: [
      'delivery.refused',
      'delivery.no-such-host',
      'delivery.untrusted',
      'delivery.wrong-host',
      'delivery.expired',
      'delivery.handshake',
      'delivery.invalid',
    ],
    by: (whole) => failing(whole, () => (error) => copyOf(error, { delivery: 'unknown' })),
  },
  'trusts everybody, and says afterwards that nothing was sent': {
    breaks: ['delivery.untrusted', 'delivery.wrong-host', 'delivery.expired'],
    by: () => async (url, request) => {
      await bareTransport({ rejectUnauthorized: false })(url, request);
      throw new TransportError('CERT_HAS_EXPIRED', 'The certificate was refused.', { delivery: 'not_sent' });
    },
  },
  'passes on the errors of the platform': {
    breaks: ['delivery.refused', 'delivery.invalid', 'delivery.reset', 'error.host', 'error.code', 'error.secret'],
    by:
      () =>
      (url, { body = null, ...init }) =>
        fetch(url, { ...init, body }),
  },
  'throws what should be a rejection': {
    breaks: ['delivery.invalid', 'error.secret-unfit'],
    by: (whole) => (url, init) => {
      new Request(url, init);
      return whole(url, init);
    },
  },
  'puts the platform’s error for what cannot be sent into its own': {
    breaks: ['error.secret-unfit'],
    by: (whole) =>
      failing(whole, (url, { method, headers }) => (error) => {
        try {
          new Request(url, { method, headers });
        } catch (cause) {
          error.cause = cause;
        }
        return error;
      }),
  },
  'quotes the address': {
    breaks: ['error.secret', 'error.secret-unfit', 'error.late'],
    by: (whole) => failing(whole, (url) => (error) => copyOf(error, { message: `${error.message} ${url}` })),
  },
  'shows the request to whoever looks for what is hidden': {
    breaks: ['error.secret'],
    by: (whole) =>
      failing(
        whole,
        (_, { headers }) =>
          (error) =>
            Object.defineProperty(error, 'request', { value: { headers } }),
      ),
  },
  'shows the body to whoever follows the causes': {
    breaks: ['error.secret'],
    by: (whole) =>
      failing(whole, (_, { body }) => (error) => {
        return Object.defineProperty(error, 'cause', { value: new Error('sent', { cause: new Error(body) }) });
      }),
  },
  'quotes an answer that it refuses': {
    breaks: ['error.secret'],
    by: (whole) =>
      failing(whole, (url) => async (error) => {
        if (error.code !== 'redirect_refused') throw error;
        const { headers } = await fetch(url, { redirect: 'manual' });
        throw copyOf(error, { message: `${error.message} ${headers.get('location')}` });
      }),
  },
  'does not say where': {
    breaks: ['error.host', 'error.late'],
    by: (whole) => failing(whole, () => (error) => copyOf(error, { message: 'The request failed.' })),
  },
  'has sentences for codes': {
    breaks: ['error.code', 'redirect.any', 'body.undecodable', 'timeout.handshake'],
    by: (whole) => failing(whole, () => (error) => copyOf(error, { code: foreignCode('Something went wrong.') })),
  },
  'never gives up': {
    breaks: [
      'timeout.silence',
      'timeout.head',
      'timeout.body',
      'timeout.trickle-head',
      'timeout.trickle-body',
      'timeout.handshake',
      'timeout.next',
      'https.timeout',
    ],
    by: (_, { maxBodySize }) => fetchTransport({ maxBodySize, timeout: 60_000 }),
  },
  'gives up early': {
    breaks: ['timeout.silence', 'timeout.patience'],
    by: (_, { maxBodySize, timeout }) => givingUp(maxBodySize, timeout / 25),
  },
  'gives up and keeps the connection': {
    breaks: ['timeout.silence', 'timeout.head', 'timeout.body'],
    by: (_, { maxBodySize, timeout }) => givingUp(maxBodySize, timeout),
  },
  'is done for after a time-out': {
    breaks: ['timeout.next'],
    by: (whole) => {
      let down: TransportError | undefined;
      return async (...call) => {
        if (down !== undefined) throw down;
        return failing(whole, () => (error) => {
          down = error;
          return error;
        })(...call);
      };
    },
  },
  'passes on what is compressed as it is': {
    breaks: ['answer.compressed', 'answer.never-raw', 'body.undecodable'],
    by: () => bareTransport({ headers: { 'accept-encoding': 'gzip, deflate, br' } }),
  },
  'reads a thousand times what it may': {
    breaks: ['body.limit', 'body.declared', 'body.endless', 'https.body-endless'],
    by: (_, { timeout, maxBodySize }) => fetchTransport({ timeout, maxBodySize: maxBodySize * 1_000 }),
  },
  'reads a byte less than it may': {
    breaks: ['body.limit', 'answer.complete'],
    by: (_, { timeout, maxBodySize }) => fetchTransport({ timeout, maxBodySize: maxBodySize - 1 }),
  },
  'takes what came of an answer for all of it': {
    breaks: ['body.cut', 'body.reset', 'body.undecodable', 'https.body-cut'],
    by: (whole) =>
      failing(whole, () => (error) => (error.code === 'body_incomplete' ? Promise.resolve(new Response('')) : error)),
  },
  'hands over an answer before its body': {
    breaks: ['answer.complete', 'body.cut', 'body.declared'],
    by:
      () =>
      (url, { body = null, ...init }) =>
        fetch(url, { ...init, body }),
  },
  'keeps what may be kept': {
    breaks: ['answer.fresh'],
    by: (whole) => {
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
    by:
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
    by: (whole) => {
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
    by: (whole) => async (url, init) => {
      const answer = await whole(url, init);
      if (!answer.headers.has('www-authenticate')) return answer;
      return whole(url, { ...init, headers: { ...init.headers, authorization: 'Basic Zjpm' } });
    },
  },
  'tidies addresses': {
    breaks: ['request.address', 'https.request'],
    by: (whole) => (url, init) => whole(url.replace(/\?.*/, ''), init),
  },
  'tidies headers': {
    breaks: ['request.headers'],
    by: (whole) => (url, init) => {
      const tidy = Object.entries(init.headers).map(([name, value]) => [name, value.replace(/ +/g, ' ')]);
      return whole(url, { ...init, headers: Object.fromEntries(tidy) });
    },
  },
  'tidies bodies': {
    breaks: ['request.body'],
    by: (whole) => (url, init) => whole(url, init.body === undefined ? init : { ...init, body: init.body.trim() }),
  },
  'makes one request at a time': {
    breaks: ['request.stuck', 'https.many'],
    by: (_, { maxBodySize }) => {
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
    by: (whole) => {
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
    by: (whole) =>
      answering(whole, (answer) => {
        if (answer.status < 400) return answer;
        throw new TransportError('REFUSED', 'The server refused.', { delivery: 'unknown' });
      }),
  },
  'forgets headers': {
    breaks: ['answer.headers', 'answer.verbatim', 'https.request'],
    by: (whole) => answering(whole, ({ status, body }) => new Response(body, { status })),
  },
  'reads bodies as text': {
    breaks: ['answer.verbatim'],
    by: (whole) =>
      answering(whole, async (answer) => withBody(answer, answer.body === null ? null : await answer.text())),
  },
  'believes in lengths alone': {
    breaks: ['answer.framing'],
    by: (whole) =>
      answering(whole, (answer) => (answer.headers.has('content-length') ? answer : withBody(answer, null))),
  },
  'takes no answer without a body': {
    breaks: ['answer.empty'],
    by: (whole) =>
      answering(whole, (answer) => {
        if (answer.body !== null) return answer;
        throw new ConfigurationError('NO_BODY', 'The answer has no body.');
      }),
  },
};

/** A transport that stops waiting after `ms` milliseconds by the clock on the wall, and leaves the request alone. */
function givingUp(maxBodySize: number, ms: number): Transport {
  const patient = fetchTransport({ maxBodySize, timeout: 60_000 });
  return (...call) =>
    new Promise((resolve, reject) => {
      const late = new TransportError('timeout', 'It took too long.', { delivery: 'unknown' });
      const timer = setTimeout(() => reject(late), ms);
      patient(...call)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
}
