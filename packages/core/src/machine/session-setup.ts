/**
 * The vocabulary of the statechart: its types, actions and guards. Everything here is a pure function of the context
 * and the event.
 */
import { assign, setup } from 'xstate';
import type { Failure } from '../kernel/failure.js';
import { CONSEQUENCES } from '../kernel/failure-policy.js';
import type { RecordFacts } from '../kernel/record-facts.js';
import type { EndingCause } from '../kernel/session-ending.js';
import type { TokenFacts } from '../kernel/token-set.js';
import type { SessionContext, SessionInput } from './context.js';
import { effectActions, type TokenOrigin } from './effects.js';
import type { SessionEvent } from './events.js';
import { isFromFuture, paceEnd, paceOf, policy, quicken, renewalWindow, retryWindow, unripe } from './policy.js';

/** Clears what earlier failures left, once tokens are in place. */
const calm = {
  attempt: 0,
  failure: null,
  retryAt: null,
  possiblySpent: false,
  suspect: false,
  held: null,
  unwritten: null,
} as const;

export const session = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    input: {} as SessionInput,
    tags: {} as 'busy',
  },
  actions: {
    ...effectActions,

    noteWish: assign({ wanted: true }),
    noteWishesMet: assign({ wanted: false }),
    noteSuspicion: assign((_, { now }: { now: number }) => ({ wanted: true, suspect: true, forcedAt: now })),
    beginWith: assign((_, { origin }: { origin: TokenOrigin }) => ({ origin, repeated: false })),
    notePace: assign(({ context }, { tokens, now }: { tokens: TokenFacts; now: number }) => ({
      pace: paceOf(tokens, context.pace, now),
    })),
    noteDeadArrival: assign(({ context }, { now }: { now: number }) => ({ pace: unripe(context.pace, now) })),
    noteHaste: assign(({ context }, { now }: { now: number }) => ({ pace: quicken(context.pace, now) })),
    forgetPace: assign({ pace: null }),
    forgetFailures: assign({ attempt: 0, failure: null, retryAt: null, suspect: false }),
    noteLease: assign(({ context }, { abandoned }: { abandoned: boolean }) => ({
      possiblySpent: context.possiblySpent || abandoned,
    })),
    noteLostAnswer: assign(({ context }) => ({ repeated: true, possiblySpent: mayBeSpent(context) })),
    noteFailure: assign(({ context }, { failure, now }: { failure: Failure; now: number }) => ({
      ...setback(context, failure, now),
      possiblySpent:
        failure.kind === 'ambiguous' && failure.source !== 'storage' ? mayBeSpent(context) : context.possiblySpent,
      suspect: false,
      // A refresh without a new token has not shown that the token is not the reason for the rejection.
      forcedAt: context.suspect ? null : context.forcedAt,
      repeated: false,
    })),
    noteRefusal: assign(({ context }, { failure }: { failure: Failure }) => ({
      ending: { cause: causeOf(failure, context.possiblySpent), failure },
    })),
    forgetRefusal: assign({ ending: null }),
    noteEnding: assign((_, { cause }: { cause: EndingCause }) => ({ ending: { cause, failure: null } })),
    noteHint: assign(({ context: { heard, heardOthers, newest } }, { version }: { version: number }) => {
      if (version <= newest) return {};
      if (heard <= newest) return { heard: version, heardOthers: false };
      return { heard: Math.max(heard, version), heardOthers: heardOthers || version !== heard };
    }),
    forgetHint: assign({ heard: 0 }),
    noteVersion: assign(({ context }, { version }: { version: number }) => versions(context, version)),
    noteRecord: assign(({ context }, { record }: { record: RecordFacts }) => ({
      ...versions(context, record.version),
      unwritten: unwrittenAfter(record, context),
    })),
    /** The instance that refreshes writes the result. If it does not, a hint of another version follows. */
    leaveLossAlone: assign(({ context: { newest } }) => ({ unwritten: null, version: newest })),
    noteUnreadable: assign(({ context }, { failure }: { failure: Failure }) =>
      versions(context, failure.version ?? context.version),
    ),
    /** Earlier records are not newer than these tokens. */
    rememberHeld: assign((_, { tokens }: { tokens: TokenFacts }) => ({ held: tokens, heard: 0 })),
    rememberCommit: assign(({ context }, { version }: { version: number }) => ({
      ...calm,
      ...versions(context, version),
      tokens: context.held ?? context.tokens,
      ending: null,
      revoked: false,
    })),
    rememberUnwritten: assign(({ context }, { failure, now }: { failure: Failure; now: number }) => ({
      ...calm,
      unwritten: context.origin,
      tokens: context.held,
      ending: null,
      revoked: false,
      ...setback(context, failure, now),
    })),
    rememberRecord: assign((_, { record }: { record: RecordFacts }) => ({
      ...calm,
      version: record.version,
      newest: record.version,
      tokens: record.status === 'tokens' ? record.tokens : null,
      ending: record.status === 'expired' ? record.ending : null,
      revoked: record.status === 'revoked',
    })),
    rememberNothing: assign({ ...calm, tokens: null }),
    rememberRevocation: assign(({ context }, { version }: { version: number }) => ({
      ...calm,
      ...versions(context, version),
      tokens: null,
      ending: null,
      revoked: true,
    })),
  },
  guards: {
    isWanted: ({ context }) => context.wanted,
    isRevoked: ({ context }) => context.revoked,
    isEnded: ({ context }) => context.ending !== null,
    isUnwritten: ({ context }) => context.tokens !== null && context.unwritten !== null,
    isUnwrittenAndAlive: ({ context }, { now }: { now: number }) =>
      context.unwritten !== null && !isExpired(context, now),
    hasTokens: ({ context }) => context.tokens !== null,
    hasRecord: ({ context }) => context.version > 0,
    renewsByItself: ({ context }) => context.renewal === 'client_credentials',
    signsInByItself: ({ context }) =>
      context.renewal === 'client_credentials' && context.wanted && context.tokens === null,
    canRenew: ({ context }) => canRenew(context),
    canRenewAndIsWanted: ({ context }) => canRenew(context) && context.wanted,
    isDue: ({ context }, { now }: { now: number }) => isDue(context, now),
    isDueAndAlive: ({ context }, { now }: { now: number }) => isDue(context, now) && !isExpired(context, now),
    isDueAndRenewsWithoutStorage: ({ context }, { now }: { now: number }) =>
      isDue(context, now) && context.onStorageUnavailable === 'request',
    isPaced: ({ context }, { now }: { now: number }) => isPaced(context, now),
    isPacedAndWanted: ({ context }, { now }: { now: number }) => isPaced(context, now) && context.wanted,
    usedAndNotPaced: ({ context }, { used, now }: { used: boolean; now: number }) =>
      canRenew(context) && used && !isPaced(context, now),
    isOver: ({ context }, { now }: { now: number }) =>
      context.tokens !== null && !canRenew(context) && isExpired(context, now),
    heldIsAlive: ({ context: { held } }, { now }: { now: number }) => !isExpired({ tokens: held }, now),
    isStillAlive: ({ context }, { now }: { now: number }) => !isExpired(context, now),
    /** An expired token is useless, whatever it was rejected for. */
    wasForcedRecently: ({ context }, { now }: { now: number }) =>
      !isExpired(context, now) && context.forcedAt !== null && now - context.forcedAt < policy.forcedRenewalInterval,
    goesOnWithoutStorage: ({ context }) => context.onStorageUnavailable === 'request',
    renewsWithoutStorage: ({ context }) => canRenew(context) && context.onStorageUnavailable === 'request',
    isWantedAndRenewsWithoutStorage: ({ context }) =>
      context.wanted && canRenew(context) && context.onStorageUnavailable === 'request',
    /** Only the storage knows whether a user is signed in; a service does not need to know. */
    signsInWithoutStorage: ({ context }) =>
      context.renewal === 'client_credentials' && context.onStorageUnavailable === 'request',
    mustKnowRecord: ({ context }) =>
      context.version > 0 && (context.renewal === 'refresh_token' || context.onStorageUnavailable === 'fail'),
    isExchangingCode: ({ context }) => context.origin === 'authorization_code',
    isImporting: ({ context }) => context.origin === 'import',
    recordIsNewer: ({ context }, { record }: { record: RecordFacts }) => isNews(record, context),
    /** An earlier version is a late hint, or a storage that lost its last writes: the record tells which. */
    hintIsNews: ({ context }, { version }: { version: number }) => version !== context.version,
    recordIsKnown: ({ context }, { record }: { record: RecordFacts }) => isKnown(record, context),
    knowsOfNewer: ({ context }) => knowsOfNewer(context),
    recordIsLost: ({ context }, { record }: { record: RecordFacts }) => isLost(record, context),
    newerIsLost: ({ context }, { record }: { record: RecordFacts }) =>
      missesOthers(record, context) && isLost(record, context),
    recordWentBack: ({ context }, { record }: { record: RecordFacts }) => wentBack(record, context),
    /**
     * A storage deletes the record of expired tokens without a refresh token. That is no loss. If they were written
     * again, they would be deleted at once, and the other instances would be told to write theirs. Tokens that another
     * instance has refreshed are of no use either: their refresh token is spent, and using it would end the session.
     */
    lostTokensAreOfUse: ({ context }, { record, now }: { record: RecordFacts; now: number }) =>
      wentBack(record, context) &&
      !missesOthers(record, context) &&
      (context.tokens?.refreshable === true || !isExpired(context, now)),
    tokensCameBack: ({ context }, { record }: { record: RecordFacts }) =>
      record.status === 'tokens' && wentBack(record, context),
    isOutdone: ({ context }, { record }: { record: RecordFacts }) => isOutdone(record, context),
    isOutdoneAndNotTheNewest: ({ context }, { record }: { record: RecordFacts }) =>
      isOutdone(record, context) && context.heard > Math.max(context.newest, record.version),
    /**
     * Tokens received after the storage's last ones disprove that the session has expired, and replace the tokens that
     * they were refreshed from.
     */
    unwrittenDisproveRecord: ({ context }, { record }: { record: RecordFacts }) =>
      context.unwritten !== null && isNews(record, context) && isDisproved(record),
    unwrittenAreRevoked: ({ context }, { record }: { record: RecordFacts }) =>
      context.unwritten !== null && record.status === 'revoked' && isNews(record, context),
    /** The result of an earlier read does not count: a code would be consumed in vain if the storage is down now. */
    mayReplaceRecord: ({ context }) => context.failure?.version !== undefined,
    unreadableIsNewer: ({ context }, { failure }: { failure: Failure }) => isNewer(failure, context),
    /** A refresh used the previous record, and the unreadable one may hold its successor. */
    newTokensOutdoUnreadable: ({ context }, { failure }: { failure: Failure }) =>
      isNewer(failure, context) && originOfUncommitted(context) !== 'refresh_token',
    recordIsRevoked: (_, { record }: { record: RecordFacts }) => record.status === 'revoked',
    recordHasTokens: (_, { record }: { record: RecordFacts }) => record.status === 'tokens',
    answerWasLost: ({ context }, { failure }: { failure: Failure }) =>
      CONSEQUENCES[failure.kind].repeatsAtOnce && !context.repeated,
    refreshTokenIsDead: ({ context }, { failure }: { failure: Failure }) =>
      CONSEQUENCES[failure.kind].endsSession && context.origin === 'refresh_token',
    callersMayWait: ({ context }, { failure, now }: { failure: Failure; now: number }) =>
      isWorthWaiting(failure, context.attempt + 1, retryWindow(failure, context.attempt + 1, now).notAfter - now),
    callersMayStillWait: ({ context: { failure, attempt, retryAt } }, { now }: { now: number }) =>
      failure !== null && retryAt !== null && isWorthWaiting(failure, attempt, retryAt - now),
    serverSetNoTime: ({ context }) => context.failure?.retryAfter === undefined,
  },
});

