import type { KnownErrorCode } from '../kernel/error-codes.js';
import { ConfigurationError, TransportError } from '../kernel/errors.js';
import type { Delivery } from '../kernel/failure.js';
import type { Transport, TransportRequest } from '../kernel/transport.js';
import { startDeadline } from './deadline.js';
import { codeOf, requestFailure } from './failed-request.js';

export interface TransportLimits {
  /**
   * How long a request may take in all, from the connection to the last byte of the body, in milliseconds. Time in which
   * the process stands still does not count, so that an answer which came meanwhile is read. Default: 15000, more than
   * the 10 s after which Node gives up connecting and says so: then it is known that nothing was sent.
   */
  readonly timeout?: number;
  /** The longest body that is read, in bytes, after decompression. Default: 1048576 (1 MiB). */
  readonly maxBodySize?: number;
}

/** One request, to be given up when `signal` says so. */
export interface BoundedRequest extends Omit<TransportRequest, 'cache'> {
  readonly signal: AbortSignal;
  /** Absent where the platform knows no such thing. */
  readonly cache?: 'no-store';
}

/** The longest time that a timer of the platform can wait. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * For writers of transports: a transport over something shaped like `fetch` that always ends, with a response whose
 * body is already here, or with a {@link TransportError} that tells truthfully whether the server can have seen the
 * request. Redirects are refused.
 *
 * Codes of its own: `timeout`, `redirect_refused`, `body_too_large`, `body_incomplete`, `invalid_status`,
 * `invalid_request` and `request_failed`; other failures keep the platform's code, such as `ECONNREFUSED`.
 *
 * @param send - makes one request, once, and honours `signal`. If it knows how far a request came that failed, it
 *   rejects with a TransportError itself; whatever else it rejects with is judged by {@link requestFailure}
 * @throws ConfigurationError `invalid_option` for a limit that makes no sense
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
      abortion.abort(); // Lets go of the connection: nobody is going to read the rest of the answer.
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

/** Older Workers of Cloudflare refuse every request that names a cache. They keep nothing that a POST was answered with. */
function cacheOption(): Pick<BoundedRequest, 'cache'> {
  try {
    new Request('https://server.example', { cache: 'no-store' });
    return { cache: 'no-store' };
  } catch {
    return {};
  }
}

/** The host to name in errors. Refuses what `fetch` would refuse too, but in an error that quotes the request. */
function hostOf(url: string, request: BoundedRequest): string {
  try {
    const { protocol, host } = new URL(url);
    new Request(url, request);
    if (protocol === 'https:' || protocol === 'http:') return host;
  } catch {
    // The platform's error is not passed on: it shows the header or the address that it does not like.
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

/** The failure of a request that the server saw, or may have seen. */
function unanswered(code: KnownErrorCode, message: string, advice?: string): TransportError {
  return new TransportError(code, message, { delivery: 'unknown', advice });
}

function assertUsable({ status, type }: Response, host: string): void {
  if (type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    throw unanswered(
      'redirect_refused',
      `${host} answered with a redirect, which was not followed: it would carry credentials elsewhere.`,
      'Check the address of the endpoint.',
    );
  }
  if (status < 200 || status > 599) {
    throw unanswered(
      'invalid_status',
      `${host} answered with the status ${status}, which HTTP does not have.`,
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
