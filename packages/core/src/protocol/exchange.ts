import * as oauth from 'oauth4webapi';
import { ConfigurationError, foreignCode, TransportError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import { kindOfRefusal, kindOfSilence } from '../kernel/failure-policy.js';
import { type Cleaner, LIMITS } from '../kernel/foreign-text.js';
import type { Transport } from '../kernel/transport.js';

/** A server's complete response. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export type Exchange = { readonly answer: Answer } | { readonly failure: Failure };

/** Sends a message with oauth4webapi, given the options that select this project's transport. */
export type Send = (options: SendOptions) => Promise<Response>;

export type SendOptions = Pick<
  oauth.TokenEndpointRequestOptions,
  typeof oauth.customFetch | typeof oauth.allowInsecureRequests
>;

/**
 * Sends one request to `endpoint` and reads the response. It does not reject for failures of the network or the server.
 *
 * @throws ConfigurationError for a transport that does not resolve as `fetch` does
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
      // The profile was checked: plain http does not leave this machine.
      [oauth.allowInsecureRequests]: endpoint.startsWith('http:'),
    });
    const { status, headers } = response;
    // For a failed request or a redirect, a missing body does not matter.
    const text = isUnserved(status) ? await response.text().catch(() => '') : await reach(() => response.text());
    return { answer: { status, headers, text } };
  } catch (error) {
    if (error instanceof Silence) return { failure: failureOfSilence(error.reason, clean) };
    throw error;
  }
}

/** Returns whether the status alone says that the request was not carried out. */
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

/** @throws ConfigurationError for a value that is not a response */
export function checkResponse(response: Response | undefined): Response {
  if (typeof response?.text === 'function') return response;
  throw new ConfigurationError('invalid_transport', 'The transport must resolve with a Response, as fetch() does.');
}

/** Carries the transport's rejection through oauth4webapi, distinct from its own errors. */
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

/** Returns what a rejection of the transport means, in text that is safe to show. */
export function failureOfSilence(reason: unknown, clean: Cleaner): Failure {
  if (!(reason instanceof TransportError)) {
    // The text of an unknown error may hold anything, including the request.
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

/**
 * Returns what happened, which may quote others and is truncated, with the advice, which is the transport's own and is
 * useful only as a whole.
 */
function descriptionOf({ message, advice }: TransportError, clean: Cleaner): string {
  if (typeof advice !== 'string' || !message.endsWith(advice)) return clean(message, LIMITS.sentence);
  const event = message.slice(0, message.length - advice.length);
  return `${clean(event, LIMITS.sentence)} ${clean(advice, LIMITS.own)}`;
}
