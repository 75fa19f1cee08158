/** The longest wait that is passed on, in milliseconds: 2^31 s, the cap of RFC 9111 §1.2.2 for such numbers. */
const LONGEST_WAIT = 2 ** 31 * 1000;

/**
 * How long the server asks to be left alone, in milliseconds; `undefined` when it does not say (RFC 9110 §10.2.3).
 *
 * @param now - what the time is here, in milliseconds since the epoch, for a date from a server that does not say
 *   what the time is there: between two dates of one clock, it does not matter whether it is right
 */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_WAIT);
  const until = httpDate(value);
  if (until === undefined) return undefined;
  const here = httpDate(headers.get('date') ?? '') ?? now;
  return Math.min(Math.max(until - here, 0), LONGEST_WAIT);
}

/** A date in any of the three forms of RFC 9110 §5.6.7, one of which leaves out that it is GMT. */
function httpDate(text: string): number | undefined {
  // They all begin with the day of the week; without this, Date.parse() makes dates of much that is none, even "-5".
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
