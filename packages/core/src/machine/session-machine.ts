/**
 * The life of one session's tokens, as a statechart that does nothing by itself.
 *
 * Theory of operation
 * -------------------
 * The machine hears what happened (events, in the past tense, each with the time `now`) and answers with what is to
 * be done (effects, in the imperative). It reads no clock, no network, no storage and holds no secret: context has
 * times, versions and failure codes, and the tokens themselves lie in the session's vault, which only the effects'
 * handlers open. So a snapshot is plain JSON that anybody may see, and every path can be walked in a test.
 *
 * One circle makes new tokens, whoever the session belongs to:
 *
 *     leasing ──granted──▶ requesting ──answer──▶ committing ──written──▶ settling ──▶ valid
 *        ▲   ╲──held──▶ waiting   ╲──no answer──▶ backingOff
 *        ╰──────────────────┴──────────────────────────╯
 *
 * A session that has no tokens yet walks it as `authorizing`, one that renews as `refreshing`. What keeps a refresh
 * token, which may be presented once, from being lost or spent twice:
 *
 * - The lease is granted only while the record in storage has the version that this session knows. If it has moved
 *   on, another instance renewed: its tokens are adopted, and no request is made.
 * - Whoever finds the lease held waits for the record to change and never queues for the lease.
 * - Tokens are served only after they are written. The write is a compare-and-set, so the lease merely saves work:
 *   when two instances did ask, the loser adopts what the winner wrote.
 * - A request that was sent is never abandoned, because its answer may hold the only refresh token there is.
 * - A refused refresh token ends the session by a compare-and-set too. If the record moved on meanwhile, the refusal
 *   was about an old token, and the new ones are adopted: nobody is signed out by losing a race.
 * - Versions only grow. A record of an earlier one than is known proves that the storage lost its last writes, so it is
 *   never adopted: its refresh token is spent. The tokens in memory count as not written then, and are written anew,
 *   unless a hint told of a version that another instance has written since: then they are spent too. A tombstone of
 *   tokens from an earlier version than is known proves the same loss.
 * - No fault makes a session press the server. Renewals that come too early, by the life that the last tokens were given,
 *   wait for each other ever longer, and callers get the tokens at hand meanwhile.
 * - Only the server ends a session. Faults of the network, of the storage or of the client's configuration keep the
 *   tokens, which are served until they expire while the machine backs off and tries again.
 *
 * `settling` is where every branch meets: it takes no time, looks at what there is, and picks the state. States
 * tagged `busy` last as long as one answer takes; whoever wants to begin something else waits until they are over.
 */
import type { Failure } from '../kernel/failure.js';
import type { RecordFacts } from '../kernel/record-facts.js';
import type { EndingCause, Refusal, SessionEnding } from '../kernel/session-ending.js';
import type { TokenFacts } from '../kernel/token-set.js';
import { initialContext, type SessionContext } from './context.js';
import type { TokenOrigin } from './effects.js';
import type { SessionEvent } from './events.js';
import { expiryWindow, policy, renewalWindow, retryWindow, shift } from './policy.js';
import { canRenew, session } from './session-setup.js';

// What events hand to guards and actions.
const time = ({ event }: { event: SessionEvent }) => ({ now: event.now });
const itsRecord = ({ event }: { event: { record: RecordFacts } }) => ({ record: event.record });
const itsVersion = ({ event }: { event: { version: number } }) => ({ version: event.version });
const itsFailure = ({ event }: { event: { failure: Failure; now: number } }) => ({
  failure: event.failure,
  now: event.now,
});
const itsRefusal = ({ event }: { event: { failure: Failure } }) => ({ failure: event.failure });
const refusing = (refusal: Refusal) => ({ refusal });

/** The record cannot be read, but there it is: what is new may be written over this version of it. */
const noteTheUnreadable = { type: 'noteUnreadable', params: itsRefusal } as const;

const noteTheRecord = { type: 'noteRecord', params: itsRecord } as const;

/** What is wrong with tokens that the storage has not taken, when nothing else is. */
const NOT_WRITTEN: Failure = {
  kind: 'transient',
  source: 'storage',
  code: 'not_written',
  description:
    'The storage has not taken the new tokens yet. They are served, and written again: look after the storage.',
};