export function canRenew(context: SessionContext): boolean {
  return context.renewal === 'client_credentials' || context.tokens?.refreshable === true;
}

function isDue(context: SessionContext, now: number): boolean {
  const { tokens, refreshBuffer } = context;
  if (tokens === null || !canRenew(context)) return false;
  return isFromFuture(tokens, now) || now >= renewalWindow(tokens, refreshBuffer).notBefore;
}

/** Returns whether callers get the present tokens, whatever their dates, because it is too early to request others. */
function isPaced({ tokens, pace }: SessionContext, now: number): boolean {
  return tokens !== null && pace !== null && now < paceEnd(pace);
}

function isExpired({ tokens }: Pick<SessionContext, 'tokens'>, now: number): boolean {
  return tokens === null || (tokens.expiresAt !== null && tokens.expiresAt <= now);
}

/** Returns the context's changes after one more failed attempt. */
function setback({ attempt }: SessionContext, failure: Failure, now: number) {
  return { failure, attempt: attempt + 1, retryAt: retryWindow(failure, attempt + 1, now).notAfter };
}

function versions({ newest }: SessionContext, version: number) {
  return { version, newest: Math.max(newest, version) };
}

function isNews(record: RecordFacts, context: SessionContext): boolean {
  return record.version > context.newest && !isOfOlderTokens(record, context);
}

