/**
 * The machine in a minimal environment: which responses are pending, which timers run, who waits for what, and whether
 * the storage has the served tokens. The environment keeps what a session promises the machine. It sends requests only
 * at rest. It accepts a code or tokens only when no others are in progress. It gives one response to each request, and
 * none to a request that a later one replaced. Everything else is open: any response may arrive at any time.
 */

import type { RecordFacts } from '../../src/kernel/record-facts.js';
import type { TokenFacts } from '../../src/kernel/token-set.js';
import type { SessionContext, SessionInput } from '../../src/machine/context.js';
import type { Effect, EffectName, TimerName } from '../../src/machine/effects.js';
import type { SessionEvent, SessionOccurrence } from '../../src/machine/events.js';
import { paceEnd, policy, renewalWindow, type Window } from '../../src/machine/policy.js';
import { canRenew } from '../../src/machine/session-setup.js';
import { initialSnapshot, type MachineSnapshot, pathOf, transition } from '../../src/machine/transition.js';
import { failures, HOUR, MINUTE, record, START, tokens, unreadable } from './fixtures.js';

/** The effects that a response answers. */
export type Question = Extract<
  EffectName,
  'readRecord' | 'requestLease' | 'requestToken' | 'commitTokens' | 'commitTombstone' | 'revokeTokens'
>;

export interface World {
  readonly snapshot: MachineSnapshot;
  /** The full name of the state. */
  readonly state: string;
  readonly now: number;
  /** The pending request to the storage, and the one to the server. */
  readonly storage: Exclude<Question, 'requestToken' | 'revokeTokens'> | null;
  readonly server: 'requestToken' | 'revokeTokens' | null;
  readonly timers: Readonly<Partial<Record<TimerName, Window>>>;
  /** Whether a caller waits for a token. */
  readonly callers: boolean;
  /** Whether the caller that passed in a code or tokens waits for the outcome. */
  readonly importer: boolean;
  /**
   * Whether the served tokens are only in memory and may be written: because the storage never accepted them, or
   * because it lost them and, as far as is known, nothing newer.
   */
  readonly unwritten: 'never' | 'lost' | null;
  /** The versions hinted at since the last time that none was unread. */
  readonly hinted: readonly number[];
  readonly last: Happening | null;
}

/** How a world follows from the one before it. */
export interface Happening {
  readonly from: World;
  readonly move: Move;
  /** The machine's event; `null` if only time passed. */
  readonly event: SessionEvent | null;
  readonly effects: readonly Effect[];
}

/** Something that may happen in a world. */
export interface Move {
  /** What happens, for readers; unique among the moves of one world. */
  readonly type: string;
  /** The machine's event; `null` if only time passes. */
  readonly occurrence: SessionOccurrence | null;
  readonly now: number;
}

export function firstWorld(input: SessionInput): World {
  const snapshot = initialSnapshot(input);
  return {
    snapshot,
    state: pathOf(snapshot),
    now: START,
    storage: null,
    server: null,
    timers: {},
    callers: false,
    importer: false,
    unwritten: null,
    hinted: [],
    last: null,
  };
}

const STORAGE_ANSWERS: ReadonlySet<SessionOccurrence['type']> = new Set([
  'record.read',
  'lease.granted',
  'lease.held',
  'lease.moved',
  'commit.succeeded',
  'commit.conflicted',
  'storage.failed',
]);
const SERVER_ANSWERS: ReadonlySet<SessionOccurrence['type']> = new Set([
  'tokenResponse.received',
  'tokenRequest.failed',
  'revocation.finished',
]);

