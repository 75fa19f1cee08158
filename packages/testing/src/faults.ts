import type { Exchange, Fault } from './fault-queue.js';
import { type Answer, errorAnswer, htmlAnswer, jsonAnswer } from './http-message.js';
import { secretsIn } from './secret-ledger.js';
import { signal } from './signal.js';

/** A fault that holds each request until the test releases it. */
export interface HeldFault extends Fault {
  /** Resolves when the first request is held. */
  readonly reached: Promise<void>;
  /** Releases all held requests, and lets later ones pass. */
  release(): void;
}

/** Common faults. Those "without processing" change nothing on the server: no token is issued, spent or revoked. */
export const fault = {
  /**
   * Responds with a status and an empty body, without processing. `retryAfter`: seconds, or a date for the HTTP date
   * format.
   */
  status(status: number, { retryAfter }: { readonly retryAfter?: number | Date } = {}): Fault {
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfterValue(retryAfter) };
    return () => ({ status, headers, body: '' });
  },

  /** Responds with an OAuth error (RFC 6749 §5.2), without processing. */
  error(error: string, { description = 'refused by a fault', status = 400 }: ErrorOptions = {}): Fault {
    return () => errorAnswer(status, error, description);
  },

  /**
   * Responds that Adobe requires an action of the user (accept terms, confirm an address) at `jump`, without
   * processing.
   */
  userAction({
    error = 'ride_AdobeID_acct_actreq',
    jump = 'https://accounts.example/act',
  }: UserActionOptions = {}): Fault {
    return () => errorAnswer(400, error, 'the user must act', { jump });
  },

  /** Responds with an OAuth error with a description that repeats every secret of the request, without processing. */
  echo({ error = 'invalid_grant', status = 400 }: EchoOptions = {}): Fault {
    return ({ request }) => errorAnswer(status, error, `refused: ${secretsIn(request).join(' ')}`);
  },

  /** Closes the connection without a response and without processing: the request is lost. */
  dropped(): Fault {
    return () => ({ status: 0, headers: {}, body: '', delivery: 'none' });
  },

  /**
   * Processes the request, then closes the connection without a response: the client cannot know that it was processed.
   */
  lostAnswer(): Fault {
    return async ({ process }) => ({ ...(await process()), delivery: 'none' });
  },

  /** Processes the request, sends half of the response, and closes the connection. */
  halfAnswer(): Fault {
    return async ({ process }) => ({ ...(await process()), delivery: 'half' });
  },

  /** Waits on the server's clock, then processes and responds. */
  delayed(ms: number): Fault {
    return async ({ process, wait }) => {
      await wait(ms);
      return process();
    };
  },

  /** Processes immediately, and waits on the server's clock before it responds. */
  delayedAnswer(ms: number): Fault {
    return async ({ process, wait }) => {
      const answer = await process();
      await wait(ms);
      return answer;
    };
  },

  /** Holds each request before it is processed, until `release()`. */
  held(): HeldFault {
    return holding(async ({ process }, released) => {
      await released;
      return process();
    });
  },

  /** Processes each request and holds the response, until `release()`. */
  heldAnswer(): HeldFault {
    return holding(async ({ process }, released) => {
      const answer = await process();
      await released;
      return answer;
    });
  },

  /** Responds with a proxy's HTML page, without processing. */
  html(status = 502): Fault {
    return () => htmlAnswer(status, '<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>');
  },

  /** Sends the real response with another content type. */
  contentType(type: string): Fault {
    return async ({ process }) => {
      const answer = await process();
      return { ...answer, headers: { ...answer.headers, 'content-type': type } };
    };
  },

  /** Responds with the given number of bytes (default: 1 MiB) of invalid JSON, without processing. */
  garbage({ bytes = 1024 * 1024, status = 200 }: { readonly bytes?: number; readonly status?: number } = {}): Fault {
    return () => ({ ...jsonAnswer(status, {}), body: '{"garbage":'.padEnd(bytes, 'x') });
  },

  /** Sends the real response with each member twice: first with the value `decoy`, then with the real one. */
  duplicateKeys(): Fault {
    return async ({ process }) => {
      const answer = await process();
      const decoys = Object.keys(JSON.parse(answer.body)).map((name) => `${JSON.stringify(name)}:"decoy",`);
      return { ...answer, body: answer.body.replace('{', `{${decoys.join('')}`) };
    };
  },

  /** Sends the real response with a `Date` header that is `ms` milliseconds off; negative: in the past. */
  skewedDate(ms: number): Fault {
    return async ({ process, now }) => {
      const answer = await process();
      return { ...answer, headers: { ...answer.headers, date: new Date(now() + ms).toUTCString() } };
    };
  },

  /** Sends the real response with some JSON members replaced; `undefined` removes one: `{ expires_in: undefined }`. */
  altered(members: Readonly<Record<string, unknown>>): Fault {
    return async ({ process }) => {
      const answer = await process();
      return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body || '{}'), ...members }) };
    };
  },

  /** Grants a refresh without a new refresh token: the one presented stays valid (RFC 6749 §6). */
  keptRefreshToken(): Fault {
    return ({ process }) => process({ keepRefreshToken: true });
  },

  /**
   * Responds with 403, as the API does to a valid token if its user lacks the role. An invalid token still gets a 401.
   */
  forbidden(): Fault {
    return async ({ process }) => {
      const answer = await process();
      const body = { errors: [{ title: 'Forbidden', detail: 'You are not permitted to do this' }] };
      return answer.status === 200 ? jsonAnswer(403, body) : answer;
    };
  },

  /** Nests faults, the outermost first: `fault.chain(fault.delayed(50), fault.lostAnswer())`. */
  chain(...faults: readonly Fault[]): Fault {
    return (exchange) => {
      const [outermost, ...rest] = faults;
      if (outermost === undefined) return exchange.process();
      const { process } = exchange;
      const inner = fault.chain(...rest);
      return outermost({
        ...exchange,
        process: async (outer) => inner({ ...exchange, process: (options) => process({ ...outer, ...options }) }),
      });
    };
  },
};

interface ErrorOptions {
  readonly description?: string;
  readonly status?: number;
}

interface EchoOptions {
  readonly error?: string;
  readonly status?: number;
}

interface UserActionOptions {
  readonly error?: string;
  readonly jump?: string;
}

function retryAfterValue(retryAfter: number | Date): string {
  return typeof retryAfter === 'number' ? String(retryAfter) : retryAfter.toUTCString();
}

function holding(answer: (exchange: Exchange, released: Promise<void>) => Promise<Answer>): HeldFault {
  const reached = signal();
  const released = signal();
  const held = (exchange: Exchange): Promise<Answer> => {
    const answered = answer(exchange, released.given);
    reached.give();
    return answered;
  };
  return Object.assign(held, { reached: reached.given, release: released.give });
}
