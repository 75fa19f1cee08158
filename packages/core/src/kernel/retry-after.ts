/** The longest wait that is returned, in milliseconds: 2^31 s, the cap of RFC 9111 §1.2.2 for such numbers. */
const LONGEST_WAIT = 2 ** 31 * 1000;

/**
 * For authors of HTTP clients: returns a response's `Retry-After` in milliseconds (RFC 9110 §10.2.3), or `undefined` if
 * it has none.
 *
 * @param now - this machine's time in milliseconds since the Unix epoch, for a date without a `Date` header. If the
 * server sends both dates, only their difference matters
 */
export function retryAfterOf(headers: Pick<Headers, 'get'>, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_WAIT);
  const until = httpDate(value);
  if (until === undefined) return undefined;
  const here = httpDate(headers.get('date') ?? '') ?? now;
  return Math.min(Math.max(until - here, 0), LONGEST_WAIT);
}

/** Parses a date in any of the three forms of RFC 9110 §5.6.7, one of which omits that it is GMT. */
function httpDate(text: string): number | undefined {
  // All forms begin with the day of the week. Without this check, Date.parse() would accept many other texts, even
  // "-5".
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
