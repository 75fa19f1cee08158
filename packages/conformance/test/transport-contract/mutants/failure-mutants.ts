import { TransportError } from '@frameio-auth/core';
import { foreignCode, type Transport } from '@frameio-auth/core/adapter';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { bareTransport, copyOf, failing, type TransportMutants } from './transport-mutant.js';

export const failureMutants: TransportMutants = {
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
    mutate: (whole) => failing(whole, () => (error) => copyOf(error, { delivery: 'not_sent' })),
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
    mutate: (whole) => failing(whole, () => (error) => copyOf(error, { delivery: 'unknown' })),
  },
  'trusts everybody, and says afterwards that nothing was sent': {
    breaks: ['delivery.untrusted', 'delivery.wrong-host', 'delivery.expired'],
    mutate: () => async (url, request) => {
      await bareTransport({ rejectUnauthorized: false })(url, request);
      throw new TransportError('CERT_HAS_EXPIRED', 'The certificate was refused.', { delivery: 'not_sent' });
    },
  },
  'passes on the errors of the platform': {
    breaks: ['delivery.refused', 'delivery.invalid', 'delivery.reset', 'error.host', 'error.code', 'error.secret'],
    mutate:
      () =>
      (url, { body = null, ...init }) =>
        fetch(url, { ...init, body }),
  },
  'throws what should be a rejection': {
    breaks: ['delivery.invalid', 'error.secret-unfit'],
    mutate: (whole) => (url, init) => {
      new Request(url, init);
      return whole(url, init);
    },
  },
  'puts the platform’s error for what cannot be sent into its own': {
    breaks: ['error.secret-unfit'],
    mutate: (whole) =>
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
    mutate: (whole) => failing(whole, (url) => (error) => copyOf(error, { message: `${error.message} ${url}` })),
  },
  'shows the request in a property that is not enumerable': {
    breaks: ['error.secret'],
    mutate: (whole) =>
      failing(
        whole,
        (_, { headers }) =>
          (error) =>
            Object.defineProperty(error, 'request', { value: { headers } }),
      ),
  },
  'shows the body in the cause of its error': {
    breaks: ['error.secret'],
    mutate: (whole) =>
      failing(whole, (_, { body }) => (error) => {
        return Object.defineProperty(error, 'cause', { value: new Error('sent', { cause: new Error(body) }) });
      }),
  },
  'quotes an answer that it refuses': {
    breaks: ['error.secret'],
    mutate: (whole) =>
      failing(whole, (url) => async (error) => {
        if (error.code !== 'redirect_refused') throw error;
        const { headers } = await fetch(url, { redirect: 'manual' });
        throw copyOf(error, { message: `${error.message} ${headers.get('location')}` });
      }),
  },
  'does not say where': {
    breaks: ['error.host', 'error.late'],
    mutate: (whole) => failing(whole, () => (error) => copyOf(error, { message: 'The request failed.' })),
  },
  'has sentences for codes': {
    breaks: ['error.code', 'redirect.any', 'body.undecodable', 'timeout.handshake'],
    mutate: (whole) => failing(whole, () => (error) => copyOf(error, { code: foreignCode('Something went wrong.') })),
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
    mutate: (_, { maxBodySize }) => fetchTransport({ maxBodySize, timeout: 60_000 }),
  },
  'gives up early': {
    breaks: ['timeout.silence', 'timeout.patience'],
    mutate: (_, { maxBodySize, timeout }) => givingUp(maxBodySize, timeout / 25),
  },
  'gives up and keeps the connection': {
    breaks: ['timeout.silence', 'timeout.head', 'timeout.body'],
    mutate: (_, { maxBodySize, timeout }) => givingUp(maxBodySize, timeout),
  },
  'is done for after a time-out': {
    breaks: ['timeout.next'],
    mutate: (whole) => {
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
