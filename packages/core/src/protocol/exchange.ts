import * as oauth from 'oauth4webapi';
import { ConfigurationError, foreignCode, TransportError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import { kindOfRefusal, kindOfSilence } from '../kernel/failure-policy.js';
import { type Cleaner, LIMITS } from '../kernel/foreign-text.js';
import type { Transport } from '../kernel/transport.js';

/** A server's answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export type Exchange = { readonly answer: Answer } | { readonly failure: Failure };

/** Sends a message by oauth4webapi, given the options that lead it to our transport. */
export type Send = (options: SendOptions) => Promise<Response>;

export type SendOptions = Pick<
  oauth.TokenEndpointRequestOptions,
  typeof oauth.customFetch | typeof oauth.allowInsecureRequests
>;

/**
 * Sends one request to `endpoint` and reads the answer. It rejects for nothing that the network or the server does.
 *
 * @throws ConfigurationError for a transport that does not answer as `fetch` does
 */
export async function exchange(transport: Transport, endpoint: string, clean: Cleaner, send: Send): Promise<Exchange> {
  try {
    const response = await send({
      [oauth.customFetch]: async (url, { method, headers, body }) =>
        checkResponse(
          await reach(() =>
            transport(url, { method, headers, body: body.toString(), redirect: 'manual', cache: 'no-store' }),
          ),
        ),
      // The profile was checked: what is not https here does not leave this machine.
      [oauth.allowInsecureRequests]: endpoint.startsWith('http:'),
    });
    const { status, headers } = response;
    // Of a server that failed or sends us elsewhere, words that do not arrive are not missed.
    const text = isUnserved(status) ? await response.text().catch(() => '') : await reach(() => response.text());
    return { answer: { status, headers, text } };
  } catch (error) {
    if (error instanceof Silence) return { failure: failureOfSilence(error.reason, clean) };
    throw error;
  }
}

/** Whether the status alone says that the request was not carried out. */
export function isUnserved(status: number): boolean {
  const wordless = {
    error: undefined,
    refusesSecret: false,
    ofProfile: undefined,
    demandsAction: false,
    unknownIsTerminal: false,
  };
  return kindOfRefusal({ purpose: 'refresh_token', status, ...wordless }) === 'transient';
}

/** @throws ConfigurationError for what is no response */
export function checkResponse(response: Response | undefined): Response {
  if (typeof response?.text === 'function') return response;
  throw new ConfigurationError('invalid_transport', 'The transport must resolve with a Response, as fetch() does.');
}

/** Carries the transport's rejection through oauth4webapi, apart from the errors of its own. */
class Silence extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super();
    this.reason = reason;
  }
}

async function reach<Value>(action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (reason) {
    throw new Silence(reason);
  }
}

/** What a rejection of the transport means, in words that may be shown. */
export function failureOfSilence(reason: unknown, clean: Cleaner): Failure {
  if (!(reason instanceof TransportError)) {
    // Nobody here knows this kind of error, and `fetch` has many: its text may hold anything, the request included.
    return {
      kind: kindOfSilence({ delivery: 'unknown' }),
      source: 'transport',
      code: 'no_answer',
      description:
        'No whole answer came, and whether the server got the request is not known. fetchTransport() would tell why.',
      delivery: 'unknown',
    };
  }
  return {
    kind: kindOfSilence(reason),
    source: 'transport',
    code: foreignCode(clean(reason.code, LIMITS.word)),
    description: descriptionOf(reason, clean),
    delivery: reason.delivery,
  };
}

/** What happened may quote others, and is cut. The advice is the transport's own, and is no use if it is not whole. */
function descriptionOf({ message, advice }: TransportError, clean: Cleaner): string {
  if (typeof advice !== 'string' || !message.endsWith(advice)) return clean(message, LIMITS.sentence);
  const event = message.slice(0, message.length - advice.length);
  return `${clean(event, LIMITS.sentence)} ${clean(advice, LIMITS.own)}`;
}