// Steps that occur in several states, named for what they amount to.
const adoptTheRecord = [
  { type: 'rememberRecord', params: itsRecord },
  { type: 'adoptTokens', params: { from: 'record' } },
] as const;
const adoptTheCommitted = [
  { type: 'rememberCommit', params: itsVersion },
  { type: 'adoptTokens', params: { from: 'held' } },
  'announceTokens',
  'confirmTokens',
] as const;
/** The session was revoked: what the storage never had must not outlive that at the server either. */
const adoptTheRevocation = [{ type: 'revokeTokens', params: { which: 'unwritten' } }, ...adoptTheRecord] as const;
const adoptTheImported = [
  { type: 'rememberCommit', params: itsVersion },
  { type: 'adoptTokens', params: { from: 'held' } },
  'confirmTokens',
] as const;
const adoptTheUnwritten = [
  { type: 'rememberUnwritten', params: itsFailure },
  { type: 'adoptTokens', params: { from: 'held' } },
] as const;
const serveAll = ['noteWishesMet', 'serveCallers'] as const;
const turnCallersAway = [
  'noteWishesMet',
  {
    type: 'rejectCallers',
    params: ({ event }: { event: { failure: Failure } }) => refusing({ reason: 'failed', failure: event.failure }),
  },
] as const;
const repeatTheRefusal = {
  type: 'rejectCallers',
  params: ({ context }: { context: SessionContext }) =>
    refusing({ reason: 'failed', failure: context.failure ?? NOT_WRITTEN }),
} as const;
const commitTheHeld = {
  type: 'commitTokens',
  params: ({ context }: { context: SessionContext }) => ({ expectedVersion: context.version }),
} as const;
const startTheRetryTimer = {
  type: 'startTimer',
  params: ({ context, event }: { context: SessionContext; event: SessionEvent }) => ({
    timer: 'retry' as const,
    ...retryWindow(context.failure ?? NOT_WRITTEN, context.attempt, event.now),
  }),
} as const;
/** The same before a write: what the server said of its own pauses does not delay it. */
const startTheWriteTimer = {
  type: 'startTimer',
  params: ({ context: { failure, attempt }, event }: { context: SessionContext; event: SessionEvent }) => ({
    timer: 'retry' as const,
    ...(failure?.source === 'storage'
      ? retryWindow(failure, attempt, event.now)
      : retryWindow(NOT_WRITTEN, 0, event.now)),
  }),
} as const;
const stopTheRetryTimer = { type: 'stopTimer', params: { timer: 'retry' } } as const;
const startTheLeaseTimer = {
  type: 'startTimer',
  params: ({ event }: { event: SessionEvent }) => ({
    timer: 'lease' as const,
    notBefore: event.now + policy.leaseRenewal,
    notAfter: event.now + policy.leaseRenewal,
  }),
} as const;

const noteTheHint = { type: 'noteHint', params: itsVersion } as const;

/** What a session at rest hears of other instances. */
const learning = {
  // A session hears of its own commits too, and knows them already.
  'record.changed': {
    guard: { type: 'hintIsNews', params: itsVersion },
    actions: [noteTheHint, 'readRecord'],
  },
  'record.read': {
    guard: { type: 'recordIsNewer', params: itsRecord },
    target: '#session.settling',
    actions: adoptTheRecord,
  },
} as const;

/** The same, where there are tokens: a record from before them is written over before others renew by it. */
const learningWithTokens = {
  ...learning,
  'record.read': [
    learning['record.read'],
    {
      guard: {
        type: 'lostTokensAreOfUse',
        params: ({ event }: { event: { record: RecordFacts; now: number } }) => ({
          record: event.record,
          now: event.now,
        }),
      },
      target: '#session.settling',
      actions: noteTheRecord,
    },
    // The hint that it was read for was of another storage, or of a write that is lost.
    { guard: { type: 'recordIsKnown', params: itsRecord }, actions: 'forgetHint' },
  ],
} as const;

