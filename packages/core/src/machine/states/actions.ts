/** Lists of actions that several states share, named for what they do together. */
import type { Failure } from '../../kernel/failure.js';
import type { Rejection } from '../../kernel/session-ending.js';
import type { SessionContext } from '../context.js';
import type { SessionEvent } from '../events.js';
import { policy, retryWindow } from '../policy.js';
import { expectedVersion, failureOf, recordOf, versionOf } from './params.js';

/** The arguments that XState passes to the parameters of an action. */
export interface Args {
  readonly context: SessionContext;
  readonly event: SessionEvent;
}

/** Lets new tokens replace an unreadable record: a write needs only its version. */
export const noteUnreadable = { type: 'noteUnreadable', params: failureOf } as const;
export const noteRecord = { type: 'noteRecord', params: recordOf } as const;
export const noteHint = { type: 'noteHint', params: versionOf } as const;
export const noteFailure = { type: 'noteFailure', params: failureOf } as const;

export const adoptRecord = [
  { type: 'rememberRecord', params: recordOf },
  { type: 'adoptTokens', params: { from: 'record' } },
] as const;

/** Adopts a revocation. Unwritten tokens must be revoked at the server too. */
export const adoptRevocation = [{ type: 'revokeTokens', params: { which: 'unwritten' } }, ...adoptRecord] as const;

export const adoptCommitted = [
  { type: 'rememberCommit', params: versionOf },
  { type: 'adoptTokens', params: { from: 'held' } },
  'announceTokens',
  'confirmSignIn',
] as const;

export const adoptImported = [
  { type: 'rememberCommit', params: versionOf },
  { type: 'adoptTokens', params: { from: 'held' } },
  'confirmSignIn',
] as const;

export const adoptUnwritten = [
  { type: 'rememberUnwritten', params: failureOf },
  { type: 'adoptTokens', params: { from: 'held' } },
] as const;

export const adoptUncommitted = [...adoptUnwritten, 'announceTokens', 'confirmSignIn'] as const;

export const serveCallers = ['clearRequest', 'serveCallers'] as const;

export const commitHeld = { type: 'commitTokens', params: expectedVersion } as const;

/** Why tokens are not written, if there is no other failure. */
const NOT_WRITTEN: Failure = {
  kind: 'transient',
  source: 'storage',
  code: 'not_written',
  description: 'The new tokens could not be stored yet. They are served, and the write is retried. Check the storage.',
};

export function rejectionParams(rejection: Rejection): { rejection: Rejection } {
  return { rejection };
}

export const rejectCallers = [
  'clearRequest',
  {
    type: 'rejectCallers',
    params: ({ event }: { event: { failure: Failure } }) =>
      rejectionParams({ reason: 'failed', failure: event.failure }),
  },
] as const;

/** Rejects callers with the failure that the session is backing off from. */
export const rejectWithLastFailure = {
  type: 'rejectCallers',
  params: ({ context }: Args) => rejectionParams({ reason: 'failed', failure: context.failure ?? NOT_WRITTEN }),
} as const;

/** Rejects callers because there are no tokens, and says why there are none. */
export const rejectWithoutTokens = {
  type: 'rejectCallers',
  params: ({ context }: Args) => {
    if (context.revoked) return rejectionParams({ reason: 'revoked' });
    if (context.ending !== null) return rejectionParams({ reason: 'ended', ending: context.ending });
    return rejectionParams({ reason: 'not_authenticated' });
  },
} as const;

export const startRetryTimer = {
  type: 'startTimer',
  params: ({ context, event }: Args) => ({
    timer: 'retry' as const,
    ...retryWindow(context.failure ?? NOT_WRITTEN, context.attempt, event.now),
  }),
} as const;

/** Starts the same timer before a write, which the server's own pauses do not delay. */
export const startWriteTimer = {
  type: 'startTimer',
  params: ({ context: { failure, attempt }, event }: Args) => ({
    timer: 'retry' as const,
    ...(failure?.source === 'storage'
      ? retryWindow(failure, attempt, event.now)
      : retryWindow(NOT_WRITTEN, 0, event.now)),
  }),
} as const;

export const stopRetryTimer = { type: 'stopTimer', params: { timer: 'retry' } } as const;

export const startLeaseTimer = {
  type: 'startTimer',
  params: ({ event }: Args) => ({
    timer: 'lease' as const,
    notBefore: event.now + policy.leaseRenewal,
    notAfter: event.now + policy.leaseRenewal,
  }),
} as const;

/** Delays the next refresh, because the session itself began this one, and no caller. */
export const noteEarlyRefresh = 'noteEarlyRefresh' as const;

/** Delays the next refresh, because the tokens had expired before they could be served. */
export const noteExpiredOnArrival = 'noteExpiredOnArrival' as const;
