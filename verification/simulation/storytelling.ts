import { type CallOutcome, type Event, type Holding, SESSION } from './history.ts';
import type { Entry } from './plan.ts';

/** Formats the history, one line per event: when, which instance, what. */
export function tell(events: readonly Event[]): string {
  return events.map((event) => `${tellTime(event.at)}  ${tellWho(event).padEnd(7)}  ${tellWhat(event)}`).join('\n');
}

/** Formats days, hours, minutes, seconds and milliseconds since the beginning. */
export function tellTime(at: number): string {
  const days = Math.floor(at / 86_400_000);
  return `${String(days).padStart(3)}d ${new Date(at).toISOString().slice(11, 23)}`;
}

function tellWho(event: Event): string {
  return 'who' in event ? event.who : '*';
}

function tellWhat(event: Event): string {
  switch (event.kind) {
    case 'struck':
      return tellEntry(event.entry);
    case 'over':
      return `over: ${tellEntry(event.entry)}`;
    case 'writes lost':
      return `the storage has lost ${tellHolding(event.before)}, and has ${tellHolding(event.after)}`;
    case 'started':
      return 'starts';
    case 'died':
      return 'dies';
    case 'stands still':
      return event.asleep ? 'falls asleep' : 'stands still';
    case 'goes on':
      return 'goes on';
    case 'called':
      return `is asked: ${event.call} (${event.number})`;
    case 'settled':
      return `answers: ${event.call} (${event.number}): ${tellOutcome(event.outcome)}`;
    case 'handed':
      return `hands out ${event.token}`;
    case 'signed in':
      return `gets ${event.tokens.accessToken}, ${event.tokens.refreshToken} for a user who signed in`;
    case 'state': {
      const why = [event.cause, event.failure].filter(Boolean).join(', ');
      return `${event.from} → ${event.to}${why && ` (${why})`}`;
    }
    case 'storage did': {
      const { call, outcome, version, before, after } = event;
      if (event.record !== SESSION) return `storage: ${call} ${outcome} of ${event.record}`;
      const change = call === 'commit' && outcome === 'committed' ? `, was ${tellHolding(before)}` : '';
      return `storage: ${call} ${outcome}, version ${version}: ${tellHolding(after)}${change}`;
    }
    case 'storage answered':
      return `hears the storage: ${tellQuestion(event)}`;
    case 'storage silent':
      return `hears no answer of the storage: ${tellQuestion(event)} (${event.code})`;
    case 'hinted':
      return `is hinted at version ${event.version}`;
    case 'server asked':
      return event.presented === undefined ? 'asks the server' : `asks the server, with ${event.presented}`;
    case 'server did': {
      const { grant, presented, outcome } = event;
      const asks = presented === undefined ? `server: ${grant}` : `server: ${presented} presented`;
      if (typeof outcome !== 'object') return `${asks}, refused: ${outcome}`;
      return `${asks}, granted ${[outcome.accessToken, outcome.refreshToken].filter(Boolean).join(', ')}`;
    }
    case 'server revoked':
      return `server: ${event.token} revoked`;
    case 'answer waits':
      return 'cannot read the answer of the server yet';
    case 'server answered':
      return `hears the server: ${event.status}`;
    case 'server silent':
      return `hears no answer of the server (${event.delivery})`;
  }
}

function tellQuestion({ call, record }: { readonly call: string; readonly record: string }): string {
  return record === SESSION ? call : `${call} of ${record}`;
}

function tellHolding(holding: Holding): string {
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

function tellOutcome(outcome: CallOutcome): string {
  if ('error' in outcome) return `${outcome.error} ${outcome.code}`;
  if ('done' in outcome) return 'done';
  if (outcome.accepted === undefined) return outcome.token;
  return `${outcome.token}, ${outcome.accepted ? 'accepted' : 'refused'} by the API`;
}

function tellEntry(entry: Entry): string {
  switch (entry.kind) {
    case 'call':
      return `${entry.call} at ${placeName(entry.instance)}`;
    case 'crash':
    case 'restart':
      return `${entry.kind} of ${placeName(entry.instance)}, back after ${entry.lasts} ms`;
    case 'pause':
      return `${placeName(entry.instance)} ${entry.asleep ? 'sleeps' : 'stands still'} for ${entry.lasts} ms`;
    case 'clock': {
      const whose = entry.instance === undefined ? 'the storage' : placeName(entry.instance);
      return `the clock of ${whose} is put ${entry.by < 0 ? 'back' : 'ahead'} by ${Math.abs(entry.by)} ms`;
    }
    case 'network': {
      const whose = entry.instance === undefined ? 'everybody' : placeName(entry.instance);
      return `from ${whose} to the ${entry.peer}: ${entry.share * 100} % ${entry.effect}, for ${entry.lasts} ms`;
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
      return `the storage fails over: the last ${entry.loses} ms are lost, and it is away for ${entry.lasts} ms`;
    case 'data loss': {
      const what = entry.loses === undefined ? 'empty' : `as it was ${entry.loses} ms before`;
      return `the storage is away for ${entry.lasts} ms, and comes back ${what}`;
    }
    case 'user revokes':
      return 'the user takes back every sign-in';
    case 'access tokens end':
      return 'the server ends all access tokens';
  }
}

/** Returns the name of a place, in which one instance follows another. */
export function placeName(place: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + place);
}