/** What a session at rest may be told to begin. Whoever brings tokens waits for them to be confirmed or refused. */
const beginning = {
  'code.received': {
    target: '#session.authorizing.requesting',
    actions: [{ type: 'beginWith', params: { origin: 'authorization_code' } }, 'forgetFailures'],
  },
  'tokens.imported': {
    target: '#session.authorizing.committing',
    actions: [
      { type: 'beginWith', params: { origin: 'import' } },
      'forgetPace',
      { type: 'rememberHeld', params: ({ event }: { event: { tokens: TokenFacts } }) => ({ tokens: event.tokens }) },
      'holdTokens',
    ],
  },
  'revocation.requested': [
    { guard: 'hasTokens', target: '#session.revoking.requesting' },
    { guard: 'hasRecord', target: '#session.revoking.committing' },
  ],
} as const;

/** What those get who ask while new tokens are on their way: the same. */
const joining = {
  'token.requested': { actions: 'noteWish' },
  'token.rejected': { actions: 'noteWish' },
  'refresh.requested': { actions: 'noteWish' },
} as const;

/** Why there is no token, where there is none. */
const refuseForWantOfTokens = {
  type: 'rejectCallers',
  params: ({ context }: { context: SessionContext }): { refusal: Refusal } => {
    if (context.revoked) return refusing({ reason: 'revoked' });
    if (context.ending !== null) return refusing({ reason: 'ended', ending: context.ending });
    return refusing({ reason: 'not_authenticated' });
  },
} as const;

/**
 * What a session without tokens does for those who ask for one: it signs in by itself, or looks whether another
 * instance has signed the user in, because a hint may be lost, and if not, says why there is none.
 */
const askingWithoutTokens = [
  {
    guard: 'renewsByItself',
    target: '#session.authorizing.leasing',
    actions: ['noteWish', { type: 'beginWith', params: { origin: 'client_credentials' } }],
  },
  { guard: 'isWanted' },
  { actions: ['noteWish', 'readRecord'] },
] as const;
const withoutTokens = {
  'session.opened': { actions: 'readRecord' },
  'token.requested': askingWithoutTokens,
  'refresh.requested': askingWithoutTokens,
  'record.changed': learning['record.changed'],
  'record.read': [learning['record.read'], { guard: 'isWanted', actions: ['noteWishesMet', refuseForWantOfTokens] }],
  'storage.failed': { guard: 'isWanted', actions: turnCallersAway },
} as const;
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

/** A break after a failed attempt. Callers wait through a short one, and are turned away from a long one. */
const backOff = [
  {
    guard: { type: 'callersMayWait', params: itsFailure },
    target: 'backingOff',
    actions: { type: 'noteFailure', params: itsFailure },
  },
  { target: 'backingOff', actions: [{ type: 'noteFailure', params: itsFailure }, ...turnCallersAway] },
] as const;

/** What is known here is newer than the record that the storage went back to, so it is renewed from, and not that. */
const leaseTheEarlier = {
  guard: { type: 'recordWentBack', params: itsRecord },
  target: 'leasing',
  reenter: true,
  actions: noteTheRecord,
} as const;

/** Asks for the lease: may this session renew, or has somebody else, or is somebody else about to? */
const leasing = session.createStateConfig({
  tags: 'busy',
  entry: {
    type: 'requestLease',
    params: ({ context }) => ({ ifVersion: context.version }),
  },
  on: {
    'lease.granted': {
      target: 'requesting',
      actions: { type: 'noteLease', params: ({ event }) => ({ abandoned: event.abandoned }) },
    },
    'lease.held': 'waiting',
    'lease.moved': [leaseTheEarlier, { target: '#session.settling', actions: adoptTheRecord }],
    'storage.failed': [{ guard: 'goesOnWithoutStorage', target: 'requesting' }, ...backOff],
  },
});

/** Another instance holds the lease: its commit is worth more than its lease, so this waits for news of the record. */
const waiting = session.createStateConfig({
  entry: {
    type: 'startTimer',
    params: ({ event }) => ({ timer: 'poll', ...shift(policy.poll, event.now) }),
  },
  exit: { type: 'stopTimer', params: { timer: 'poll' } },
  on: {
    'record.changed': { target: 'leasing', actions: noteTheHint },
    'pollTimer.elapsed': 'leasing',
    ...beginning,
  },
});

/**
 * The answer or its commit may have taken longer than the token lives, as when the process slept. Callers go on waiting
 * then. Where that happens again and again, the pace ends the circle: they get what there is.
 */
