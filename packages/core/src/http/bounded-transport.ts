import type { KnownErrorCode } from '../kernel/error-codes.js';
import { ConfigurationError, TransportError } from '../kernel/errors.js';
import type { Delivery } from '../kernel/failure.js';
import type { Transport, TransportRequest } from '../kernel/transport.js';
import { startDeadline } from './deadline.js';
import { codeOf, requestFailure } from './failed-request.js';

export interface TransportLimits {
  /**
   * The time limit of a request, from the connection to the last byte of the body, in milliseconds. Time in which the
   * process is suspended does not count, so that a response that arrived meanwhile is read. Default: 15000. That is
   * more than the 10 s after which Node gives up connecting and reports it, which proves that nothing was sent.
   */
  readonly timeout?: number;
  /** The longest body that is read, in bytes, after decompression. Default: 1048576 (1 MiB). */
  readonly maxBodySize?: number;
}

/** One request, to be aborted by `signal`. */
export interface BoundedRequest extends Omit<TransportRequest, 'cache'> {
  readonly signal: AbortSignal;
  /** Absent on platforms that do not support it. */
  readonly cache?: 'no-store';
}

/** The longest delay of the platform's timers, in milliseconds. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * For authors of transports: returns a transport over a function like `fetch`. Each request ends, with a response and
 * its complete body, or with a {@link TransportError} that says whether the server may have received the request.
 * Redirects are rejected.
 *
 * Its own codes are `timeout`, `redirect_refused`, `body_too_large`, `body_incomplete`, `invalid_status`,
 * `invalid_request` and `request_failed`; other failures keep the platform's code, such as `ECONNREFUSED`.
 *
 * @param send - sends one request, once, and honours `signal`. If it knows how far a failed request came, it rejects
 * with a TransportError; other rejections are classified by {@link requestFailure}
 * @throws ConfigurationError `invalid_option` for an invalid limit
 */
export function boundedTransport(
  send: (url: string, request: BoundedRequest) => Promise<Response>,
  { timeout = 15_000, maxBodySize = 2 ** 20 }: TransportLimits = {},
): Transport {
  if (!(Number.isFinite(timeout) && timeout > 0 && timeout <= LONGEST_TIMEOUT)) {
    throw new ConfigurationError('invalid_option', '`timeout` must be a number of milliseconds above 0, below 2^31.');
  }
  if (!(Number.isSafeInteger(maxBodySize) && maxBodySize > 0)) {
    throw new ConfigurationError('invalid_option', '`maxBodySize` must be a whole number of bytes above 0.');
  }

  const uncached = cacheOption();

  return async (url, { method, headers, body }) => {
    const abortion = new AbortController();
    const { signal } = abortion;
    const fixed = { redirect: 'manual', signal, ...uncached } as const;
    const request: BoundedRequest = { method, headers, ...fixed, ...(body !== undefined && { body }) };
    const host = hostOf(url, request);
    const cancelDeadline = startDeadline(timeout, () => abortion.abort());
    let answered = false;
    try {
      const response = await send(url, request);
      answered = true;
      assertUsable(response, host);
      const bytes = await bodyOf(response, maxBodySize, host);
      const { status, statusText } = response;
      return new Response(bytes.length > 0 ? bytes : null, { status, statusText, headers: response.headers });
    } catch (error) {
      const timedOut = signal.aborted;
      abortion.abort(); // Closes the connection: the rest of the response is not read.
      if (timedOut) throw tooLate(host, timeout, error);
      if (error instanceof TransportError) throw error;
      if (!answered) throw requestFailure(error, host);
      throw unanswered(
        'body_incomplete',
        `The answer of ${host} broke off (${codeOf(error)}).`,
        'Try again later; if that lasts, look at the proxies on the way.',
      );
    } finally {
      cancelDeadline();
    }
  };
}

/** Older Cloudflare Workers reject every request with a `cache` option. They cache no response to a POST. */
function cacheOption(): Pick<BoundedRequest, 'cache'> {
  try {
    new Request('https://server.example', { cache: 'no-store' });
    return { cache: 'no-store' };
  } catch {
    return {};
  }
}

/** Returns the host to name in errors. Rejects what `fetch` would reject with an error that quotes the request. */
function hostOf(url: string, request: BoundedRequest): string {
  try {
    const { protocol, host } = new URL(url);
    new Request(url, request);
    if (protocol === 'https:' || protocol === 'http:') return host;
  } catch {
    // The platform's error is not passed on, because it quotes the invalid header or address.
  }
  throw new TransportError('invalid_request', 'The request was not sent, because HTTP does not allow it.', {
    delivery: 'not_sent',
    advice:
      'Check that its address is an absolute http(s) URL without credentials, and that its method and headers hold no ' +
      'characters that HTTP does not allow, such as line breaks.',
  });
}

function tooLate(host: string, timeout: number, cause: unknown): TransportError {
  const delivery: Delivery = cause instanceof TransportError ? cause.delivery : 'unknown';
  const what = delivery === 'not_sent' ? 'could not be reached' : 'gave no complete answer';
  const advice = 'Try again later; if the server always takes that long, raise `timeout`.';
  return new TransportError('timeout', `${host} ${what} within ${timeout} ms.`, { delivery, advice });
}

/** Returns the failure of a request that the server received, or may have received. */
function unanswered(code: KnownErrorCode, message: string, advice?: string): TransportError {
  return new TransportError(code, message, { delivery: 'unknown', advice });
}

function assertUsable({ status, type }: Response, host: string): void {
  if (type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    throw unanswered(
      'redirect_refused',
      `${host} answered with a redirect, which was not followed, because it would send credentials to another address.`,
      'Check the address of the endpoint.',
    );
  }
  if (status < 200 || status > 599) {
    throw unanswered(
      'invalid_status',
      `${host} answered with the status ${status}, which HTTP does not define.`,
      'Check the address of the endpoint, and what stands in front of it.',
    );
  }
}

async function bodyOf({ body }: Response, limit: number, host: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    const chunk: Uint8Array = part.value;
    size += chunk.length;
    if (size > limit) {
      throw unanswered(
        'body_too_large',
        `The answer of ${host} is longer than ${limit} bytes.`,
        'Check the address of the endpoint; if it is right, raise `maxBodySize`.',
      );
    }
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
