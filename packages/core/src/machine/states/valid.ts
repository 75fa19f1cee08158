import { and, not } from 'xstate';
import type { TokenFacts } from '../../kernel/token-set.js';
import { expiryWindow, renewalWindow } from '../policy.js';
import { canRenew, session } from '../session-setup.js';
import {
  adoptRevocation,
  commitHeld,
  noteEarlyRefresh,
  noteFailure,
  noteHint,
  noteRecord,
  noteUnreadable,
  rejectionParams,
  rejectWithLastFailure,
  serveCallers,
  startWriteTimer,
  stopRetryTimer,
} from './actions.js';
import { failureOf, recordOf, versionOf } from './params.js';
import {
  adoptAndSettle,
  beginRenewal,
  endingOf,
  followRecordWithTokens,
  renew,
  renewByItself,
  renewRejected,
  serveWhilePaced,
  signInOrOut,
} from './transitions.js';

const notRenewable = () =>
  rejectionParams({
    reason: 'failed',
    failure: {
      kind: 'terminal',
      source: 'session',
      code: 'no_refresh_token',
      description: 'The session has no refresh token. Sign in again, and request the scope that grants one.',
    },
  });

const serveIfForcedRecently = {
  guard: 'wasForcedRecently',
  actions: 'serveCallers',
} as const;

const serveWaitingWhilePaced = {
  guard: and(['isPaced', 'isRequested']),
  actions: serveCallers,
} as const;

/** Refreshes for callers that are already waiting. */
const renewForWaiting = { target: renew.target, actions: [beginRenewal, noteEarlyRefresh] } as const;

const fresh = session.createStateConfig({
  entry: [
    'clearRequest',
    'serveCallers',
    {
      type: 'startTimer',
      params: ({ context }) => {
        const tokens = context.tokens as TokenFacts;
        return {
          timer: 'refresh',
          ...(canRenew(context) ? renewalWindow(tokens, context.refreshBuffer) : expiryWindow(tokens)),
        };
      },
    },
  ],
  exit: { type: 'stopTimer', params: { timer: 'refresh' } },
  on: {
    'refreshTimer.elapsed': [
      { guard: and(['canRenew', 'wasUsed', not('isPaced')]), ...renewByItself },
      { guard: 'canRenew', target: 'due' },
      { guard: 'isExpiredForGood', ...endingOf('access_token_expired') },
      // The session's time was corrected after the timer started, and the tokens are not due yet.
      { target: 'fresh', reenter: true },
    ],
    'token.requested': [
      serveWhilePaced,
      { guard: 'canRenew', ...renewByItself },
      { guard: 'isExpiredForGood', ...endingOf('access_token_expired') },
      { actions: 'serveCallers' },
    ],
    ...followRecordWithTokens,
  },
});

const due = session.createStateConfig({
  description: 'No caller used the token recently, so the refresh waits for the next caller.',
  always: [serveWaitingWhilePaced, { guard: and(['canRenew', 'isRequested']), ...renewForWaiting }],
  on: {
    'token.requested': [serveWhilePaced, renewByItself],
    ...followRecordWithTokens,
  },
});

/** Handles a record that conflicts with unwritten tokens. */
const overwriteRecord = [
  { guard: { type: 'newerIsLost', params: recordOf }, target: '#session.settling', actions: noteRecord },
  {
    guard: { type: 'newTokensReplaceRecordButNewerExists', params: recordOf },
    target: 'unsaved',
    reenter: true,
    actions: noteRecord,
  },
  { guard: { type: 'newTokensReplaceRecord', params: recordOf }, actions: [noteRecord, commitHeld] },
] as const;
const yieldToRecord = [
  { guard: { type: 'recordIsRevoked', params: recordOf }, target: '#session.settling', actions: adoptRevocation },
  adoptAndSettle,
] as const;

const unsaved = session.createStateConfig({
  description: 'New tokens are served from memory, because the storage could not write them. The write is retried.',
  entry: startWriteTimer,
  exit: stopRetryTimer,
  // Callers that still wait here need newer tokens: the present ones have expired.
  always: [
    serveWaitingWhilePaced,
    { guard: and(['isRequested', 'canRenew', 'continuesWithoutStorage']), ...renewForWaiting },
    { guard: 'isRequested', actions: ['clearRequest', rejectWithLastFailure] },
  ],
  on: {
    // Only this state retries the write, but not of tokens that another instance may have replaced.
    'retryTimer.elapsed': [{ guard: 'knowsOfNewer', actions: 'readRecord' }, { actions: commitHeld }],
    'record.changed': { actions: noteHint },
    'record.read': [
      // The hint was of another storage, or of a write that is lost.
      { guard: { type: 'recordIsKnown', params: recordOf }, actions: ['forgetHint', commitHeld] },
      ...overwriteRecord,
      // This was read before the session knew that the storage had lost the tokens.
      { guard: { type: 'recordIsLost', params: recordOf } },
      ...yieldToRecord,
    ],
    // Another instance is refreshing the tokens that the storage lost.
    'lease.held': { target: '#session.settling', actions: 'leaveRestoreToOthers' },
    'commit.succeeded': { target: '#session.settling', actions: { type: 'rememberCommit', params: versionOf } },
    'commit.conflicted': [...overwriteRecord, ...yieldToRecord],
    'storage.failed': [
      { guard: { type: 'newTokensReplaceUnreadable', params: failureOf }, actions: [noteUnreadable, commitHeld] },
      { target: 'unsaved', reenter: true, actions: noteFailure },
    ],
    'token.requested': [
      serveWhilePaced,
      { guard: and(['isDue', 'continuesWithoutStorage']), ...renewByItself },
      { guard: 'isAlive', actions: 'serveCallers' },
      { actions: rejectWithLastFailure },
    ],
    'refresh.requested': [
      { guard: and(['canRenew', 'continuesWithoutStorage']), ...renew },
      { actions: rejectWithLastFailure },
    ],
    'token.rejected': [
      serveIfForcedRecently,
      { guard: and(['canRenew', 'continuesWithoutStorage']), ...renewRejected },
      { actions: rejectWithLastFailure },
    ],
  },
});

export const valid = session.createStateConfig({
  description: 'There are tokens, and neither the server nor the API has rejected them.',
  initial: 'fresh',
  on: {
    'refresh.requested': [
      { guard: 'canRenew', ...renew },
      { actions: { type: 'rejectCallers', params: notRenewable } },
    ],
    'token.rejected': [
      serveIfForcedRecently,
      { guard: 'canRenew', ...renewRejected },
      endingOf('access_token_rejected'),
    ],
    ...signInOrOut,
  },
  states: { fresh, due, unsaved },
});