const heldIsAlive = { type: 'heldIsAlive', params: time } as const;
const noteDeadArrival = { type: 'noteDeadArrival', params: time } as const;
const committed = [
  { guard: heldIsAlive, target: '#session.settling', actions: [...adoptTheCommitted, ...serveAll] },
  { target: '#session.settling', actions: [...adoptTheCommitted, noteDeadArrival] },
] as const;
/** The server may have rotated, so this may be the only copy of the new refresh token: serve it, and go on trying. */
const adoptTheUncommitted = [...adoptTheUnwritten, 'announceTokens', 'confirmTokens'] as const;
const uncommitted = [
  { guard: heldIsAlive, target: '#session.valid.unsaved', actions: [...adoptTheUncommitted, ...serveAll] },
  { target: '#session.valid.unsaved', actions: [...adoptTheUncommitted, noteDeadArrival] },
] as const;

/** What is new is written over a record that cannot be read, as it is over any other. */
const replaceTheUnreadable = {
  guard: { type: 'newTokensOutdoUnreadable', params: itsRefusal },
  target: 'committing',
  reenter: true,
  actions: noteTheUnreadable,
} as const;

/** Writes what the server gave, and only then serves it. */
const committing = session.createStateConfig({
  tags: 'busy',
  entry: commitTheHeld,
  on: {
    'commit.succeeded': committed,
    'commit.conflicted': [
      {
        guard: { type: 'isOutdone', params: itsRecord },
        target: 'committing',
        reenter: true,
        actions: noteTheRecord,
      },
      // The session was revoked while its renewal was under way: what came of it must not outlive the revocation.
      {
        guard: { type: 'recordIsRevoked', params: itsRecord },
        target: '#session.settling',
        actions: [{ type: 'revokeTokens', params: { which: 'held' } }, ...adoptTheRecord],
      },
      { target: '#session.settling', actions: adoptTheRecord },
    ],
    'storage.failed': [replaceTheUnreadable, ...uncommitted],
  },
});

/** Asks the server. While the question is out, the lease is kept alive; the answer is awaited whatever becomes of it. */
const requesting = session.createStateConfig({
  tags: 'busy',
  entry: [
    {
      type: 'requestToken',
      params: ({ context }) => ({ grant: context.origin as Exclude<TokenOrigin, 'import'> }),
    },
    startTheLeaseTimer,
  ],
  exit: { type: 'stopTimer', params: { timer: 'lease' } },
  on: {
    'leaseTimer.elapsed': { actions: ['renewLease', startTheLeaseTimer] },
    'tokenResponse.received': {
      target: 'committing',
      actions: [
        { type: 'rememberHeld', params: ({ event }) => ({ tokens: event.tokens }) },
        { type: 'notePace', params: ({ event }) => ({ tokens: event.tokens, now: event.now }) },
        'holdTokens',
      ],
    },
  },
});

/** The first answer to a failed request, whoever asked: repeat it at once if its answer was lost. */
const repeatAtOnce = {
  guard: { type: 'answerWasLost', params: itsFailure },
  target: 'requesting',
  reenter: true,
  actions: 'noteLostAnswer',
} as const;

/**
 * The same for a refresh token, by way of the lease: while the answer was awaited, the process may have stood still,
 * another instance may have renewed, and a server that is shown the spent token then may revoke all there is.
 */
const leaseAndRepeat = { guard: repeatAtOnce.guard, target: 'leasing', actions: repeatAtOnce.actions } as const;

/** Whoever asks during a break waits with the others, or is told why the break is too long for that. */
const waitingOn = [
  { guard: { type: 'callersMayStillWait', params: time }, actions: 'noteWish' },
  { actions: ['noteWish', repeatTheRefusal] },
] as const;

/** A break after a failure. Tokens are served as long as they live; whoever would wait too long is told why. */
const backingOff = session.createStateConfig({
  entry: [
    {
      type: 'releaseLease',
      params: ({ context }) => ({ spent: context.possiblySpent && context.origin === 'refresh_token' }),
    },
    startTheRetryTimer,
  ],
  exit: stopTheRetryTimer,
  on: {
    // When nobody asked since, the next one who does begins anew.
    'retryTimer.elapsed': [{ guard: 'isWanted', target: 'leasing' }, { target: '#session.settling' }],
    'token.requested': waitingOn,
    // Requests that were out with one token are rejected one after the other, and all wait for the same renewal.
    'token.rejected': waitingOn,
    // Somebody decided that now is the time; only the server's own word is stronger.
    'refresh.requested': [
      { guard: 'serverSetNoTime', target: 'leasing', actions: 'noteWish' },
      { actions: ['noteWish', repeatTheRefusal] },
    ],
    ...learning,
    ...beginning,
  },
});

