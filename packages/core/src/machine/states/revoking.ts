import { session } from '../session-setup.js';
import { adoptRecord, noteFailure, noteRecord, noteUnreadable } from './actions.js';
import { failureOf, recordOf, versionOf } from './params.js';
import { queueCallers } from './transitions.js';

export const revoking = session.createStateConfig({
  description: 'The tokens are being revoked: at the server first, then in the storage.',
  initial: 'requesting',
  on: queueCallers,
  states: {
    requesting: {
      tags: 'busy',
      entry: [
        { type: 'releaseLease', params: { spent: false } },
        { type: 'revokeTokens', params: { which: 'served' } },
      ],
      on: { 'revocation.finished': 'committing' },
    },
    committing: {
      tags: 'busy',
      entry: {
        type: 'commitTombstone',
        params: ({ context: { version, tokens } }) => ({
          expectedVersion: version,
          tombstone: { status: 'revoked', ...(tokens?.signIn !== undefined && { signIn: tokens.signIn }) },
        }),
      },
      on: {
        'commit.succeeded': {
          target: '#session.settling',
          actions: [{ type: 'rememberRevocation', params: versionOf }, 'forgetTokens'],
        },
        'commit.conflicted': [
          // Another instance has refreshed, or the storage went back: the revocation applies to those tokens too.
          { guard: { type: 'recordHasTokens', params: recordOf }, target: 'requesting', actions: adoptRecord },
          { target: 'committing', reenter: true, actions: noteRecord },
        ],
        'storage.failed': [
          {
            guard: { type: 'unreadableIsNewer', params: failureOf },
            target: 'committing',
            reenter: true,
            actions: noteUnreadable,
          },
          {
            target: '#session.settling',
            actions: [
              { type: 'rememberRevocation', params: ({ context }) => ({ version: context.version }) },
              noteFailure,
              'forgetTokens',
            ],
          },
        ],
      },
    },
  },
});
