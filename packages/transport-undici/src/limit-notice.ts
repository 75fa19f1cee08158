import { retryAfterOf } from '@frameio-auth/core/adapter';
import type { ResponseHeaders } from './forwarding-handler.js';

/** What a response says about the limit that its request counted against. Times are in milliseconds. */
export interface LimitNotice {
  /** The request was rejected because of the limit (429, RFC 6585 §4) and was not carried out. */
  readonly rejected: boolean;
  /** How long the server asks to wait: `Retry-After` (RFC 9110 §10.2.3). */
  readonly retryAfter: number | undefined;
  /** How many requests a window allows: `x-ratelimit-limit`. */
  readonly limit: number | undefined;
  /** How many of them remain: `x-ratelimit-remaining`. */
  readonly remaining: number | undefined;
  /** The length of a window: `x-ratelimit-window`, which Frame.io documents as milliseconds. */
  readonly window: number | undefined;
}

/**
 * Reads the limit from a response.
 *
 * @param now - the current time, in milliseconds since the epoch, for servers that send no date
 */
export function limitNotice(status: number, headers: ResponseHeaders, now: number): LimitNotice {
  // A header that came twice is ignored.
  const get = (name: string): string | null => (typeof headers[name] === 'string' ? headers[name] : null);
  return {
    rejected: status === 429,
    retryAfter: retryAfterOf({ get }, now),
    limit: wholeNumber(get('x-ratelimit-limit')),
    remaining: wholeNumber(get('x-ratelimit-remaining')),
    window: wholeNumber(get('x-ratelimit-window')),
  };
}

function wholeNumber(value: string | null): number | undefined {
  return value !== null && /^\d{1,12}$/.test(value.trim()) ? Number(value) : undefined;
}
