/** What a response says about the limit that its request counted against. Times are in milliseconds. */
export interface LimitNotice {
  /** The request was rejected because of the limit (429, RFC 6585 §4) and was not carried out. */
  readonly refused: boolean;
  /** How long the server asks to wait: `Retry-After` (RFC 9110 §10.2.3). */
  readonly retryAfter: number | undefined;
  /** How many requests a window allows: `x-ratelimit-limit`. */
  readonly limit: number | undefined;
  /** How many of them remain: `x-ratelimit-remaining`. */
  readonly remaining: number | undefined;
  /** The length of a window: `x-ratelimit-window`, which Frame.io documents as milliseconds. */
  readonly window: number | undefined;
}

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Reads the limit from a response.
 *
 * @param now - the current time, in milliseconds since the epoch, for servers that send no date
 */
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
  // The difference of two dates by the same clock is right even if that clock is wrong.
  return until === undefined ? undefined : Math.max(0, until - (httpDate(headers['date']) ?? now));
}

/** A header that came twice, or is not a number, is ignored. */
function wholeNumber(value: AnswerHeaders[string]): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value.trim()) ? Number(value) : undefined;
}

/** Parses a date in any of the three forms of RFC 9110 §5.6.7, one of which omits GMT. */
function httpDate(value: AnswerHeaders[string]): number | undefined {
  // All three begin with a weekday. Without one, Date.parse() accepts many invalid dates, even "-5".
  if (typeof value !== 'string' || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value)) return undefined;
  const time = Date.parse(value.endsWith('GMT') ? value : `${value} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