/**
 * Returns whether the record says that older tokens were rejected than those of this session. The instance that wrote
 * it replaced the newest record that it knew. It could write it only because the storage had lost the record of this
 * session's tokens.
 */
function isOfOlderTokens(record: RecordFacts, { tokens, newest }: SessionContext): boolean {
  return record.status === 'expired' && record.ofVersion !== undefined && tokens !== null && record.ofVersion < newest;
}

/**
 * Returns whether the storage has a different record than the known one, and no news. Versions only grow. So it lost
 * its last writes, to a failover, a flush (then there is no record, version 0) or a restored backup; or it has them
 * back.
 */
function wentBack(record: RecordFacts, context: SessionContext): boolean {
  return record.version !== context.version && !isNews(record, context);
}

/** Returns whether the storage has what this session knows, and the session knows of no loss. */
function isKnown({ version }: RecordFacts, context: SessionContext): boolean {
  return version === context.version && version === context.newest;
}

/** Returns whether the storage has neither the newest record that this session knows, nor news. */
function isLost(record: RecordFacts, context: SessionContext): boolean {
  return !isNews(record, context) && !isKnown(record, context);
}

/** Returns whether another instance has written a record that this session has not read, and may never be able to. */
function knowsOfNewer({ heard, newest }: SessionContext): boolean {
  return heard > newest;
}