/** Returns the world after a move. */
export function move(world: World, { type, occurrence, now }: Move): World {
  const event = occurrence && ({ ...occurrence, now } as SessionEvent);
  const [snapshot, effects] = event ? transition(world.snapshot, event) : [world.snapshot, []];
  const next: Next = {
    storage: world.storage,
    server: world.server,
    timers: { ...world.timers },
    callers: world.callers || (event !== null && waits(world, event)),
    importer: world.importer || event?.type === 'code.received' || event?.type === 'tokens.imported',
    // A write's success is not reported if something else has begun since.
    unwritten: event?.type === 'commit.succeeded' && traitsOf(world.state).receivesHints ? null : world.unwritten,
  };
  const known = world.snapshot.context;
  const isReceived = event?.type !== 'record.read' || traitsOf(world.state).notesLosses;
  if (event !== null && 'record' in event && isReceived && snapshot.context.version === event.record.version) {
    const { version } = event.record;
    const { record } = event;
    // The storage also lost writes if another instance could write that older tokens were rejected.
    const isOfOlder = isOfOlderTokens(record, known);
    const isLost = isOfOlder || version < known.newest || (version === known.newest && version !== known.version);
    const isUnread = world.hinted.some((hinted) => hinted > known.newest);
    // A storage that went back to an earlier record has lost the served tokens, and a session that notes losses knows.
    // A newer record that it also lost may have replaced the tokens, so they are never written again.
    if (isLost && isUnread && world.hinted.some((hinted) => hinted !== version)) next.unwritten = null;
    else if ((isOfOlder || version < known.newest) && known.tokens !== null) next.unwritten ??= 'lost';
  }
  let { hinted } = world;
  if (snapshot.context.hintedVersion === 0) hinted = [];
  else if (
    event?.type === 'record.changed' &&
    event.version > known.newest &&
    snapshot.context.hintedVersion >= event.version
  )
    hinted = [...(known.hintedVersion > known.newest ? hinted : []), event.version];
  // Another instance refreshes what the storage lost.
  if (event?.type === 'lease.held' && world.state === 'valid.unsaved') next.unwritten = null;
  if (event && STORAGE_ANSWERS.has(event.type)) next.storage = null;
  if (event && SERVER_ANSWERS.has(event.type)) next.server = null;
  if (event?.type.endsWith('Timer.elapsed'))
    delete next.timers[event.type.slice(0, -'Timer.elapsed'.length) as TimerName];
  for (const effect of effects) {
    carryOut(effect, next);
    if (effect.type === 'adoptTokens') next.unwritten = event?.type === 'storage.failed' ? 'never' : null;
  }
  return {
    ...next,
    hinted,
    snapshot,
    state: pathOf(snapshot),
    now,
    last: { from: world, move: { type, occurrence, now }, event, effects },
  };
}

/** Returns whether a record says that older tokens were rejected than those of a session that knew that much. */
export function isOfOlderTokens(record: RecordFacts, { tokens: facts, newest }: SessionContext): boolean {
  return record.status === 'expired' && record.ofVersion !== undefined && facts !== null && record.ofVersion < newest;
}

type Next = { -readonly [Key in 'storage' | 'server' | 'callers' | 'importer' | 'unwritten']: World[Key] } & {
  timers: Partial<Record<TimerName, Window>>;
};

function carryOut(effect: Effect, next: Next) {
  switch (effect.type) {
    case 'readRecord':
    case 'requestLease':
    case 'commitTokens':
    case 'commitTombstone':
      next.storage = effect.type;
      break;
    case 'requestToken':
      next.server = effect.type;
      break;
    case 'revokeTokens':
      if (effect.params.which === 'served') next.server = effect.type;
      break;
    case 'startTimer':
      next.timers[effect.params.timer] = { notBefore: effect.params.notBefore, notAfter: effect.params.notAfter };
      break;
    case 'stopTimer':
      delete next.timers[effect.params.timer];
      break;
    case 'serveCallers':
    case 'rejectCallers':
      next.callers = false;
      break;
    case 'confirmSignIn':
    case 'rejectSignIn':
      next.importer = false;
      break;
    case 'forgetTokens':
      next.unwritten = null;
      break;
    default:
  }
}

/** Returns whether the caller that causes the event waits for a token. */
export function waits(world: World, event: SessionEvent): boolean {
  switch (event.type) {
    case 'token.requested':
      return !isServed({ ...world, now: event.now });
    case 'token.rejected':
    case 'refresh.requested':
      return true;
    default:
      return false;
  }
}

/** Returns whether callers get the present token because it is too early to request another. */
export function isPaced({ snapshot: { context }, now }: World): boolean {
  return context.tokens !== null && context.pace !== null && now < paceEnd(context.pace);
}

