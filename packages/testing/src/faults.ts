import type { Exchange, Fault } from './fault-queue.js';
import { type Answer, errorAnswer, htmlAnswer, jsonAnswer } from './http-message.js';
import { secretsIn } from './secret-ledger.js';
import { signal } from './signal.js';

/** A fault that holds each request it meets until a test lets go. */
export interface HeldFault extends Fault {
  /** Resolves when the first request is being held. */
  readonly reached: Promise<void>;
  /** Lets go of the requests held, and of all that come later. */
  release(): void;
}

/** The usual faults. Those "without processing" change nothing on the server: no token is issued, spent or revoked. */
export const fault = {
  /** Answers with a status and an empty body, without processing. `retryAfter`: seconds, or a date in its HTTP form. */
  status(status: number, { retryAfter }: { readonly retryAfter?: number | Date } = {}): Fault {
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfterValue(retryAfter) };
    return () => ({ status, headers, body: '' });
  },

  /** Answers with an OAuth error (RFC 6749 §5.2), without processing. */
  error(error: string, { description = 'refused by a fault', status = 400 }: ErrorOptions = {}): Fault {
    return () => errorAnswer(status, error, description);
  },

  /** Adobe wants the user to act (accept terms, confirm an address) at `jump`; without processing. */
  userAction({
    error = 'ride_AdobeID_acct_actreq',
    jump = 'https://accounts.example/act',
  }: UserActionOptions = {}): Fault {
    return () => errorAnswer(400, error, 'the user must act', { jump });
  },

  /** Answers with an OAuth error whose description repeats every secret that the request presented; without processing. */
  echo({ error = 'invalid_grant', status = 400 }: EchoOptions = {}): Fault {
    return ({ request }) => errorAnswer(status, error, `refused: ${secretsIn(request).join(' ')}`);
  },

  /** Ends the connection without an answer and without processing: the request is lost. */
  dropped(): Fault {
    return () => ({ status: 0, headers: {}, body: '', delivery: 'none' });
  },

  /** Processes the request, then ends the connection without an answer: the client cannot know that it was heard. */
  lostAnswer(): Fault {
    return async ({ process }) => ({ ...(await process()), delivery: 'none' });
  },

  /** Processes the request, sends half of the answer, and ends the connection. */
  halfAnswer(): Fault {
    return async ({ process }) => ({ ...(await process()), delivery: 'half' });
  },

  /** Waits on the server's clock, then processes and answers. */
  delayed(ms: number): Fault {
    return async ({ process, wait }) => {
      await wait(ms);
      return process();
    };
  },

  /** Processes at once, and waits on the server's clock before it answers. */
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

  /** Processes each request and holds its answer, until `release()`. */
  heldAnswer(): HeldFault {
    return holding(async ({ process }, released) => {
      const answer = await process();
      await released;
      return answer;
    });
  },

  /** A proxy's page instead of an answer, without processing. */
  html(status = 502): Fault {
    return () => htmlAnswer(status, '<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>');
  },

  /** The true answer under another content type. */
  contentType(type: string): Fault {
    return async ({ process }) => {
      const answer = await process();
      return { ...answer, headers: { ...answer.headers, 'content-type': type } };
    };
  },

  /** That many bytes (default: 1 MiB) of nonsense that claims to be JSON, without processing. */
  garbage({ bytes = 1024 * 1024, status = 200 }: { readonly bytes?: number; readonly status?: number } = {}): Fault {
    return () => ({ ...jsonAnswer(status, {}), body: '{"garbage":'.padEnd(bytes, 'x') });
  },

  /** The true answer with each member twice: first with the value `decoy`, then with the true one. */
  duplicateKeys(): Fault {
    return async ({ process }) => {
      const answer = await process();
      const decoys = Object.keys(JSON.parse(answer.body)).map((name) => `${JSON.stringify(name)}:"decoy",`);
      return { ...answer, body: answer.body.replace('{', `{${decoys.join('')}`) };
    };
  },

  /** The true answer with a `Date` header that is `ms` milliseconds off; negative: in the past. */
  skewedDate(ms: number): Fault {
    return async ({ process, now }) => {
      const answer = await process();
      return { ...answer, headers: { ...answer.headers, date: new Date(now() + ms).toUTCString() } };
    };
  },

  /** The true answer with members of its JSON replaced; `undefined` takes one away: `{ expires_in: undefined }`. */
  altered(members: Readonly<Record<string, unknown>>): Fault {
    return async ({ process }) => {
      const answer = await process();
      return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body || '{}'), ...members }) };
    };
  },

  /** Grants a refresh without a new refresh token: the one presented goes on working (RFC 6749 §6). */
  keptRefreshToken(): Fault {
    return ({ process }) => process({ keepRefreshToken: true });
  },

  /** What the API answers to a good token whose user lacks the role: 403. A bad token still gets its 401. */
  forbidden(): Fault {
    return async ({ process }) => {
      const answer = await process();
      const body = { errors: [{ title: 'Forbidden', detail: 'You are not permitted to do this' }] };
      return answer.status === 200 ? jsonAnswer(403, body) : answer;
    };
  },

  /** One fault around another, the outermost first: `fault.chain(fault.delayed(50), fault.lostAnswer())`. */
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