/** Returns the same about other records than the one that was just read. */
function missesOthers(record: RecordFacts, context: SessionContext): boolean {
  return knowsOfNewer(context) && (context.heard !== record.version || context.heardOthers);
}

/**
 * Returns the source of the tokens to write, after a record was read. A storage that lost its last writes no longer has
 * the session's tokens. If it also lost a newer record that this session has not read, the tokens are never written
 * again: that record may have replaced or revoked them.
 */
function unwrittenAfter(record: RecordFacts, context: SessionContext): TokenOrigin | null {
  if (!isLost(record, context)) return context.unwritten;
  if (missesOthers(record, context)) return null;
  // At the newest known version, another instance has restored the record.
  return context.unwritten ?? (context.tokens !== null && record.version !== context.newest ? context.renewal : null);
}

/** Returns the source of the tokens to write: new ones, or served ones that are unwritten. */
function originOfUncommitted({ held, origin, unwritten }: SessionContext): TokenOrigin | null {
  return held === null ? unwritten : origin;
}

/**
 * Returns whether the new tokens replace the record. A new sign-in replaces any record except one that comes from
 * itself. New tokens disprove that their session has expired. They also replace the tokens that they were refreshed
 * from, even if another instance has written those again.
 */
function isOutdone(record: RecordFacts, context: SessionContext): boolean {
  return (bringsSignIn(context) && !comesFromOurs(record, context)) || isDisproved(record) || wentBack(record, context);
}

/**
 * Returns whether newer tokens than those in the record, or before its tombstone, show that it is wrong or obsolete.
 */
function isDisproved(record: RecordFacts): boolean {
  return record.status === 'expired' || (record.status === 'tokens' && record.rewritten === true);
}

function bringsSignIn(context: SessionContext): boolean {
  const origin = originOfUncommitted(context);
  return origin === 'authorization_code' || origin === 'import';
}

/**
 * Returns whether another instance has refreshed or revoked the tokens to write: they were written, and only the
 * response to that was lost.
 */
function comesFromOurs(record: RecordFacts, { held, tokens }: SessionContext): boolean {
  const ours = (held ?? tokens)?.signIn;
  return ours !== undefined && signInOf(record) === ours;
}

function signInOf(record: RecordFacts): string | undefined {
  if (record.status === 'tokens') return record.tokens.signIn;
  return record.status === 'revoked' ? record.signIn : undefined;
}

/** Returns whether it is about a later record than the known one. Requesting the same one again would never end. */
function isNewer({ version }: Failure, context: SessionContext): boolean {
  return version !== undefined && version > context.version;
}

function isWorthWaiting(failure: Failure, attempt: number, delay: number): boolean {
  const { callersWait } = CONSEQUENCES[failure.kind];
  return callersWait && attempt < policy.patience.attempts && delay <= policy.patience.delay;
}

/** Returns whether the refresh token may be spent, after a lost response to a request that carried it. */
function mayBeSpent(context: SessionContext): boolean {
  return context.possiblySpent || context.origin === 'refresh_token';
}

function causeOf(failure: Failure, possiblySpent: boolean): EndingCause {
  if (failure.userActionRequired) return 'user_action_required';
  return possiblySpent ? 'refresh_interrupted' : 'refresh_token_rejected';
}

type StateConfig = Parameters<typeof session.createStateConfig>[0];

/** The transitions of one state, by event. */
export type Transitions = NonNullable<StateConfig['on']>;

/** The transitions of one event: the first with a matching guard is taken. */
export type TransitionsOn<Event extends keyof Transitions> = Extract<Transitions[Event], readonly unknown[]>;

/** Types transitions that several states share, as XState types those of one state. */
export function transitions<const Shared extends Transitions>(shared: Shared): Shared {
  return shared;
}
