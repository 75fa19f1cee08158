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
import {
  isFromFuture,
  paceAfterExpiry,
  paceAfterRefresh,
  paceEnd,
  paceOf,
  policy,
  renewalWindow,
  retryWindow,
} from './policy.js';

/** Clears what earlier failures left, once tokens are in place. */
const recovered = {
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

    noteRequest: assign({ requested: true }),
    clearRequest: assign({ requested: false }),
    noteRejectedToken: assign(({ event }) => ({ requested: true, suspect: true, forcedAt: event.now })),
    beginWith: assign((_, { origin }: { origin: TokenOrigin }) => ({ origin, retried: false })),
    notePace: assign(({ context, event }, { tokens }: { tokens: TokenFacts }) => ({
      pace: paceOf(tokens, context.pace, event.now),
    })),
    noteExpiredOnArrival: assign(({ context, event }) => ({ pace: paceAfterExpiry(context.pace, event.now) })),
    noteEarlyRefresh: assign(({ context, event }) => ({ pace: paceAfterRefresh(context.pace, event.now) })),
    forgetPace: assign({ pace: null }),
    forgetFailures: assign({ attempt: 0, failure: null, retryAt: null, suspect: false }),
    noteLease: assign(({ context }, { abandoned }: { abandoned: boolean }) => ({
      possiblySpent: context.possiblySpent || abandoned,
    })),
    noteLostResponse: assign(({ context }) => ({ retried: true, possiblySpent: mayBeSpent(context) })),
    noteFailure: assign(({ context, event }, { failure }: { failure: Failure }) => ({
      ...afterFailure(context, failure, event.now),
      possiblySpent:
        failure.kind === 'ambiguous' && failure.source !== 'storage' ? mayBeSpent(context) : context.possiblySpent,
      suspect: false,
      // A refresh without a new token has not shown that the token is not the reason for the rejection.
      forcedAt: context.suspect ? null : context.forcedAt,
      retried: false,
    })),
    noteRejection: assign(({ context }, { failure }: { failure: Failure }) => ({
      ending: { cause: causeOf(failure, context.possiblySpent), failure },
    })),
    forgetRejection: assign({ ending: null }),
    noteEnding: assign((_, { cause }: { cause: EndingCause }) => ({ ending: { cause, failure: null } })),
    noteHint: assign(({ context: { hintedVersion, hintedOthers, newest } }, { version }: { version: number }) => {
      if (version <= newest) return {};
      if (hintedVersion <= newest) return { hintedVersion: version, hintedOthers: false };
      return {
        hintedVersion: Math.max(hintedVersion, version),
        hintedOthers: hintedOthers || version !== hintedVersion,
      };
    }),
    forgetHint: assign({ hintedVersion: 0 }),
    noteVersion: assign(({ context }, { version }: { version: number }) => versions(context, version)),
    noteRecord: assign(({ context }, { record }: { record: RecordFacts }) => ({
      ...versions(context, record.version),
      unwritten: unwrittenAfter(record, context),
    })),
    /** The instance that refreshes writes the result. If it does not, a hint of another version follows. */
    leaveRestoreToOthers: assign(({ context: { newest } }) => ({ unwritten: null, version: newest })),
    noteUnreadable: assign(({ context }, { failure }: { failure: Failure }) =>
      versions(context, failure.version ?? context.version),
    ),
    /** Earlier records are not newer than these tokens. */
    rememberHeld: assign((_, { tokens }: { tokens: TokenFacts }) => ({ held: tokens, hintedVersion: 0 })),
    rememberCommit: assign(({ context }, { version }: { version: number }) => ({
      ...recovered,
      ...versions(context, version),
      tokens: context.held ?? context.tokens,
      ending: null,
      revoked: false,
    })),
    rememberUnwritten: assign(({ context, event }, { failure }: { failure: Failure }) => ({
      ...recovered,
      unwritten: context.origin,
      tokens: context.held,
      ending: null,
      revoked: false,
      ...afterFailure(context, failure, event.now),
    })),
    rememberRecord: assign((_, { record }: { record: RecordFacts }) => ({
      ...recovered,
      version: record.version,
      newest: record.version,
      tokens: record.status === 'tokens' ? record.tokens : null,
      ending: record.status === 'expired' ? record.ending : null,
      revoked: record.status === 'revoked',
    })),
    rememberNothing: assign({ ...recovered, tokens: null }),
    rememberRevocation: assign(({ context }, { version }: { version: number }) => ({
      ...recovered,
      ...versions(context, version),
      tokens: null,
      ending: null,
      revoked: true,
    })),
  },
  guards: {
    isRequested: ({ context }) => context.requested,
    isRevoked: ({ context }) => context.revoked,
    isEnded: ({ context }) => context.ending !== null,
    isUnwritten: ({ context }) => context.tokens !== null && context.unwritten !== null,
    hasTokens: ({ context }) => context.tokens !== null,
    hasRecord: ({ context }) => context.version > 0,
    usesClientCredentials: ({ context }) => context.renewal === 'client_credentials',
    canRenew: ({ context }) => canRenew(context),
    isDue: ({ context, event }) => isDue(context, event.now),
    isAlive: ({ context, event }) => !isExpired(context, event.now),
    /** Callers get the present tokens, whatever their dates, because it is too early to request others. */
    isPaced: ({ context: { tokens, pace }, event }) => tokens !== null && pace !== null && event.now < paceEnd(pace),
    wasUsed: ({ event }) => event.type === 'refreshTimer.elapsed' && event.used,
    isExpiredForGood: ({ context, event }) =>
      context.tokens !== null && !canRenew(context) && isExpired(context, event.now),
    heldIsAlive: ({ context: { held }, event }) => !isExpired({ tokens: held }, event.now),
    /** An expired token is useless, whatever it was rejected for. */
    wasForcedRecently: ({ context, event: { now } }) =>
      !isExpired(context, now) && context.forcedAt !== null && now - context.forcedAt < policy.forcedRenewalInterval,
    continuesWithoutStorage: ({ context }) => context.onStorageUnavailable === 'request',
    mustKnowRecord: ({ context }) =>
      context.version > 0 && (context.renewal === 'refresh_token' || context.onStorageUnavailable === 'fail'),
    isExchangingCode: ({ context }) => context.origin === 'authorization_code',
    isImporting: ({ context }) => context.origin === 'import',
    recordIsNewer: ({ context }, { record }: { record: RecordFacts }) => isNewRecord(record, context),
    /** An earlier version is a late hint, or a storage that lost its last writes: the record tells which. */
    hintIsNew: ({ context }, { version }: { version: number }) => version !== context.version,
    recordIsKnown: ({ context }, { record }: { record: RecordFacts }) => isKnown(record, context),
    knowsOfNewer: ({ context }) => knowsOfNewer(context),
    recordIsLost: ({ context }, { record }: { record: RecordFacts }) => isLost(record, context),
    newerIsLost: ({ context }, { record }: { record: RecordFacts }) =>
      knowsOfOtherNewer(record, context) && isLost(record, context),
    recordWentBack: ({ context }, { record }: { record: RecordFacts }) => wentBack(record, context),
    /**
     * A storage deletes the record of expired tokens without a refresh token. That is no loss. If they were written
     * again, they would be deleted at once, and the other instances would be told to write theirs. Tokens that another
     * instance has refreshed are of no use either: their refresh token is spent, and using it would end the session.
     */
    lostTokensAreUsable: ({ context, event }, { record }: { record: RecordFacts }) =>
      wentBack(record, context) &&
      !knowsOfOtherNewer(record, context) &&
      (context.tokens?.refreshable === true || !isExpired(context, event.now)),
    tokensCameBack: ({ context }, { record }: { record: RecordFacts }) =>
      record.status === 'tokens' && wentBack(record, context),
    newTokensReplaceRecord: ({ context }, { record }: { record: RecordFacts }) => replacesRecord(record, context),
    newTokensReplaceRecordButNewerExists: ({ context }, { record }: { record: RecordFacts }) =>
      replacesRecord(record, context) && context.hintedVersion > Math.max(context.newest, record.version),
    /**
     * Tokens received after the storage's last ones disprove that the session has expired, and replace the tokens that
     * they were refreshed from.
     */
    unwrittenDisproveRecord: ({ context }, { record }: { record: RecordFacts }) =>
      context.unwritten !== null && isNewRecord(record, context) && isDisproved(record),
    unwrittenAreRevoked: ({ context }, { record }: { record: RecordFacts }) =>
      context.unwritten !== null && record.status === 'revoked' && isNewRecord(record, context),
    /** The result of an earlier read does not count: a code would be consumed in vain if the storage is down now. */
    mayReplaceRecord: ({ context }) => context.failure?.version !== undefined,
    unreadableIsNewer: ({ context }, { failure }: { failure: Failure }) => isNewer(failure, context),
    /** A refresh used the previous record, and the unreadable one may hold its successor. */
    newTokensReplaceUnreadable: ({ context }, { failure }: { failure: Failure }) =>
      isNewer(failure, context) && originOfUncommitted(context) !== 'refresh_token',
    recordIsRevoked: (_, { record }: { record: RecordFacts }) => record.status === 'revoked',
    recordHasTokens: (_, { record }: { record: RecordFacts }) => record.status === 'tokens',
    responseWasLost: ({ context }, { failure }: { failure: Failure }) =>
      CONSEQUENCES[failure.kind].retriesImmediately && !context.retried,
    refreshTokenWasRejected: ({ context }, { failure }: { failure: Failure }) =>
      CONSEQUENCES[failure.kind].endsSession && context.origin === 'refresh_token',
    callersMayWait: ({ context: { attempt }, event: { now } }, { failure }: { failure: Failure }) =>
      isWorthWaiting(failure, attempt + 1, retryWindow(failure, attempt + 1, now).notAfter - now),
    callersMayStillWait: ({ context: { failure, attempt, retryAt }, event }) =>
      failure !== null && retryAt !== null && isWorthWaiting(failure, attempt, retryAt - event.now),
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

function isExpired({ tokens }: Pick<SessionContext, 'tokens'>, now: number): boolean {
  return tokens === null || (tokens.expiresAt !== null && tokens.expiresAt <= now);
}

/** Returns the context's changes after one more failed attempt. */
function afterFailure({ attempt }: SessionContext, failure: Failure, now: number) {
  return { failure, attempt: attempt + 1, retryAt: retryWindow(failure, attempt + 1, now).notAfter };
}

function versions({ newest }: SessionContext, version: number) {
  return { version, newest: Math.max(newest, version) };
}

function isNewRecord(record: RecordFacts, context: SessionContext): boolean {
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
  return record.version !== context.version && !isNewRecord(record, context);
}

/** Returns whether the storage has what this session knows, and the session knows of no loss. */
function isKnown({ version }: RecordFacts, context: SessionContext): boolean {
  return version === context.version && version === context.newest;
}

/** Returns whether the storage has neither the newest record that this session knows, nor news. */
function isLost(record: RecordFacts, context: SessionContext): boolean {
  return !isNewRecord(record, context) && !isKnown(record, context);
}

/** Returns whether another instance has written a record that this session has not read, and may never be able to. */
function knowsOfNewer({ hintedVersion, newest }: SessionContext): boolean {
  return hintedVersion > newest;
}

/** Returns the same about other records than the one that was just read. */
function knowsOfOtherNewer(record: RecordFacts, context: SessionContext): boolean {
  return knowsOfNewer(context) && (context.hintedVersion !== record.version || context.hintedOthers);
}

/**
 * Returns the source of the tokens to write, after a record was read. A storage that lost its last writes no longer has
 * the session's tokens. If it also lost a newer record that this session has not read, the tokens are never written
 * again: that record may have replaced or revoked them.
 */
function unwrittenAfter(record: RecordFacts, context: SessionContext): TokenOrigin | null {
  if (!isLost(record, context)) return context.unwritten;
  if (knowsOfOtherNewer(record, context)) return null;
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
function replacesRecord(record: RecordFacts, context: SessionContext): boolean {
  return (
    (isNewSignIn(context) && !descendsFromOurs(record, context)) || isDisproved(record) || wentBack(record, context)
  );
}

/**
 * Returns whether newer tokens than those in the record, or before its tombstone, show that it is wrong or obsolete.
 */
function isDisproved(record: RecordFacts): boolean {
  return record.status === 'expired' || (record.status === 'tokens' && record.rewritten === true);
}

function isNewSignIn(context: SessionContext): boolean {
  const origin = originOfUncommitted(context);
  return origin === 'authorization_code' || origin === 'import';
}

/**
 * Returns whether another instance has refreshed or revoked the tokens to write: they were written, and only the
 * response to that was lost.
 */
function descendsFromOurs(record: RecordFacts, { held, tokens }: SessionContext): boolean {
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
