import { and, not } from 'xstate';
import { session } from '../session-setup.js';
import { serveCallers } from './actions.js';

import { endingOf } from './transitions.js';

export const settling = session.createStateConfig({
  description: 'Takes no time: picks the next state.',
  always: [
    {
      guard: and(['usesClientCredentials', 'isRequested', not('hasTokens')]),
      target: 'authorizing.leasing',
      actions: { type: 'beginWith', params: { origin: 'client_credentials' } },
    },
    { guard: 'isRevoked', target: 'revoked' },
    { guard: 'isEnded', target: 'expired' },
    {
      guard: and(['isUnwritten', 'isAlive']),
      target: 'valid.unsaved',
      actions: serveCallers,
    },
    { guard: 'isUnwritten', target: 'valid.unsaved' },
    { guard: 'isExpiredForGood', ...endingOf('access_token_expired') },
    { guard: and(['isDue', 'isAlive']), target: 'valid.due', actions: 'serveCallers' },
    { guard: 'isDue', target: 'valid.due' },
    { guard: 'hasTokens', target: 'valid.fresh' },
    // Only the version of an unreadable record is known, and that is not the same as no record.
    { guard: 'mustKnowRecord', target: 'restoring.unread' },
    { target: 'unauthenticated' },
  ],
});
