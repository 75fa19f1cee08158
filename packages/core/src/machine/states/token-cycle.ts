/**
 * The states that lead to new tokens, from the lease to the commit. `authorizing` and `refreshing` both have them; where
 * the two differ, the state takes the difference as an argument.
 */
import type { TokenOrigin } from '../effects.js';
import { policy, shift } from '../policy.js';
import { session, type TransitionsOn } from '../session-setup.js';
import {
  adoptCommitted,
  adoptRecord,
  adoptUncommitted,
  commitHeld,
  noteExpiredOnArrival,
  noteFailure,
  noteHint,
  noteRecord,
  noteUnreadable,
  rejectCallers,
  rejectWithLastFailure,
  serveCallers,
  startLeaseTimer,
  startRetryTimer,
  stopRetryTimer,
} from './actions.js';
import { failureOf, recordOf, tokensOf } from './params.js';
import { adoptAndSettle, followRecord, signInOrOut } from './transitions.js';

/** Pauses after a failed request. Callers wait through a short pause, and are rejected when it is long. */
export const backOff = [
  { guard: { type: 'callersMayWait', params: failureOf }, target: 'backingOff', actions: noteFailure },
  { target: 'backingOff', actions: [noteFailure, ...rejectCallers] },
] as const;

/** Requests the lease, which decides whether this session or another instance may send a request. */
export function leasing<const Moved extends TransitionsOn<'lease.moved'>>({ moved }: { moved: Moved }) {
  return session.createStateConfig({
    tags: 'busy',
    entry: { type: 'requestLease', params: ({ context }) => ({ ifVersion: context.version }) },
    on: {
      'lease.granted': {
        target: 'requesting',
        actions: { type: 'noteLease', params: ({ event }) => ({ abandoned: event.abandoned }) },
      },
      'lease.held': 'waiting',
      'lease.moved': [
        // This session knows a newer record than the one that the storage went back to, so it refreshes from that.
        { guard: { type: 'recordWentBack', params: recordOf }, target: 'leasing', reenter: true, actions: noteRecord },
        ...moved,
        adoptAndSettle,
      ],
      'storage.failed': [{ guard: 'continuesWithoutStorage', target: 'requesting' }, ...backOff],
    },
  });
}

/** Waits for the instance that holds the lease to write its record, instead of queuing for the lease. */
export const waiting = session.createStateConfig({
  entry: { type: 'startTimer', params: ({ event }) => ({ timer: 'poll', ...shift(policy.poll, event.now) }) },
  exit: { type: 'stopTimer', params: { timer: 'poll' } },
  on: {
    'record.changed': { target: 'leasing', actions: noteHint },
    'pollTimer.elapsed': 'leasing',
    ...signInOrOut,
  },
});

/**
 * Requests tokens from the server. The session renews the lease until the response arrives, and never aborts the
 * request.
 */
export function requesting<const Failed extends TransitionsOn<'tokenRequest.failed'>>({ failed }: { failed: Failed }) {
  return session.createStateConfig({
    tags: 'busy',
    entry: [
      {
        type: 'requestToken',
        params: ({ context }) => ({ grant: context.origin as Exclude<TokenOrigin, 'import'> }),
      },
      startLeaseTimer,
    ],
    exit: { type: 'stopTimer', params: { timer: 'lease' } },
    on: {
      'leaseTimer.elapsed': { actions: ['renewLease', startLeaseTimer] },
      'tokenResponse.received': {
        target: 'committing',
        actions: [{ type: 'rememberHeld', params: tokensOf }, { type: 'notePace', params: tokensOf }, 'holdTokens'],
      },
      'tokenRequest.failed': failed,
    },
  });
}

/**
 * The request or its commit may take longer than the token's lifetime, for example while the machine sleeps. Then
 * callers keep waiting for another token. If that happens repeatedly, the pace ends the loop, and callers get the
 * present tokens.
 */
const heldIsAlive = 'heldIsAlive' as const;

