/** Transitions that several states share. */
import type { EndingCause } from '../../kernel/session-ending.js';
import type { SessionContext } from '../context.js';
import { transitions } from '../session-setup.js';
import { adoptRecord, noteEarlyRefresh, noteHint, noteRecord, rejectCallers, rejectWithoutTokens } from './actions.js';
import { recordOf, tokensOf, versionOf } from './params.js';

/** Adopts the record that came with the event. */
export const adoptAndSettle = { target: '#session.settling', actions: adoptRecord } as const;

/** What an idle session learns from other instances. */
export const followRecord = transitions({
  // A session also gets the hints of its own commits, which it knows already.
  'record.changed': { guard: { type: 'hintIsNew', params: versionOf }, actions: [noteHint, 'readRecord'] },
  'record.read': { guard: { type: 'recordIsNewer', params: recordOf }, ...adoptAndSettle },
});

/** The same with tokens: they are written over an older record before another instance refreshes from it. */
export const followRecordWithTokens = transitions({
  'record.changed': followRecord['record.changed'],
  'record.read': [
    followRecord['record.read'],
    {
      guard: { type: 'lostTokensAreUsable', params: recordOf },
      target: '#session.settling',
      actions: noteRecord,
    },
    // The hint that caused this read was of another storage, or of a write that is lost.
    { guard: { type: 'recordIsKnown', params: recordOf }, actions: 'forgetHint' },
  ],
});

/** What an idle session can begin. */
export const signInOrOut = transitions({
  'code.received': {
    target: '#session.authorizing.requesting',
    actions: [{ type: 'beginWith', params: { origin: 'authorization_code' } }, 'forgetFailures'],
  },
  'tokens.imported': {
    target: '#session.authorizing.committing',
    actions: [
      { type: 'beginWith', params: { origin: 'import' } },
      'forgetPace',
      { type: 'rememberHeld', params: tokensOf },
      'holdTokens',
    ],
  },
  'revocation.requested': [
    { guard: 'hasTokens', target: '#session.revoking.requesting' },
    { guard: 'hasRecord', target: '#session.revoking.committing' },
  ],
});

/** Callers that request a token while new tokens are on their way wait for those. */
export const queueCallers = transitions({
  'token.requested': { actions: 'noteRequest' },
  'token.rejected': { actions: 'noteRequest' },
  'refresh.requested': { actions: 'noteRequest' },
});

/**
 * A service without tokens requests some. A user's session reads the record first, because a hint may be lost and
 * another instance may have signed the user in. If not, callers are rejected.
 */
const requestWithoutTokens = [
  {
    guard: 'usesClientCredentials',
    target: '#session.authorizing.leasing',
    actions: ['noteRequest', { type: 'beginWith', params: { origin: 'client_credentials' } }],
  },
  { guard: 'isRequested' },
  { actions: ['noteRequest', 'readRecord'] },
] as const;

/** The transitions of an idle session without tokens. */
export const withoutTokens = transitions({
  'session.opened': { actions: 'readRecord' },
  'token.requested': requestWithoutTokens,
  'refresh.requested': requestWithoutTokens,
  'record.changed': followRecord['record.changed'],
  'record.read': [
    followRecord['record.read'],
    { guard: 'isRequested', actions: ['clearRequest', rejectWithoutTokens] },
  ],
  'storage.failed': { guard: 'isRequested', actions: rejectCallers },
});

export const beginRenewal = {
  type: 'beginWith',
  params: ({ context }: { context: SessionContext }) => ({ origin: context.renewal }),
} as const;

/** Refreshes because a caller requested new tokens. */
export const renew = { target: '#session.refreshing.leasing', actions: ['noteRequest', beginRenewal] } as const;

/** Refreshes because the tokens are due. */
export const renewByItself = { target: renew.target, actions: [...renew.actions, noteEarlyRefresh] } as const;

/** Refreshes because an API rejected the access token. */
export const renewRejected = {
  target: renew.target,
  actions: [...renew.actions, 'noteRejectedToken'],
} as const;

/** Serves the present tokens, because it is too early to request others. */
export const serveWhilePaced = { guard: 'isPaced', actions: 'serveCallers' } as const;

/**
 * Ends a session with tokens that cannot be refreshed. Other instances find that out themselves, so nothing is written.
 */
export function endingOf(cause: EndingCause) {
  return {
    target: '#session.expired',
    actions: [{ type: 'noteEnding', params: { cause } }, 'rememberNothing', 'forgetTokens'],
  } as const;
}
