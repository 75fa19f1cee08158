import type { RaceEvent } from './history.js';

/** Formats the events between two times, one per line. `start`: the time that is shown as 0. */
export function formatTrace(history: readonly RaceEvent[], start: number, from = start, to = Infinity): string {
  const shown = history.filter(({ at }) => at >= from && at <= to);
  return shown.map((event) => `${((event.at - start) / 1000).toFixed(3).padStart(8)} s  ${format(event)}`).join('\n');
}

function format(event: RaceEvent): string {
  const who = 'process' in event && event.process !== undefined ? `instance ${event.process}` : 'the storage';
  switch (event.kind) {
    case 'token.returned':
      return `${who} returns ${event.token} to ${event.callers}, after ${event.at - event.asked} ms`;
    case 'call.failed':
      return `${who} fails a call: ${event.code}`;
    case 'state.changed':
      return `${who} is ${event.step}${event.cause === undefined ? '' : ` (${event.cause})`}`;
    case 'storage.asked':
      return `${who} calls the storage: ${event.call} #${event.question}`;
    case 'storage.answered': {
      const version = event.version === undefined ? '' : `, version ${event.version}`;
      const abandoned = event.abandoned ? ', the one before was abandoned' : '';
      return `${who} has the storage's reply: ${event.call} #${event.question}: ${event.outcome}${version}${abandoned}`;
    }
    case 'request.sent':
      return `${who} sends request ${event.request}`;
    case 'request.ended':
      return `${who} has ${event.status === undefined ? 'no response' : `${event.status}`} to request ${event.request}`;
    case 'token.presented':
      return `the server receives ${event.refreshToken} in request ${event.request}`;
    case 'token.decided': {
      const issued =
        event.accessToken === undefined ? '' : `: ${event.accessToken}, ${event.refreshToken ?? 'no other'}`;
      return `the server has ${event.outcome} request ${event.request}${issued}`;
    }
    case 'process.began':
      return `${who} starts`;
    case 'process.ended':
      return `${who} ${event.killed ? 'is killed' : 'ends'}`;
    case 'fault.began':
      return `${event.fault} begins for ${who}`;
    case 'fault.ended':
      return `${event.fault} ends for ${who}`;
  }
}