/** Returns the same if it makes a difference: a fresh token is not refreshed anyway. */
function isHeldBack(world: World): boolean {
  return traitsOf(world.state).isPacedAtRest && isPaced(world);
}

/** Returns whether callers get the present token without an event. */
export function isServed({ snapshot: { context }, now }: World): boolean {
  const { tokens: held, suspect } = context;
  return held !== null && !suspect && (held.expiresAt === null || now < held.expiresAt);
}

/**
 * Returns everything that may happen in a world. Each event of the machine needs a move, in one of the functions called
 * here.
 */
export function movesOf(world: World): Move[] {
  const moves: Move[] = [];
  const may = (type: string, occurrence: SessionOccurrence | null, now = world.now) =>
    void moves.push({ type, occurrence, now });
  mayRequest(world, may);
  mayLearn(world, may);
  mayBeAnswered(world, may);
  for (const [timer, { notBefore }] of Object.entries(world.timers) as [TimerName, Window][]) {
    if (notBefore === Number.MAX_SAFE_INTEGER) continue;
    const at = Math.max(world.now, notBefore);
    if (timer === 'refresh') {
      // The storage's clock may turn out to be behind the one that the timer was set by.
      if (world.now < notBefore && !canRenew(world.snapshot.context)) {
        may('refreshTimer.elapsed, early', { type: 'refreshTimer.elapsed', used: true });
      }
      may('refreshTimer.elapsed, used', { type: 'refreshTimer.elapsed', used: true }, at);
      may('refreshTimer.elapsed, unused', { type: 'refreshTimer.elapsed', used: false }, at);
    } else may(`${timer}Timer.elapsed`, { type: `${timer}Timer.elapsed` }, at);
  }
  mayAge(world, may);
  return moves;
}

type May = (type: string, occurrence: SessionOccurrence | null, now?: number) => void;

function mayRequest(world: World, may: May): void {
  const { snapshot, state, now } = world;
  const { context } = snapshot;
  const isRestoring = state.startsWith('restoring');
  const isUser = context.renewal === 'refresh_token';
  const isBusy = snapshot.hasTag('busy');
  // A user's session without tokens reads the record again whenever it is used.
  if (isRestoring || (isUser && context.tokens === null && !isBusy)) may('session.opened', { type: 'session.opened' });
  const isFresh = state === 'valid.fresh' && now < (world.timers.refresh?.notBefore ?? 0) && isServed(world);
  if (!isFresh && !(isServed(world) && context.requested)) may('token.requested', { type: 'token.requested' });
  may('refresh.requested', { type: 'refresh.requested' });
  // New tokens may replace an unreadable record, but not one that is merely unknown.
  if (isRestoring && (isBusy || context.failure?.version === undefined)) return;
  if (context.tokens !== null) may('token.rejected', { type: 'token.rejected' });
  if (isBusy) return;
  if (isUser) {
    may('authorization.started', { type: 'authorization.started' });
    may('authorization.denied', { type: 'authorization.denied' });
  }
  if (world.importer) return;
  may('revocation.requested', { type: 'revocation.requested' });
  may('tokens.imported, fresh', { type: 'tokens.imported', tokens: tokens(now) });
  may('tokens.imported, expired', { type: 'tokens.imported', tokens: tokens(now - 2 * HOUR) });
  if (isUser) may('code.received', { type: 'code.received' });
}

/** The distance between two versions, so that a storage can go back from each. */
const STRIDE = 10;

/**
 * The states in which hints of several versions may arrive before a tombstone of older tokens is read. Whether a
 * session continues without its storage makes no difference to that, so one model covers it.
 */
const FIRST_NEWS: ReadonlySet<string> = new Set(['valid.fresh', 'valid.unsaved', 'refreshing.backingOff']);

function meetsOlderTombstones({ renewal, onStorageUnavailable }: SessionContext): boolean {
  return renewal === 'refresh_token' && onStorageUnavailable === 'fail';
}

