import type { SessionEnding } from '../../kernel/session-ending.js';
import { session } from '../session-setup.js';
import { adoptRevocation, noteFailure, noteRecord, rejectCallers } from './actions.js';
import { failureOf, recordOf, versionOf } from './params.js';
import { backingOff, backOff, committing, leasing, requesting, waiting } from './token-cycle.js';
import { adoptAndSettle, queueCallers } from './transitions.js';

const disprovedByUnwritten = { type: 'unwrittenDisproveRecord', params: recordOf } as const;

const revokeUnwritten = {
  guard: { type: 'unwrittenAreRevoked', params: recordOf },
  target: '#session.settling',
  actions: adoptRevocation,
} as const;

export const refreshing = session.createStateConfig({
  description: 'Requests new tokens, and serves the present ones until they expire.',
  initial: 'leasing',
  on: queueCallers,
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
          guard: { type: 'responseWasLost', params: failureOf },
          target: 'leasing',
          actions: 'noteLostResponse',
        },
        {
          guard: { type: 'refreshTokenWasRejected', params: failureOf },
          target: 'writingTombstone',
          actions: { type: 'noteRejection', params: failureOf },
        },
        ...backOff,
      ],
    }),
    committing: committing({ succeeded: [], kept: [] }),
    writingTombstone: {
      description: 'The server rejected the refresh token. The session ends, unless another instance has newer tokens.',
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
        'storage.failed': { target: 'backingOff', actions: ['forgetRejection', noteFailure, ...rejectCallers] },
      },
    },
    backingOff: backingOff({
      retry: [],
      requests: [],
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
