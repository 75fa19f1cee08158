import { type CallOutcome, type Event, type Holding, SESSION } from './history.ts';
import type { Entry } from './plan.ts';

/** Formats the history, one line per event: when, which instance, what. */
export function formatTrace(events: readonly Event[]): string {
  return events
    .map((event) => `${formatTime(event.at)}  ${formatWho(event).padEnd(7)}  ${formatWhat(event)}`)
    .join('\n');
}

/** Formats days, hours, minutes, seconds and milliseconds since the beginning. */
export function formatTime(at: number): string {
  const days = Math.floor(at / 86_400_000);
  return `${String(days).padStart(3)}d ${new Date(at).toISOString().slice(11, 23)}`;
}

function formatWho(event: Event): string {
  return 'who' in event ? event.who : '*';
}

function formatWhat(event: Event): string {
  switch (event.kind) {
    case 'fault began':
      return formatEntry(event.entry);
    case 'fault ended':
      return `over: ${formatEntry(event.entry)}`;
    case 'writes lost':
      return `the storage has lost ${formatHolding(event.before)}, and has ${formatHolding(event.after)}`;
    case 'started':
      return 'starts';
    case 'died':
      return 'dies';
    case 'paused':
      return event.asleep ? 'falls asleep' : 'is paused';
    case 'resumed':
      return 'resumes';
    case 'called':
      return `is called: ${event.call} (${event.number})`;
    case 'settled':
      return `answers: ${event.call} (${event.number}): ${formatOutcome(event.outcome)}`;
    case 'token returned':
      return `returns ${event.token}`;
    case 'signed in':
      return `imports ${event.tokens.accessToken}, ${event.tokens.refreshToken} of a user who signed in`;
    case 'state': {
      const why = [event.cause, event.failure].filter(Boolean).join(', ');
      return `${event.from} → ${event.to}${why && ` (${why})`}`;
    }
    case 'storage did': {
      const { call, outcome, version, before, after } = event;
      if (event.record !== SESSION) return `storage: ${call} ${outcome} of ${event.record}`;
      const change = call === 'commit' && outcome === 'committed' ? `, was ${formatHolding(before)}` : '';
      return `storage: ${call} ${outcome}, version ${version}: ${formatHolding(after)}${change}`;
    }
    case 'storage answered':
      return `has the storage's reply: ${formatStorageCall(event)}`;
    case 'storage silent':
      return `gets no reply from the storage: ${formatStorageCall(event)} (${event.code})`;
    case 'hinted':
      return `gets a hint of version ${event.version}`;
    case 'server asked':
      return event.presented === undefined ? 'sends a request' : `sends a request with ${event.presented}`;
    case 'server did': {
      const { grant, presented, outcome } = event;
      const asks = presented === undefined ? `server: ${grant}` : `server: ${presented} presented`;
      if (typeof outcome !== 'object') return `${asks}, refused: ${outcome}`;
      return `${asks}, granted ${[outcome.accessToken, outcome.refreshToken].filter(Boolean).join(', ')}`;
    }
    case 'server revoked':
      return `server: ${event.token} revoked`;
    case 'answer waits':
      return 'cannot read the response yet';
    case 'server answered':
      return `has the response: ${event.status}`;
    case 'server silent':
      return `gets no response (${event.delivery})`;
  }
}

function formatStorageCall({ call, record }: { readonly call: string; readonly record: string }): string {
  return record === SESSION ? call : `${call} of ${record}`;
}

function formatHolding(holding: Holding): string {
  switch (holding.status) {
    case 'absent':
      return 'no record';
    case 'tokens':
      return [holding.accessToken, holding.refreshToken].filter(Boolean).join(', ');
    case 'expired':
      return `expired (${holding.cause})`;
    case 'revoked':
      return 'revoked';
  }
}

function formatOutcome(outcome: CallOutcome): string {
  if ('error' in outcome) return `${outcome.error} ${outcome.code}`;
  if ('done' in outcome) return 'done';
  if (outcome.accepted === undefined) return outcome.token;
  return `${outcome.token}, ${outcome.accepted ? 'accepted' : 'rejected'} by the API`;
}

function formatEntry(entry: Entry): string {
  switch (entry.kind) {
    case 'call':
      return `${entry.call} at ${placeName(entry.instance)}`;
    case 'crash':
    case 'restart':
      return `${entry.kind} of ${placeName(entry.instance)}, back after ${entry.lasts} ms`;
    case 'pause':
      return `${placeName(entry.instance)} ${entry.asleep ? 'sleeps' : 'is paused'} for ${entry.lasts} ms`;
    case 'clock': {
      const owner = entry.instance === undefined ? 'the storage' : placeName(entry.instance);
      return `the clock of ${owner} is set ${entry.by < 0 ? 'back' : 'ahead'} by ${Math.abs(entry.by)} ms`;
    }
    case 'network': {
      const sender = entry.instance === undefined ? 'all' : placeName(entry.instance);
      return `from ${sender} to the ${entry.peer}: ${entry.share * 100} % ${entry.effect}, for ${entry.lasts} ms`;
    }
    case 'hints':
      return `hints come ${entry.effect}, for ${entry.lasts} ms`;
    case 'busy': {
      const wait = entry.retryAfter === undefined ? '' : `, Retry-After: ${entry.retryAfter}`;
      return `the server answers ${entry.status}${wait}, for ${entry.lasts} ms`;
    }
    case 'secrets':
      return `the server knows the client secret as ${entry.live.join(' or ')}, for ${entry.lasts} ms`;
    case 'failover':
      return `the storage fails over: the last ${entry.loses} ms are lost, and it is down for ${entry.lasts} ms`;
    case 'data loss': {
      const what = entry.loses === undefined ? 'empty' : `as it was ${entry.loses} ms before`;
      return `the storage is down for ${entry.lasts} ms, and returns ${what}`;
    }
    case 'user revokes':
      return 'the user revokes every sign-in';
    case 'access tokens end':
      return 'the server expires all access tokens';
  }
}

/** Returns the name of a place, in which one instance follows another. */
export function placeName(place: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + place);
}