function mayLearn({ snapshot, state, storage }: World, may: May): void {
  const { context } = snapshot;
  if (!snapshot.hasTag('busy')) may('record.changed, own', { type: 'record.changed', version: context.version });
  if (storage === 'readRecord') return;
  may('record.changed, news', { type: 'record.changed', version: context.newest + STRIDE });
  // Not every write is read: between a record that is read and the hinted one there may be others.
  if (meetsOlderTombstones(context) && FIRST_NEWS.has(state)) {
    may('record.changed, first news', { type: 'record.changed', version: context.newest + STRIDE / 2 });
  }
  if (state === 'valid.unsaved') {
    may('record.changed, later news', { type: 'record.changed', version: context.newest + 2 * STRIDE });
  }
  if (context.version > 1) may('record.changed, earlier', { type: 'record.changed', version: context.version - 1 });
}

function mayBeAnswered({ snapshot: { context }, state, now, storage, server, unwritten }: World, may: May): void {
  const isUser = context.renewal === 'refresh_token';
  const newer = context.newest + STRIDE;
  const records: [string, RecordFacts][] = [
    ['fresh', record.holding(newer, tokens(now, { refreshable: isUser }))],
    ['due', record.holding(newer, tokens(now - HOUR + MINUTE, { refreshable: isUser }))],
    ['expired', record.holding(newer, tokens(now - 2 * HOUR, { refreshable: isUser }))],
    ...(isUser
      ? ([['fresh, not renewable', record.holding(newer, tokens(now, { refreshable: false }))]] as [
          string,
          RecordFacts,
        ][])
      : []),
    ['tombstone', record.expired(newer)],
    ...(meetsOlderTombstones(context) && context.tokens !== null && context.newest > 0
      ? ([['tombstone of older tokens', record.expired(newer, context.newest - 1)]] as [string, RecordFacts][])
      : []),
    ['revoked', record.revoked(newer)],
  ];
  const earlier = context.version - 1;
  /** What a storage that lost its last writes may return. */
  const lost: [string, RecordFacts][] = [
    ...(context.version > 0 ? [['absent', record.absent] as [string, RecordFacts]] : []),
    ...(earlier > 0
      ? ([
          ['earlier tokens', record.holding(earlier, tokens(now - MINUTE, { refreshable: isUser }))],
          ['earlier tombstone', record.expired(earlier)],
          ['earlier revocation', record.revoked(earlier)],
        ] as [string, RecordFacts][])
      : []),
    // An instance that still has what was lost may have written it again.
    ...(context.version < context.newest
      ? ([
          ['tokens put back', record.holding(context.newest, tokens(now, { refreshable: isUser }))],
          ['revocation put back', record.revoked(context.newest)],
        ] as [string, RecordFacts][])
      : []),
  ];
  /** Another instance has written again the tokens that the unwritten ones replace. */
  const replaced: RecordFacts = {
    status: 'tokens',
    version: newer,
    tokens: tokens(now - MINUTE, { refreshable: isUser }),
    rewritten: true,
  };
  const failed = () => {
    may('storage.failed', { type: 'storage.failed', failure: failures.storage });
    may('storage.failed, unreadable', { type: 'storage.failed', failure: unreadable(newer) });
    // Some storages read before they write, and may reject because of the record that was to be replaced.
    may('storage.failed, unreadable still', {
      type: 'storage.failed',
      failure: unreadable(Math.max(1, context.version)),
    });
  };
  switch (storage) {
    case 'readRecord':
      if (context.version === 0) may('record.read, absent', { type: 'record.read', record: record.absent });
      for (const [kind, facts] of [...lost, ...records])
        may(`record.read, ${kind}`, { type: 'record.read', record: facts });
      if (unwritten === 'never') may('record.read, tokens written again', { type: 'record.read', record: replaced });
      if (context.tokens) {
        may('record.read, known', { type: 'record.read', record: record.holding(context.version, context.tokens) });
      }
      failed();
      break;
    case 'requestLease':
      may('lease.granted', { type: 'lease.granted', abandoned: false });
      may('lease.granted, abandoned', { type: 'lease.granted', abandoned: true });
      may('lease.held', { type: 'lease.held', until: now + MINUTE });
      for (const [kind, facts] of [...lost, ...records])
        may(`lease.moved, ${kind}`, { type: 'lease.moved', record: facts });
      if (unwritten === 'never') may('lease.moved, tokens written again', { type: 'lease.moved', record: replaced });
      failed();
      break;
    case 'commitTokens':
    case 'commitTombstone':
      may('commit.succeeded', { type: 'commit.succeeded', version: newer });
      for (const [kind, facts] of [...lost, ...records]) {
        may(`commit.conflicted, ${kind}`, { type: 'commit.conflicted', record: facts });
      }
      // Lost tokens are written again under a lease, and newer tokens may conflict with that write.
      if (storage === 'commitTokens' && state === 'valid.unsaved' && unwritten === 'lost') {
        may('lease.held, again', { type: 'lease.held', until: now + MINUTE });
      } else if (storage === 'commitTokens' && context.newest > 0) {
        may('commit.conflicted, tokens written again', { type: 'commit.conflicted', record: replaced });
      }
      failed();
      break;
    case null:
  }
  if (server === 'revokeTokens') may('revocation.finished', { type: 'revocation.finished' });
  if (server === 'requestToken') {
    may('tokenResponse.received', { type: 'tokenResponse.received', tokens: tokens(now, { refreshable: isUser }) });
    if (isUser) {
      may('tokenResponse.received, not renewable', {
        type: 'tokenResponse.received',
        tokens: tokens(now, { refreshable: false }),
      });
    }
    may('tokenResponse.received, without an expiry', {
      type: 'tokenResponse.received',
      tokens: tokens(now, { expiresAt: null, refreshable: isUser }),
    });
    may('tokenResponse.received, expired on arrival', {
      type: 'tokenResponse.received',
      tokens: tokens(now, { expiresAt: now, refreshable: isUser }),
    });
    for (const kind of ['unreachable', 'busy', 'lost', 'misconfigured', 'refused', 'userMustAct'] as const) {
      may(`tokenRequest.failed, ${kind}`, { type: 'tokenRequest.failed', failure: failures[kind] });
    }
  }
}

