import { session } from '../session-setup.js';
import { serveCallers } from './actions.js';
import { timeOf } from './params.js';
import { endingOf } from './transitions.js';

export const settling = session.createStateConfig({
  description: 'Takes no time: picks the state by what there is.',
  always: [
    {
      guard: 'signsInByItself',
      target: 'authorizing.leasing',
      actions: { type: 'beginWith', params: { origin: 'client_credentials' } },
    },
    { guard: 'isRevoked', target: 'revoked' },
    { guard: 'isEnded', target: 'expired' },
    {
      guard: { type: 'isUnwrittenAndAlive', params: timeOf },
      target: 'valid.unsaved',
      actions: serveCallers,
    },
    { guard: 'isUnwritten', target: 'valid.unsaved' },
    { guard: { type: 'isOver', params: timeOf }, ...endingOf('access_token_expired') },
    { guard: { type: 'isDueAndAlive', params: timeOf }, target: 'valid.due', actions: 'serveCallers' },
    { guard: { type: 'isDue', params: timeOf }, target: 'valid.due' },
    { guard: 'hasTokens', target: 'valid.fresh' },
    // Only the version of an unreadable record is known, and that is not the same as no record.
    { guard: 'mustKnowRecord', target: 'restoring.unread' },
    { target: 'unauthenticated' },
  ],
});
