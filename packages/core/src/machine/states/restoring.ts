import { and } from 'xstate';
import { session } from '../session-setup.js';
import { noteFailure, noteUnreadable, rejectCallers } from './actions.js';
import { adoptAndSettle, signInOrOut } from './transitions.js';

export const restoring = session.createStateConfig({
  description: 'The stored record has not been read yet, or cannot be read.',
  initial: 'unread',
  on: {
    'token.requested': { actions: 'noteRequest' },
    'refresh.requested': { actions: 'noteRequest' },
  },
  states: {
    unread: {
      always: { guard: 'isRequested', target: 'reading' },
      on: {
        'session.opened': 'reading',
        // An unreadable record cannot be used, but a sign-in, an import or a revocation may replace it.
        'code.received': { guard: 'mayReplaceRecord', ...signInOrOut['code.received'] },
        'tokens.imported': { guard: 'mayReplaceRecord', ...signInOrOut['tokens.imported'] },
        'revocation.requested': { guard: 'mayReplaceRecord', target: '#session.revoking.committing' },
      },
    },
    reading: {
      tags: 'busy',
      entry: 'readRecord',
      on: {
        'record.read': adoptAndSettle,
        'storage.failed': [
          // Only the storage knows whether a user is signed in; a service does not need to know.
          {
            guard: and(['usesClientCredentials', 'continuesWithoutStorage']),
            target: '#session.settling',
            actions: [noteUnreadable, noteFailure],
          },
          { target: 'unread', actions: [noteUnreadable, noteFailure, ...rejectCallers] },
        ],
      },
    },
  },
});