/** What becomes of a sign-in is nobody's business but its own: the others see what there is when it is over. */
const whileExchanging = {
  'retryTimer.elapsed': { guard: 'isExchangingCode', target: 'requesting' },
  'token.requested': { guard: 'isExchangingCode', actions: 'noteWish' },
  'token.rejected': { guard: 'isExchangingCode', actions: 'noteWish' },
  'refresh.requested': { guard: 'isExchangingCode', actions: 'noteWish' },
  'record.changed': { guard: 'isExchangingCode' },
  'record.read': { guard: 'isExchangingCode' },
} as const;

const renew = {
  target: '#session.refreshing.leasing',
  actions: [
    'noteWish',
    { type: 'beginWith', params: ({ context }: { context: SessionContext }) => ({ origin: context.renewal }) },
  ],
} as const;

const noteHaste = { type: 'noteHaste', params: time } as const;

/** The same, where nobody but the session decided that it is time. */
const renewByItself = { target: renew.target, actions: [...renew.actions, noteHaste] } as const;

const serveWhilePaced = { guard: { type: 'isPaced', params: time }, actions: 'serveCallers' } as const;
const renewTheRejected = {
  target: renew.target,
  actions: [...renew.actions, { type: 'noteSuspicion', params: time }],
} as const;

/** The end of tokens that nothing can renew. Other instances find it out by themselves, so nothing is written. */
function theEndOf(cause: EndingCause) {
  return {
    target: '#session.expired',
    actions: [{ type: 'noteEnding', params: { cause } }, 'rememberNothing', 'forgetTokens'],
  } as const;
}

/** What becomes of tokens that the storage does not have, by the record that stands in their way. */
const overwriteTheRecord = [
  { guard: { type: 'newerIsLost', params: itsRecord }, target: '#session.settling', actions: noteTheRecord },
  {
    guard: { type: 'isOutdoneAndNotTheNewest', params: itsRecord },
    target: 'unsaved',
    reenter: true,
    actions: noteTheRecord,
  },
  { guard: { type: 'isOutdone', params: itsRecord }, actions: [noteTheRecord, commitTheHeld] },
] as const;
const yieldToTheRecord = [
  { guard: { type: 'recordIsRevoked', params: itsRecord }, target: '#session.settling', actions: adoptTheRevocation },
  { target: '#session.settling', actions: adoptTheRecord },
] as const;

