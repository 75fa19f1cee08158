import { session } from '../session-setup.js';
import { noteFailure, noteUnreadable, rejectCallers } from './actions.js';
import { adoptAndSettle, beginning } from './transitions.js';

export const restoring = session.createStateConfig({
  description: 'What the storage holds is not known yet, or cannot be read.',
  initial: 'unread',
  on: {
    'token.requested': { actions: 'noteWish' },
    'refresh.requested': { actions: 'noteWish' },
  },
  states: {
    unread: {
      always: { guard: 'isWanted', target: 'reading' },
      on: {
        'session.opened': 'reading',
        // An unreadable record cannot be used, but a sign-in, an import or a revocation may replace it.
        'code.received': { guard: 'mayReplaceRecord', ...beginning['code.received'] },
        'tokens.imported': { guard: 'mayReplaceRecord', ...beginning['tokens.imported'] },
        'revocation.requested': { guard: 'mayReplaceRecord', target: '#session.revoking.committing' },
      },
    },
    reading: {
      tags: 'busy',
      entry: 'readRecord',
      on: {
        'record.read': adoptAndSettle,
        'storage.failed': [
          { guard: 'signsInWithoutStorage', target: '#session.settling', actions: [noteUnreadable, noteFailure] },
          { target: 'unread', actions: [noteUnreadable, noteFailure, ...rejectCallers] },
        ],
      },
    },
  },
});