/** Lets time pass without any event, up to where it makes a difference. */
function mayAge(world: World, may: May): void {
  const {
    snapshot: { context },
    now,
  } = world;
  const { tokens: facts, held, forcedAt, pace, refreshBuffer } = context;
  if (facts?.expiresAt && now < facts.expiresAt) {
    const due = renewalWindow(facts, refreshBuffer).notBefore;
    if (now < due && canRenew(context)) may('(the token becomes due)', null, due);
    else may('(the token expires)', null, facts.expiresAt);
  }
  if (held?.expiresAt && now < held.expiresAt) may('(the received token expires)', null, held.expiresAt);
  if (pace !== null && isHeldBack(world)) may('(the pace allows it)', null, paceEnd(pace));
  if (forcedAt !== null && now - forcedAt < MINUTE) may('(a minute passes)', null, now + MINUTE);
}

/**
 * Returns what decides how a world continues, without times and versions: two worlds with the same essence continue in
 * the same way. It omits what the machine remembers but does not use in the state.
 *
 * Only the first world of each essence is explored. If a new guard reads another part of the context, add that part here.
 * No test fails if it is missing, but only one of its values is explored.
 */
export function essenceOf(world: World): string {
  const { state, now, storage, server, timers, callers, importer, unwritten } = world;
  const { context } = world.snapshot;
  const { tokens: served, held, failure, attempt, forcedAt } = context;
  const { isLeaving, isCommitting, mayBeRejected, isBreak, hasOrigin, repeats } = traitsOf(state);
  let essence = `${state} ${isLeaving || isCommitting ? served !== null : phaseOf(served, context, now)}`;
  if (held !== null) essence += ` ${phaseOf(held, context, now)}`;
  if (hasOrigin) essence += ` ${context.origin}`;
  // Callers stop waiting after the third failure, so only the remaining failures count.
  if (!isLeaving) essence += ` ${Math.min(attempt, isBreak ? policy.patience.attempts : policy.patience.attempts - 1)}`;
  if (isBreak && failure) essence += ` ${failure.retryAfter === undefined ? failure.kind : 'received to wait'}`;
  if (storage) essence += ` ${storage}`;
  if (server) essence += ` ${server}`;
  for (const timer of TIMERS) if (timers[timer]) essence += ` ${timer}`;
  if (context.version > 0) essence += ' recorded';
  if (context.version < context.newest) essence += ' behind';
  if (context.hintedVersion > context.newest) {
    essence += ' outdone';
    if (meetsOlderTombstones(context) && (context.hintedOthers || context.hintedVersion !== context.newest + STRIDE))
      essence += ' by others';
    if (state === 'valid.unsaved' && context.hintedVersion > context.newest + STRIDE) essence += ' twice';
  }
  // How early refreshes were decides the length of the pause, which pace.test.ts tests.
  if (isHeldBack(world)) essence += ' paced';
  if (context.ending !== null) essence += ' ended';
  if (context.revoked) essence += ' revoked';
  if (context.requested) essence += ' wanted';
  if (context.suspect && mayBeRejected) essence += ' suspect';
  if (mayBeRejected && forcedAt !== null && now - forcedAt < MINUTE) essence += ' forced';
  if (state === 'restoring.unread' && failure?.version !== undefined) essence += ' replaceable';
  if (context.retried && repeats) essence += ' repeated';
  if (callers) essence += ' callers';
  if (importer) essence += ' importer';
  if (unwritten) essence += ` ${unwritten}`;
  return essence;
}