export const sessionMachine = session.createMachine({
  id: 'session',
  context: ({ input }) => initialContext(input),
  initial: 'restoring',
  states: {
    restoring: {
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
            // A record that cannot be read is for nobody to use, and for those who bring something new to replace.
            'code.received': { guard: 'mayReplaceRecord', ...beginning['code.received'] },
            'tokens.imported': { guard: 'mayReplaceRecord', ...beginning['tokens.imported'] },
            'revocation.requested': { guard: 'mayReplaceRecord', target: '#session.revoking.committing' },
          },
        },
        reading: {
          tags: 'busy',
          entry: 'readRecord',
          on: {
            'record.read': { target: '#session.settling', actions: adoptTheRecord },
            'storage.failed': [
              {
                guard: 'signsInWithoutStorage',
                target: '#session.settling',
                actions: [noteTheUnreadable, { type: 'noteFailure', params: itsFailure }],
              },
              {
                target: 'unread',
                actions: [noteTheUnreadable, { type: 'noteFailure', params: itsFailure }, ...turnCallersAway],
              },
            ],
          },
        },
      },
    },

    settling: {
      description: 'Takes no time: picks the state by what there is.',
      always: [
        {
          guard: 'signsInByItself',
          target: 'authorizing.leasing',
          actions: { type: 'beginWith', params: { origin: 'client_credentials' } },
        },
        { guard: 'isRevoked', target: 'revoked' },
        { guard: 'isEnded', target: 'expired' },
        {
          guard: { type: 'isUnwrittenAndAlive', params: time },
          target: 'valid.unsaved',
          actions: serveAll,
        },
        { guard: 'isUnwritten', target: 'valid.unsaved' },
        { guard: { type: 'isOver', params: time }, ...theEndOf('access_token_expired') },
        { guard: { type: 'isDueAndAlive', params: time }, target: 'valid.due', actions: 'serveCallers' },
        { guard: { type: 'isDue', params: time }, target: 'valid.due' },
        { guard: 'hasTokens', target: 'valid.fresh' },
        // Of a record that cannot be read the version is all that is known, which is not the same as no record.
        { guard: 'mustKnowRecord', target: 'restoring.unread' },
        { target: 'unauthenticated' },
      ],
    },

    unauthenticated: {
      description: 'There are no tokens.',
      entry: ['noteWishesMet', refuseForWantOfTokens],
      on: {
        ...withoutTokens,
        'authorization.started': 'authorizing.awaitingRedirect',
        ...beginning,
      },
    },

    authorizing: {
      description: 'First tokens are on their way: a user signs in, or the application asks by its own credentials.',
      initial: 'leasing',
      on: joining,
      states: {
        awaitingRedirect: {
          entry: {
            type: 'startTimer',
            params: ({ event }) => ({
              timer: 'authorization',
              notBefore: event.now + policy.authorizationTtl,
              notAfter: event.now + policy.authorizationTtl,
            }),
          },
          exit: { type: 'stopTimer', params: { timer: 'authorization' } },
          on: {
            ...withoutTokens,
            'authorization.started': { target: 'awaitingRedirect', reenter: true },
            'authorization.denied': '#session.settling',
            'authorizationTimer.elapsed': '#session.settling',
            ...beginning,
          },
        },
        leasing,
        waiting,
        requesting: {
          ...requesting,
          on: {
            ...requesting.on,
            'tokenRequest.failed': [
              repeatAtOnce,
              backOff[0],
              // A code is good for minutes and for one use: there is nothing to come back to later.
              {
                guard: 'isExchangingCode',
                target: '#session.settling',
                actions: ['forgetFailures', { type: 'refuseTokens', params: itsRefusal }],
              },
              backOff[1],
            ],
          },
        },
        committing: {
          ...committing,
          on: {
            ...committing.on,
            'commit.succeeded': [
              { guard: 'isImporting', target: '#session.settling', actions: adoptTheImported },
              ...committed,
            ],
            'storage.failed': [
              replaceTheUnreadable,
              { guard: 'isImporting', target: '#session.settling', actions: [...adoptTheUnwritten, 'confirmTokens'] },
              ...uncommitted,
            ],
          },
        },
        backingOff: {
          ...backingOff,
          on: {
            ...backingOff.on,
            'retryTimer.elapsed': [whileExchanging['retryTimer.elapsed'], ...backingOff.on['retryTimer.elapsed']],
            'token.requested': [whileExchanging['token.requested'], ...backingOff.on['token.requested']],
            'token.rejected': [whileExchanging['token.rejected'], ...backingOff.on['token.rejected']],
            'refresh.requested': [whileExchanging['refresh.requested'], ...backingOff.on['refresh.requested']],
            'record.changed': [whileExchanging['record.changed'], learning['record.changed']],
            'record.read': [whileExchanging['record.read'], learning['record.read']],
          },
        },
      },
    },

    valid: {
      description: 'There are tokens, and nothing says that they are dead.',
      initial: 'fresh',
      on: {
        'refresh.requested': [
          { guard: 'canRenew', ...renew },
          { actions: { type: 'rejectCallers', params: notRenewable } },
        ],
        'token.rejected': [
          { guard: { type: 'wasForcedRecently', params: time }, actions: 'serveCallers' },
          { guard: 'canRenew', ...renewTheRejected },
          theEndOf('access_token_rejected'),
        ],
        ...beginning,
      },
      states: {
        fresh: {
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
              { guard: { type: 'isOver', params: time }, ...theEndOf('access_token_expired') },
              // The clocks were compared anew since the timer was set, and it is not time yet.
              { target: 'fresh', reenter: true },
            ],
            'token.requested': [
              serveWhilePaced,
              { guard: 'canRenew', ...renewByItself },
              { guard: { type: 'isOver', params: time }, ...theEndOf('access_token_expired') },
              { actions: 'serveCallers' },
            ],
            ...learningWithTokens,
          },
        },
        due: {
          description: 'Nobody used the token of late, so its renewal waits until somebody asks.',
          always: [
            { guard: { type: 'isPacedAndWanted', params: time }, actions: serveAll },
            { guard: 'canRenewAndIsWanted', target: renew.target, actions: [renew.actions[1], noteHaste] },
          ],
          on: {
            'token.requested': [serveWhilePaced, renewByItself],
            ...learningWithTokens,
          },
        },
        unsaved: {
          description:
            'New tokens are served from memory, because the storage does not take them. The write is repeated.',
          entry: startTheWriteTimer,
          exit: stopTheRetryTimer,
          // Whoever still waits here waits for more than the tokens at hand, which are over.
          always: [
            { guard: { type: 'isPacedAndWanted', params: time }, actions: serveAll },
            {
              guard: 'isWantedAndRenewsWithoutStorage',
              target: renew.target,
              actions: [renew.actions[1], noteHaste],
            },
            { guard: 'isWanted', actions: ['noteWishesMet', repeatTheRefusal] },
          ],
          on: {
            // This alone decides whether they are written. One that other instances have outdone is not.
            'retryTimer.elapsed': [{ guard: 'knowsOfNewer', actions: 'readRecord' }, { actions: commitTheHeld }],
            'record.changed': { actions: noteTheHint },
            'record.read': [
              // The hint was of another storage, or of a write that is lost.
              { guard: { type: 'recordIsKnown', params: itsRecord }, actions: ['forgetHint', commitTheHeld] },
              ...overwriteTheRecord,
              // It was read before the storage was known to have lost the tokens.
              { guard: { type: 'recordIsLost', params: itsRecord } },
              ...yieldToTheRecord,
            ],
            // Tokens that the storage lost are just being renewed by another instance.
            'lease.held': { target: '#session.settling', actions: 'leaveLossAlone' },
            'commit.succeeded': {
              target: '#session.settling',
              actions: { type: 'rememberCommit', params: itsVersion },
            },
            'commit.conflicted': [...overwriteTheRecord, ...yieldToTheRecord],
            'storage.failed': [
              {
                guard: { type: 'newTokensOutdoUnreadable', params: itsRefusal },
                actions: [noteTheUnreadable, commitTheHeld],
              },
              { target: 'unsaved', reenter: true, actions: { type: 'noteFailure', params: itsFailure } },
            ],
            'token.requested': [
              serveWhilePaced,
              { guard: { type: 'isDueAndRenewsWithoutStorage', params: time }, ...renewByItself },
              { guard: { type: 'isStillAlive', params: time }, actions: 'serveCallers' },
              { actions: repeatTheRefusal },
            ],
            'refresh.requested': [{ guard: 'renewsWithoutStorage', ...renew }, { actions: repeatTheRefusal }],
            'token.rejected': [
              { guard: { type: 'wasForcedRecently', params: time }, actions: 'serveCallers' },
              { guard: 'renewsWithoutStorage', ...renewTheRejected },
              { actions: repeatTheRefusal },
            ],
          },
        },
      },
    },

    refreshing: {
      description: 'New tokens are on their way in the place of others, which are served as long as they live.',
      initial: 'leasing',
      on: joining,
      states: {
        leasing: {
          ...leasing,
          on: {
            ...leasing.on,
            'lease.moved': [
              leaseTheEarlier,
              {
                guard: { type: 'unwrittenDisproveRecord', params: itsRecord },
                target: 'leasing',
                reenter: true,
                actions: noteTheRecord,
              },
              {
                guard: { type: 'unwrittenAreRevoked', params: itsRecord },
                target: '#session.settling',
                actions: adoptTheRevocation,
              },
              { target: '#session.settling', actions: adoptTheRecord },
            ],
          },
        },
        waiting,
        requesting: {
          ...requesting,
          on: {
            ...requesting.on,
            'tokenRequest.failed': [
              leaseAndRepeat,
              {
                guard: { type: 'refreshTokenIsDead', params: itsFailure },
                target: 'entombing',
                actions: { type: 'noteRefusal', params: itsFailure },
              },
              ...backOff,
            ],
          },
        },
        committing,
        entombing: {
          description:
            'The server refused the refresh token. Unless another instance has a newer one, this is the end.',
          tags: 'busy',
          entry: {
            type: 'commitTombstone',
            params: ({ context }) => ({
              expectedVersion: context.version,
              tombstone: {
                status: 'expired',
                ending: context.ending as SessionEnding,
                ofVersion: context.newest,
              },
            }),
          },
          on: {
            'commit.succeeded': {
              target: '#session.settling',
              actions: ['rememberNothing', { type: 'noteVersion', params: itsVersion }, 'forgetTokens'],
            },
            'commit.conflicted': [
              // That the storage went back says nothing about the refusal. Tokens that it went back to are no way out:
              // where each works once, they were used up for the refused ones; where not, they are as dead as those, or
              // of a sign-in that a later one replaced.
              {
                guard: { type: 'recordWentBack', params: itsRecord },
                target: 'entombing',
                reenter: true,
                actions: noteTheRecord,
              },
              { target: '#session.settling', actions: adoptTheRecord },
            ],
            // Whether another instance has newer tokens cannot be known now, so nothing is given up now.
            'storage.failed': {
              target: 'backingOff',
              actions: ['forgetRefusal', { type: 'noteFailure', params: itsFailure }, ...turnCallersAway],
            },
          },
        },
        backingOff: {
          ...backingOff,
          on: {
            ...backingOff.on,
            'record.read': [
              { guard: { type: 'recordIsLost', params: itsRecord }, actions: noteTheRecord },
              { guard: { type: 'recordIsKnown', params: itsRecord }, actions: 'forgetHint' },
              { guard: { type: 'unwrittenDisproveRecord', params: itsRecord }, actions: noteTheRecord },
              {
                guard: { type: 'unwrittenAreRevoked', params: itsRecord },
                target: '#session.settling',
                actions: adoptTheRevocation,
              },
              learning['record.read'],
            ],
          },
        },
      },
    },

    expired: {
      description: 'The tokens are dead. Somebody must sign in again.',
      entry: ['noteWishesMet', refuseForWantOfTokens],
      on: {
        ...withoutTokens,
        'authorization.started': 'authorizing.awaitingRedirect',
        ...beginning,
      },
    },

    revoking: {
      description: 'The tokens are given up: at the server first, then in storage.',
      initial: 'requesting',
      on: joining,
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
            params: ({ context }) => ({ expectedVersion: context.version, tombstone: { status: 'revoked' } }),
          },
          on: {
            'commit.succeeded': {
              target: '#session.settling',
              actions: [{ type: 'rememberRevocation', params: itsVersion }, 'forgetTokens'],
            },
            'commit.conflicted': [
              // Another instance renewed meanwhile, or the storage went back: the revocation is meant for those tokens
              // just as well.
              {
                guard: { type: 'recordHasTokens', params: itsRecord },
                target: 'requesting',
                actions: adoptTheRecord,
              },
              {
                target: 'committing',
                reenter: true,
                actions: noteTheRecord,
              },
            ],
            'storage.failed': [
              {
                guard: { type: 'unreadableIsNewer', params: itsRefusal },
                target: 'committing',
                reenter: true,
                actions: noteTheUnreadable,
              },
              {
                target: '#session.settling',
                actions: [
                  { type: 'rememberRevocation', params: ({ context }) => ({ version: context.version }) },
                  { type: 'noteFailure', params: itsFailure },
                  'forgetTokens',
                ],
              },
            ],
          },
        },
      },
    },

    revoked: {
      description: 'The tokens were given up on purpose.',
      entry: ['noteWishesMet', refuseForWantOfTokens],
      on: {
        ...withoutTokens,
        // The storage lost the revocation, which was meant for what it went back to.
        'record.read': [
          {
            guard: { type: 'tokensCameBack', params: itsRecord },
            target: '#session.revoking.requesting',
            actions: adoptTheRecord,
          },
          ...withoutTokens['record.read'],
        ],
        'authorization.started': 'authorizing.awaitingRedirect',
        ...beginning,
      },
    },
  },
});
