/** Formats times, failures and states. */

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});

/** @param {number} time milliseconds since the Unix epoch */
export function clock(time) {
  return CLOCK.format(time);
}

/**
 * Formats a duration in its two largest units: `1 h 4 min`, `59 min 3 s`, `0.4 s`.
 *
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const seconds = Math.abs(milliseconds) / 1000;
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  const whole = Math.floor(seconds);
  const parts = /** @type {[number, string][]} */ ([
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ]);
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/**
 * @param {number | null} expiresAt
 * @param {number} now
 */
export function expiry(expiresAt, now) {
  if (expiresAt === null) return '';
  return expiresAt > now ? `${duration(expiresAt - now)} left` : `over for ${duration(now - expiresAt)}`;
}

/** @param {import('../src/messages.js').ShownFailure} failure */
export function failureName({ kind, source, code, status }) {
  return [kind, code, status === undefined || code === `http_${status}` ? undefined : `HTTP ${status}`, source]
    .filter((part) => part !== undefined)
    .join(' · ');
}

/** @param {string} state such as `refreshing.requesting` */
export function topOf(state) {
  return state.split('.', 1)[0] ?? '';
}

/** @param {string} state */
export function stateName(state) {
  return state.replaceAll('.', ' › ');
}

/**
 * Returns whether a session only waits for a caller, because its access token cannot be served any more.
 *
 * @param {import('../src/messages.js').SessionFacts} facts
 * @param {number} now on the storage's clock
 */
function isStale({ state, hasUsableToken, expiresAt }, now) {
  return topOf(state) === 'valid' && (!hasUsableToken || (expiresAt !== null && expiresAt <= now));
}

/**
 * Returns what colours a session: its top state, or `stale` for `valid` without a usable token.
 *
 * @param {import('../src/messages.js').SessionFacts} facts
 * @param {number} now on the storage's clock
 */
export function colourOf(facts, now) {
  return isStale(facts, now) ? 'stale' : topOf(facts.state);
}

/**
 * Formats the state that a session is in now.
 *
 * @param {import('../src/messages.js').SessionFacts} facts
 * @param {number} now on the storage's clock
 */
export function currentState(facts, now) {
  return `${stateName(facts.state)}${isStale(facts, now) ? ', token expired' : ''}`;
}

/**
 * Formats the path from one state to another, without their common part.
 *
 * @param {string} from
 * @param {string} to
 */
export function pathName(from, to) {
  if (from === to) return stateName(to);
  const target = topOf(from) === topOf(to) ? to.slice(topOf(to).length + 1) : to;
  return `${stateName(from)} → ${stateName(target)}`;
}

/** @param {import('../src/messages.js').ShownEffect} effect */
export function effectWords({ type, params = {} }) {
  const { timer, grant, from, which, status, reason } = params;
  const word = timer ?? grant ?? from ?? which ?? status ?? reason;
  return word === undefined ? type : `${type} ${word}`;
}