/** Writes the new tokens, and only then serves them. `kept`: what else to do with tokens that cannot be written now. */
export function committing<
  const Succeeded extends TransitionsOn<'commit.succeeded'>,
  const Kept extends TransitionsOn<'storage.failed'>,
>({ succeeded, kept }: { succeeded: Succeeded; kept: Kept }) {
  return session.createStateConfig({
    tags: 'busy',
    entry: commitHeld,
    on: {
      'commit.succeeded': [
        ...succeeded,
        { guard: heldIsAlive, target: '#session.settling', actions: [...adoptCommitted, ...serveCallers] },
        { target: '#session.settling', actions: [...adoptCommitted, noteExpiredOnArrival] },
      ],
      'commit.conflicted': [
        {
          guard: { type: 'newTokensReplaceRecord', params: recordOf },
          target: 'committing',
          reenter: true,
          actions: noteRecord,
        },
        // The session was revoked during this request, so its new tokens must be revoked too.
        {
          guard: { type: 'recordIsRevoked', params: recordOf },
          target: '#session.settling',
          actions: [{ type: 'revokeTokens', params: { which: 'held' } }, ...adoptRecord],
        },
        adoptAndSettle,
      ],
      'storage.failed': [
        // New tokens replace an unreadable record like any other.
        {
          guard: { type: 'newTokensReplaceUnreadable', params: failureOf },
          target: 'committing',
          reenter: true,
          actions: noteUnreadable,
        },
        ...kept,
        // The server may have rotated the refresh token, and this may be the only copy of the new one.
        { guard: heldIsAlive, target: '#session.valid.unsaved', actions: [...adoptUncommitted, ...serveCallers] },
        { target: '#session.valid.unsaved', actions: [...adoptUncommitted, noteExpiredOnArrival] },
      ],
    },
  });
}

/** Callers that ask during a pause wait for its end, or are rejected when that is too far away. */
const waitingForRetry = [
  { guard: 'callersMayStillWait', actions: 'noteRequest' },
  { actions: ['noteRequest', rejectWithLastFailure] },
] as const;

/** A caller that requests a token during a code exchange waits for that exchange. */
export interface JoiningExchange {
  readonly guard: 'isExchangingCode';
  readonly actions: 'noteRequest';
}

/**
 * Pauses after a failure. Tokens are served until they expire. The arguments are transitions to try first: when the pause
 * ends, when a caller requests a token, when a hint arrives, and when a record was read.
 */
export function backingOff<
  const Retry extends TransitionsOn<'retryTimer.elapsed'>,
  const Hint extends TransitionsOn<'record.changed'>,
  const Read extends TransitionsOn<'record.read'>,
>({ retry, requests, hint, read }: { retry: Retry; requests: readonly JoiningExchange[]; hint: Hint; read: Read }) {
  return session.createStateConfig({
    entry: [
      {
        type: 'releaseLease',
        params: ({ context }) => ({ spent: context.possiblySpent && context.origin === 'refresh_token' }),
      },
      startRetryTimer,
    ],
    exit: stopRetryTimer,
    on: {
      // Without callers there is no retry: the next caller causes one.
      'retryTimer.elapsed': [...retry, { guard: 'isRequested', target: 'leasing' }, { target: '#session.settling' }],
      'token.requested': [...requests, ...waitingForRetry],
      // An API rejects the requests with one token one after the other; all of them wait for one refresh.
      'token.rejected': [...requests, ...waitingForRetry],
      // The application wants a retry now, and gets it unless the server sent a `Retry-After`.
      'refresh.requested': [
        ...requests,
        { guard: 'serverSetNoTime', target: 'leasing', actions: 'noteRequest' },
        { actions: ['noteRequest', rejectWithLastFailure] },
      ],
      'record.changed': [...hint, followRecord['record.changed']],
      'record.read': [...read, followRecord['record.read']],
      ...signInOrOut,
    },
  });
}
