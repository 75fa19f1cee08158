import * as oauth from 'oauth4webapi';
import { ConfigurationError, foreignCode, TransportError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import { kindOfNoResponse, kindOfResponse } from '../kernel/failure-policy.js';
import { LIMITS, type Redactor } from '../kernel/redaction.js';
import type { Transport } from '../kernel/transport.js';

/** A server's complete response. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export type SendResult = { readonly answer: Answer } | { readonly failure: Failure };

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
export async function sendRequest(
  transport: Transport,
  endpoint: string,
  redact: Redactor,
  send: Send,
): Promise<SendResult> {
  try {
    const response = await send({
      [oauth.customFetch]: async (url, { method, headers, body }) =>
        checkResponse(
          await wrapRejection(() =>
            transport(url, { method, headers, body: body.toString(), redirect: 'manual', cache: 'no-store' }),
          ),
        ),
      // The profile was checked: plain http does not leave this machine.
      [oauth.allowInsecureRequests]: endpoint.startsWith('http:'),
    });
    const { status, headers } = response;
    // For a failed request or a redirect, a missing body does not matter.
    const text = isUnprocessed(status)
      ? await response.text().catch(() => '')
      : await wrapRejection(() => response.text());
    return { answer: { status, headers, text } };
  } catch (error) {
    if (error instanceof TransportRejection) return { failure: transportFailure(error.reason, redact) };
    throw error;
  }
}

/** Returns whether the status alone says that the request was not carried out. */
export function isUnprocessed(status: number): boolean {
  const withoutBody = {
    error: undefined,
    rejectsSecret: false,
    ofProfile: undefined,
    requiresAction: false,
    unknownIsTerminal: false,
  };
  return kindOfResponse({ purpose: 'refresh_token', status, ...withoutBody }) === 'transient';
}

/** @throws ConfigurationError for a value that is not a response */
export function checkResponse(response: Response | undefined): Response {
  if (typeof response?.text === 'function') return response;
  throw new ConfigurationError('invalid_transport', 'The transport must resolve with a Response, as fetch() does.');
}

/** Carries the transport's rejection through oauth4webapi, distinct from its own errors. */
class TransportRejection extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super();
    this.reason = reason;
  }
}

async function wrapRejection<Value>(action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (reason) {
    throw new TransportRejection(reason);
  }
}

/** Returns what a rejection of the transport means, in text that is safe to show. */
export function transportFailure(reason: unknown, redact: Redactor): Failure {
  if (!(reason instanceof TransportError)) {
    // The text of an unknown error may hold anything, including the request.
    return {
      kind: kindOfNoResponse({ delivery: 'unknown' }),
      source: 'transport',
      code: 'no_answer',
      description:
        'No complete response arrived, and the server may have received the request. Use fetchTransport() to learn the reason.',
      delivery: 'unknown',
    };
  }
  return {
    kind: kindOfNoResponse(reason),
    source: 'transport',
    code: foreignCode(redact(reason.code, LIMITS.word)),
    description: descriptionOf(reason, redact),
    delivery: reason.delivery,
  };
}

/**
 * Returns what happened, which may quote others and is truncated, with the advice, which is the transport's own and is
 * useful only as a whole.
 */
function descriptionOf({ message, advice }: TransportError, redact: Redactor): string {
  if (typeof advice !== 'string' || !message.endsWith(advice)) return redact(message, LIMITS.sentence);
  const event = message.slice(0, message.length - advice.length);
  return `${redact(event, LIMITS.sentence)} ${redact(advice, LIMITS.own)}`;
}
