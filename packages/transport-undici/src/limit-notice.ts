/** What an answer says about the limit that its request counted against. Times are in milliseconds. */
export interface LimitNotice {
  /** The request was refused because of the limit (429, RFC 6585 §4): it was not carried out. */
  readonly refused: boolean;
  /** How long the server asks to be left alone: `Retry-After` (RFC 9110 §10.2.3). */
  readonly retryAfter: number | undefined;
  /** How many requests fit into a window: `x-ratelimit-limit`. */
  readonly limit: number | undefined;
  /** How many of them are left: `x-ratelimit-remaining`. */
  readonly remaining: number | undefined;
  /** How long a window is: `x-ratelimit-window`, of which Frame.io says that it is in milliseconds. */
  readonly window: number | undefined;
}

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** @param now - what the time is, in milliseconds since the epoch, for a date from a server that does not say it */
export function limitNotice(status: number, headers: AnswerHeaders, now: number): LimitNotice {
  return {
    refused: status === 429,
    retryAfter: retryAfterOf(headers, now),
    limit: wholeNumber(headers['x-ratelimit-limit']),
    remaining: wholeNumber(headers['x-ratelimit-remaining']),
    window: wholeNumber(headers['x-ratelimit-window']),
  };
}

function retryAfterOf(headers: AnswerHeaders, now: number): number | undefined {
  const seconds = wholeNumber(headers['retry-after']);
  if (seconds !== undefined) return seconds * 1000;
  const until = httpDate(headers['retry-after']);
  // Between two dates of one clock, it does not matter whether that clock is right.
  return until === undefined ? undefined : Math.max(0, until - (httpDate(headers['date']) ?? now));
}

/** A header that came twice, or is no number, says nothing. */
function wholeNumber(value: AnswerHeaders[string]): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value.trim()) ? Number(value) : undefined;
}

/** A date in any of the three forms of RFC 9110 §5.6.7, one of which leaves out that it is GMT. */
function httpDate(value: AnswerHeaders[string]): number | undefined {
  // They begin with the day of the week; without it, Date.parse() makes dates of much that is none, even of "-5".
  if (typeof value !== 'string' || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value)) return undefined;
  const time = Date.parse(value.endsWith('GMT') ? value : `${value} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
