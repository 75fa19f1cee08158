import type { TokenFacts } from '../../kernel/token-set.js';
import { expiryWindow, renewalWindow } from '../policy.js';
import { canRenew, session } from '../session-setup.js';
import {
  adoptRevocation,
  commitHeld,
  noteFailure,
  noteHaste,
  noteHint,
  noteRecord,
  noteUnreadable,
  refusing,
  rejectWithLastFailure,
  serveCallers,
  startWriteTimer,
  stopRetryTimer,
} from './actions.js';
import { failureOf, recordOf, timeOf, versionOf } from './params.js';
import {
  adoptAndSettle,
  beginning,
  beginRenewal,
  endingOf,
  learningWithTokens,
  renew,
  renewByItself,
  renewRejected,
  serveWhilePaced,
} from './transitions.js';

const notRenewable = () =>
  refusing({
    reason: 'failed',
    failure: {
      kind: 'terminal',
      source: 'session',
      code: 'no_refresh_token',
      description: 'There is no refresh token to renew with. Sign in again, and ask for the scope that brings one.',
    },
  });

const serveIfForcedRecently = {
  guard: { type: 'wasForcedRecently', params: timeOf },
  actions: 'serveCallers',
} as const;

const serveWantedWhilePaced = {
  guard: { type: 'isPacedAndWanted', params: timeOf },
  actions: serveCallers,
} as const;

/** Refreshes for callers that are already waiting. */
const renewForNotedWish = { target: renew.target, actions: [beginRenewal, noteHaste] } as const;

const fresh = session.createStateConfig({
  entry: [
    'noteWishesMet',
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
      {
        guard: { type: 'usedAndNotPaced', params: ({ event }) => ({ used: event.used, now: event.now }) },
        ...renewByItself,
      },
      { guard: 'canRenew', target: 'due' },
      { guard: { type: 'isOver', params: timeOf }, ...endingOf('access_token_expired') },
      // The session's time was corrected after the timer started, and the tokens are not due yet.
      { target: 'fresh', reenter: true },
    ],
    'token.requested': [
      serveWhilePaced,
      { guard: 'canRenew', ...renewByItself },
      { guard: { type: 'isOver', params: timeOf }, ...endingOf('access_token_expired') },
      { actions: 'serveCallers' },
    ],
    ...learningWithTokens,
  },
});

const due = session.createStateConfig({
  description: 'No caller used the token recently, so the refresh waits for the next caller.',
  always: [serveWantedWhilePaced, { guard: 'canRenewAndIsWanted', ...renewForNotedWish }],
  on: {
    'token.requested': [serveWhilePaced, renewByItself],
    ...learningWithTokens,
  },
});

/** Handles a record that conflicts with unwritten tokens. */
const overwriteRecord = [
  { guard: { type: 'newerIsLost', params: recordOf }, target: '#session.settling', actions: noteRecord },
  {
    guard: { type: 'isOutdoneAndNotTheNewest', params: recordOf },
    target: 'unsaved',
    reenter: true,
    actions: noteRecord,
  },
  { guard: { type: 'isOutdone', params: recordOf }, actions: [noteRecord, commitHeld] },
] as const;
const yieldToRecord = [
  { guard: { type: 'recordIsRevoked', params: recordOf }, target: '#session.settling', actions: adoptRevocation },
  adoptAndSettle,
] as const;

const unsaved = session.createStateConfig({
  description: 'New tokens are served from memory, because the storage does not take them. The write is repeated.',
  entry: startWriteTimer,
  exit: stopRetryTimer,
  // Callers that still wait here need newer tokens: the present ones have expired.
  always: [
    serveWantedWhilePaced,
    { guard: 'isWantedAndRenewsWithoutStorage', ...renewForNotedWish },
    { guard: 'isWanted', actions: ['noteWishesMet', rejectWithLastFailure] },
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
    'lease.held': { target: '#session.settling', actions: 'leaveLossAlone' },
    'commit.succeeded': { target: '#session.settling', actions: { type: 'rememberCommit', params: versionOf } },
    'commit.conflicted': [...overwriteRecord, ...yieldToRecord],
    'storage.failed': [
      { guard: { type: 'newTokensOutdoUnreadable', params: failureOf }, actions: [noteUnreadable, commitHeld] },
      { target: 'unsaved', reenter: true, actions: noteFailure },
    ],
    'token.requested': [
      serveWhilePaced,
      { guard: { type: 'isDueAndRenewsWithoutStorage', params: timeOf }, ...renewByItself },
      { guard: { type: 'isStillAlive', params: timeOf }, actions: 'serveCallers' },
      { actions: rejectWithLastFailure },
    ],
    'refresh.requested': [{ guard: 'renewsWithoutStorage', ...renew }, { actions: rejectWithLastFailure }],
    'token.rejected': [
      serveIfForcedRecently,
      { guard: 'renewsWithoutStorage', ...renewRejected },
      { actions: rejectWithLastFailure },
    ],
  },
});

export const valid = session.createStateConfig({
  description: 'There are tokens, and nothing says that they are dead.',
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
    ...beginning,
  },
  states: { fresh, due, unsaved },
});
