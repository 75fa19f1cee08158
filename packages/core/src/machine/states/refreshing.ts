import type { SessionEnding } from '../../kernel/session-ending.js';
import { session } from '../session-setup.js';
import { adoptRevocation, noteFailure, noteRecord, rejectCallers } from './actions.js';
import { failureAndTimeOf, recordOf, versionOf } from './params.js';
import { backingOff, backOff, committing, leasing, requesting, waiting } from './token-cycle.js';
import { adoptAndSettle, joining } from './transitions.js';

const disprovedByUnwritten = { type: 'unwrittenDisproveRecord', params: recordOf } as const;

const revokeUnwritten = {
  guard: { type: 'unwrittenAreRevoked', params: recordOf },
  target: '#session.settling',
  actions: adoptRevocation,
} as const;

export const refreshing = session.createStateConfig({
  description: 'New tokens are on their way in the place of others, which are served as long as they live.',
  initial: 'leasing',
  on: joining,
  states: {
    leasing: leasing({
      moved: [{ guard: disprovedByUnwritten, target: 'leasing', reenter: true, actions: noteRecord }, revokeUnwritten],
    }),
    waiting,
    requesting: requesting({
      failed: [
        // Retry with a new lease: the process may have been suspended, and another instance may have refreshed. A
        // server that then sees the spent refresh token may revoke the whole session.
        {
          guard: { type: 'answerWasLost', params: failureAndTimeOf },
          target: 'leasing',
          actions: 'noteLostAnswer',
        },
        {
          guard: { type: 'refreshTokenIsDead', params: failureAndTimeOf },
          target: 'writingTombstone',
          actions: { type: 'noteRefusal', params: failureAndTimeOf },
        },
        ...backOff,
      ],
    }),
    committing: committing({ succeeded: [], kept: [] }),
    writingTombstone: {
      description: 'The server refused the refresh token. Unless another instance has a newer one, this is the end.',
      tags: 'busy',
      entry: {
        type: 'commitTombstone',
        params: ({ context }) => ({
          expectedVersion: context.version,
          tombstone: { status: 'expired', ending: context.ending as SessionEnding, ofVersion: context.newest },
        }),
      },
      on: {
        'commit.succeeded': {
          target: '#session.settling',
          actions: ['rememberNothing', { type: 'noteVersion', params: versionOf }, 'forgetTokens'],
        },
        'commit.conflicted': [
          // The storage went back, which does not change the rejection. The tokens that it went back to are of no use.
          // If refresh tokens rotate, they were spent for the rejected ones. If not, they are rejected too, or belong
          // to a sign-in that was replaced.
          {
            guard: { type: 'recordWentBack', params: recordOf },
            target: 'writingTombstone',
            reenter: true,
            actions: noteRecord,
          },
          adoptAndSettle,
        ],
        // Another instance may have newer tokens, which cannot be checked now, so the session keeps its own.
        'storage.failed': { target: 'backingOff', actions: ['forgetRefusal', noteFailure, ...rejectCallers] },
      },
    },
    backingOff: backingOff({
      retry: [],
      wish: [],
      hint: [],
      read: [
        { guard: { type: 'recordIsLost', params: recordOf }, actions: noteRecord },
        { guard: { type: 'recordIsKnown', params: recordOf }, actions: 'forgetHint' },
        { guard: disprovedByUnwritten, actions: noteRecord },
        revokeUnwritten,
      ],
    }),
  },
});