const TIMERS: readonly TimerName[] = ['authorization', 'lease', 'poll', 'refresh', 'retry'];

/** The traits of each state's name, cached because they are read millions of times. */
const traits = new Map<string, ReturnType<typeof readTraits>>();

function traitsOf(state: string): ReturnType<typeof readTraits> {
  const known = traits.get(state);
  if (known !== undefined) return known;
  const read = readTraits(state);
  traits.set(state, read);
  return read;
}

function readTraits(state: string) {
  const isLeaving = state.startsWith('revoking');
  return {
    isLeaving,
    isCommitting: state.endsWith('.committing'),
    mayBeRejected: /^(?:valid|refreshing)/.test(state),
    isBreak: /backingOff|unsaved/.test(state),
    hasOrigin: /leasing|requesting|committing|backingOff/.test(state) && !isLeaving,
    repeats: /leasing|waiting|requesting/.test(state),
    /** Whether the served tokens may be held back. */
    isPacedAtRest: /^valid\.(?:due|unsaved)$/.test(state),
    /** Whether a write's success is reported there. */
    receivesHints: /committing$|writingTombstone$|unsaved$/.test(state),
    /** Whether a session that learns of a record there notes what the storage lost. */
    notesLosses: /^valid|^refreshing\.backingOff$/.test(state),
  };
}

function phaseOf(facts: TokenFacts | null, { renewal, refreshBuffer }: SessionContext, now: number): string {
  if (facts === null) return 'none';
  const isRenewable = renewal === 'client_credentials' || facts.refreshable;
  if (facts.expiresAt === null) return isRenewable ? 'renewable:endless' : 'plain:endless';
  if (now >= facts.expiresAt) return isRenewable ? 'renewable:expired' : 'plain:expired';
  if (!isRenewable) return 'plain:fresh';
  return now >= renewalWindow(facts, refreshBuffer).notBefore ? 'renewable:due' : 'renewable:fresh';
}

/** Returns the moves that led to a world, for a failing test. */
export function storyOf(world: World): string {
  const lines: string[] = [];
  for (let at: World = world; ; at = at.last.from) {
    lines.unshift(
      `  ${at.last?.move.type ?? '(begin)'} → ${at.state}${at.last ? ` [${at.last.effects.map(showEffect).join(' ')}]` : ''}`,
    );
    if (at.last === null) return `\n${lines.join('\n')}\n`;
  }
}

function showEffect(effect: Effect): string {
  switch (effect.type) {
    case 'startTimer':
    case 'stopTimer':
      return `${effect.type}:${effect.params.timer}`;
    case 'requestToken':
      return `${effect.type}:${effect.params.grant}`;
    case 'rejectCallers':
      return `${effect.type}:${effect.params.rejection.reason}`;
    case 'revokeTokens':
      return `${effect.type}:${effect.params.which}`;
    default:
      return effect.type;
  }
}
