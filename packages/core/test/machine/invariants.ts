/** What must hold after every step of every path. */
import type { Effect, EffectName, EffectParameters, TimerName, TokenOrigin } from '../../src/machine/effects.js';
import { type Happening, isOfOlderTokens, isPaced, isServed, type Question, type World, waits } from './world.js';

export interface Invariant {
  readonly rule: string;
  /** The effects that the invariant is about: a step without them keeps it. Absent: every step is checked. */
  readonly about?: readonly EffectName[];
  /** Returns whether the step that led to the world keeps the rule. */
  holds(world: World, step: Happening): boolean;
}

/** The pending request in each state tagged busy. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  'restoring.reading': 'readRecord',
  'authorizing.leasing': 'requestLease',
  'authorizing.requesting': 'requestToken',
  'authorizing.committing': 'commitTokens',
  'refreshing.leasing': 'requestLease',
  'refreshing.requesting': 'requestToken',
  'refreshing.committing': 'commitTokens',
  'refreshing.writingTombstone': 'commitTombstone',
  'revoking.requesting': 'revokeTokens',
  'revoking.committing': 'commitTombstone',
};

/** The timer that runs in each state that has one. */
const TIMERS: Readonly<Record<string, TimerName>> = {
  'valid.fresh': 'refresh',
  'valid.unsaved': 'retry',
  'authorizing.awaitingRedirect': 'authorization',
  'authorizing.waiting': 'poll',
  'authorizing.requesting': 'lease',
  'authorizing.backingOff': 'retry',
  'refreshing.waiting': 'poll',
  'refreshing.requesting': 'lease',
  'refreshing.backingOff': 'retry',
};

const PARAMETERS: { readonly [Name in EffectName]: readonly string[] } = {
  readRecord: [],
  requestLease: ['ifVersion'],
  renewLease: [],
  releaseLease: ['spent'],
  requestToken: ['grant'],
  holdTokens: [],
  commitTokens: ['expectedVersion'],
  commitTombstone: ['expectedVersion', 'tombstone'],
  adoptTokens: ['from'],
  forgetTokens: [],
  announceTokens: [],
  confirmSignIn: [],
  rejectSignIn: ['failure'],
  revokeTokens: ['which'],
  startTimer: ['notAfter', 'notBefore', 'timer'],
  stopTimer: ['timer'],
  serveCallers: [],
  rejectCallers: ['rejection'],
};

export const invariants: readonly Invariant[] = [
  {
    rule: 'settles at once: no step ends in the state that takes no time',
    holds: ({ snapshot, state }) => snapshot.status === 'active' && state !== 'settling',
  },
  {
    rule: 'asks only for effects that exist, with their parameters',
    holds: (_, { effects }) =>
      effects.every(({ type, params }) => {
        const expected = PARAMETERS[type];
        if (params === undefined) return expected?.length === 0;
        return expected?.length === Object.keys(params).length && expected.every((name) => Object.hasOwn(params, name));
      }),
  },
  {
    rule: 'waits for exactly the one answer that its busy state is for',
    holds({ snapshot, state, storage, server }) {
      const question = QUESTIONS[state];
      if (snapshot.hasTag('busy') !== (question !== undefined)) return false;
      if (question === 'requestToken' || question === 'revokeTokens') return server === question;
      if (question !== undefined) return storage === question && server === null;
      // A request made at rest blocks nothing else; its response may then arrive too late to matter.
      return server === null && storage !== 'requestLease' && storage !== 'commitTombstone';
    },
  },
  {
    rule: 'runs the timer of its state, and no other',
    holds({ state, timers, storage }) {
      const expected = TIMERS[state];
      let running = 0;
      for (const _ in timers) running += 1;
      if (expected === undefined) return running === 0;
      if (running === 1 && timers[expected] !== undefined) return true;
      // While the tokens are being written again, only the response is awaited.
      return state === 'valid.unsaved' && running === 0 && (storage === 'commitTokens' || storage === 'readRecord');
    },
  },
  {
    rule: 'starts no timer that still runs',
    about: ['startTimer'],
    holds(_, { from, event, effects }) {
      if (!effects.some(({ type }) => type === 'startTimer')) return true;
      const running = new Set(Object.keys(from.timers));
      if (event?.type.endsWith('Timer.elapsed')) running.delete(event.type.slice(0, -'Timer.elapsed'.length));
      return effects.every((effect) => {
        if (effect.type === 'stopTimer') running.delete(effect.params.timer);
        if (effect.type !== 'startTimer') return true;
        const isNew = !running.has(effect.params.timer);
        running.add(effect.params.timer);
        return isNew;
      });
    },
  },
  {
    rule: 'gives timers windows that lie ahead and end after they begin',
    about: ['startTimer'],
    holds: ({ now }, { effects }) =>
      each(effects, 'startTimer', ({ notBefore, notAfter }) => notBefore >= now && notAfter >= notBefore),
  },
  {
    rule: 'leaves no caller waiting without an expected response or a timer',
    holds({ snapshot, callers, timers, storage }) {
      const isAnswerToCome = snapshot.hasTag('busy') || (storage === 'readRecord' && snapshot.context.requested);
      return !callers || isAnswerToCome || timers.poll !== undefined || timers.retry !== undefined;
    },
  },
  {
    rule: 'leaves no sign-in or import waiting, unless its request is in progress',
    holds: ({ snapshot, state, importer }) =>
      importer ===
      ((state === 'authorizing.requesting' ||
        state === 'authorizing.committing' ||
        state === 'authorizing.backingOff') &&
        (snapshot.context.origin === 'authorization_code' || snapshot.context.origin === 'import')),
  },
  {
    rule: 'begins nothing else and adopts nothing else while a code or imported tokens are under way',
    holds: ({ importer }, { from, effects }) =>
      !from.importer ||
      ((!importer || effects.every(({ type }) => type !== 'requestLease' && type !== 'commitTombstone')) &&
        each(effects, 'requestToken', ({ grant }) => grant === 'authorization_code') &&
        each(effects, 'adoptTokens', ({ from: source }) => source === 'held')),
  },
  {
    rule: 'confirms a code or imported tokens in the step that adopts them',
    about: ['confirmSignIn', 'adoptTokens'],
    holds: (_, { effects }) =>
      effects.some(({ type }) => type === 'confirmSignIn') ===
      effects.some((effect) => effect.type === 'adoptTokens' && effect.params.from === 'held'),
  },
  {
    rule: 'refuses a code for what the server said of it, and only then',
    about: ['rejectSignIn'],
    holds: (_, { from, event, effects }) =>
      each(
        effects,
        'rejectSignIn',
        ({ failure }) =>
          from.importer &&
          from.snapshot.context.origin === 'authorization_code' &&
          event?.type === 'tokenRequest.failed' &&
          event.failure === failure,
      ),
  },
  {
    rule: 'rejects no caller because the server rejects a code',
    about: ['rejectCallers'],
    holds: (_, { from, effects }) =>
      !from.importer ||
      each(
        effects,
        'rejectCallers',
        ({ rejection }) => rejection.reason !== 'failed' || rejection.failure.source === 'storage',
      ),
  },
  {
    rule: 'serves tokens only while they are good, as far as is known, or while it is paced',
    about: ['serveCallers'],
    holds: (world, { from, event, effects }) =>
      !effects.some(({ type }) => type === 'serveCallers') ||
      isServed(world) ||
      isPaced(world) ||
      // An API that rejects one token after another gets the present one.
      event?.type === 'token.rejected' ||
      !(from.callers || (event !== null && waits(from, event))),
  },
  {
    rule: 'says in every rejection why',
    about: ['rejectCallers'],
    holds: (_, { effects }) =>
      each(
        effects,
        'rejectCallers',
        ({ rejection }) =>
          (rejection.reason !== 'failed' || rejection.failure !== null) &&
          (rejection.reason !== 'ended' || rejection.ending !== null),
      ),
  },
  {
    rule: 'never tells a caller `not_authenticated` while there are tokens',
    about: ['rejectCallers'],
    holds: ({ snapshot }, { effects }) =>
      each(
        effects,
        'rejectCallers',
        ({ rejection }) => rejection.reason === 'failed' || snapshot.context.tokens === null,
      ),
  },
  {
    rule: 'sends no caller of a service to sign in: it does so itself',
    about: ['rejectCallers'],
    holds: ({ snapshot }, { from, event, effects }) =>
      snapshot.context.renewal !== 'client_credentials' ||
      !(from.callers || (event !== null && waits(from, event))) ||
      each(effects, 'rejectCallers', ({ rejection }) => rejection.reason === 'failed'),
  },
  {
    rule: 'holds received tokens aside from their arrival to their commit, and no longer',
    holds: ({ snapshot, state }) =>
      (snapshot.context.held !== null) === (state === 'authorizing.committing' || state === 'refreshing.committing'),
  },
  {
    rule: 'adopts received tokens only when they are written, or cannot be written now',
    about: ['adoptTokens'],
    holds: (_, { from, event, effects }) =>
      each(
        effects,
        'adoptTokens',
        ({ from: source }) =>
          source !== 'held' ||
          (from.snapshot.context.held !== null &&
            (event?.type === 'commit.succeeded' || event?.type === 'storage.failed')),
      ),
  },
  {
    rule: 'adopts what a record says only when a record came',
    about: ['adoptTokens'],
    holds: ({ snapshot }, { event, effects }) =>
      each(
        effects,
        'adoptTokens',
        ({ from: source }) =>
          source !== 'record' ||
          (event !== null && 'record' in event && snapshot.context.version === event.record.version),
      ),
  },
  {
    rule: 'adopts no record from before the one that it knows, unless it is to give up what is in it',
    about: ['adoptTokens'],
    holds: ({ state }, { from, event, effects }) =>
      each(
        effects,
        'adoptTokens',
        ({ from: source }) =>
          source !== 'record' ||
          event === null ||
          !('record' in event) ||
          event.record.version > from.snapshot.context.newest ||
          // Not a real storage's reply: it reports a different record, and returns the same one.
          event.record.version === from.snapshot.context.version ||
          // A record that was not read is unknown, except for the version of an unreadable one.
          from.state === 'restoring.reading' ||
          (state === 'revoking.requesting' && event.record.status === 'tokens'),
      ),
  },
  {
    rule: 'gives up the tokens that came back of a revoked session',
    holds({ state }, { from, event }) {
      if (from.state !== 'revoked' || event?.type !== 'record.read') return true;
      const { version, newest } = from.snapshot.context;
      const { record } = event;
      if (record.status !== 'tokens' || record.version > newest || record.version === version) return true;
      return state === 'revoking.requesting';
    },
  },
  {
    rule: 'lets go of tokens only for a record, a sign-out, a rejection, or at the end of what nothing renews',
    holds({ snapshot, state }, { from, event, effects }) {
      const { tokens } = from.snapshot.context;
      if (tokens === null || snapshot.context.tokens !== null || event === null) return true;
      if ('record' in event && effects.some(({ type }) => type === 'adoptTokens')) return true;
      if (event.type === 'commit.succeeded' && from.snapshot.context.held?.refreshable === false) return true;
      if (from.storage === 'commitTombstone')
        return event.type === 'commit.succeeded' || from.state === 'revoking.committing';
      return snapshot.context.renewal === 'refresh_token' && !tokens.refreshable && state === 'expired';
    },
  },
  {
    rule: 'announces tokens only when it received them itself, and adopts them in the same step',
    about: ['announceTokens', 'adoptTokens'],
    holds: (_, { from, effects }) =>
      effects.some(({ type }) => type === 'announceTokens') ===
      (from.snapshot.context.origin !== 'import' &&
        effects.some((effect) => effect.type === 'adoptTokens' && effect.params.from === 'held')),
  },
  {
    rule: 'knows whether it owes the storage the tokens that it serves',
    holds: ({ snapshot, unwritten }) => (snapshot.context.unwritten !== null) === (unwritten !== null),
  },
  {
    rule: 'writes no tokens again while it knows of a newer record that it has not read',
    about: ['commitTokens'],
    holds: ({ snapshot: { context } }, { event, effects }) =>
      context.hintedVersion <= context.newest ||
      // Tokens that come from no refresh replace any unreadable record.
      event?.type === 'storage.failed' ||
      each(effects, 'commitTokens', () => context.held !== null),
  },
  {
    rule: 'writes tokens that it just received over those that they replace, also where these were written again',
    holds: ({ state }, { from, event, effects }) =>
      event?.type !== 'commit.conflicted' ||
      event.record.status !== 'tokens' ||
      !event.record.rewritten ||
      from.snapshot.context.held === null ||
      (state === from.state && effects.some(({ type }) => type === 'commitTokens')),
  },
  {
    rule: 'keeps new tokens that are not written in the state that goes on trying to write them',
    holds: ({ state, unwritten }) => !unwritten || (state !== 'valid.fresh' && state !== 'valid.due'),
  },
  {
    rule: 'lets no tokens that are not written outlive the revocation of their session',
    holds: ({ unwritten }, { from, event, effects }) =>
      from.unwritten === null ||
      unwritten !== null ||
      // Unless the server has rejected them since.
      from.storage === 'commitTombstone' ||
      event === null ||
      !('record' in event) ||
      event.record.status !== 'revoked' ||
      // A record that a storage went back to held earlier tokens.
      event.record.version <= from.snapshot.context.newest ||
      effects.some(({ type }) => type === 'revokeTokens'),
  },
  {
    rule: 'gives tokens that are not written up for no record that they disprove',
    holds: ({ unwritten }, { from, event }) =>
      from.unwritten === null ||
      unwritten !== null ||
      // Unless the server has rejected them since.
      from.storage === 'commitTombstone' ||
      event === null ||
      !('record' in event) ||
      // Nothing is owed either after the storage lost what may have replaced them.
      from.snapshot.context.hintedVersion > from.snapshot.context.newest ||
      (event.record.status !== 'expired' &&
        !('rewritten' in event.record) &&
        event.record.version > from.snapshot.context.newest),
  },
  {
    rule: 'presents a refresh token only when it has one, under a lease that was just granted, or without storage if that is allowed',
    about: ['requestToken'],
    holds: ({ snapshot }, { event, effects }) =>
      each(effects, 'requestToken', ({ grant }) => {
        if (grant !== 'refresh_token') return true;
        const { tokens, onStorageUnavailable, renewal } = snapshot.context;
        if (renewal !== 'refresh_token' || tokens?.refreshable !== true) return false;
        return (
          event?.type === 'lease.granted' || (event?.type === 'storage.failed' && onStorageUnavailable === 'request')
        );
      }),
  },
  {
    rule: 'asks by its own credentials only if it has them, and exchanges a code only when one came',
    about: ['requestToken'],
    holds: ({ snapshot }, { from, event, effects }) =>
      each(effects, 'requestToken', ({ grant }) =>
        grant === 'authorization_code'
          ? event?.type === 'code.received' || from.snapshot.context.origin === 'authorization_code'
          : grant === snapshot.context.renewal,
      ),
  },
  {
    rule: 'writes that a session expired only when the server refused its refresh token',
    about: ['commitTombstone'],
    holds: (_, { from, event, effects }) =>
      each(effects, 'commitTombstone', ({ tombstone }) => {
        if (tombstone.status === 'revoked') return true;
        if (event?.type === 'tokenRequest.failed') return event.failure.kind === 'terminal';
        const isAgain =
          event?.type === 'commit.conflicted' &&
          (event.record.version <= from.snapshot.context.newest ||
            isOfOlderTokens(event.record, from.snapshot.context));
        return isAgain && from.storage === 'commitTombstone' && tombstone.ending === from.snapshot.context.ending;
      }),
  },
  {
    rule: 'writes that a session was revoked only when that was asked for',
    about: ['commitTombstone'],
    holds: ({ state }, { effects }) =>
      each(
        effects,
        'commitTombstone',
        ({ tombstone }) => tombstone.status === 'expired' || state === 'revoking.committing',
      ),
  },
  {
    rule: 'writes over the version that it knows',
    about: ['commitTokens', 'commitTombstone', 'requestLease'],
    holds: ({ snapshot: { context } }, { effects }) =>
      each(effects, 'commitTokens', ({ expectedVersion }) => expectedVersion === context.version) &&
      each(effects, 'commitTombstone', ({ expectedVersion }) => expectedVersion === context.version) &&
      each(effects, 'requestLease', ({ ifVersion }) => ifVersion === context.version),
  },
  {
    rule: 'never goes back to an earlier version, except with a storage that did',
    holds({ snapshot }, { from, event }) {
      const [before, after] = [from.snapshot.context.version, snapshot.context.version];
      return after >= before || (event !== null && 'record' in event && event.record.version === after);
    },
  },
  {
    rule: 'takes note of a record that it cannot read only to replace it: by a sign-in, an import, a revocation, a service',
    holds(world, { from, event, effects }) {
      const { snapshot, state } = world;
      const version = event?.type === 'storage.failed' ? event.failure.version : undefined;
      if (version === undefined || snapshot.context.version === from.snapshot.context.version) return true;
      if (snapshot.context.version !== version) return false;
      if (from.state === 'restoring.reading') return !effects.some(({ type }) => type === 'adoptTokens');
      return effects.some(
        ({ type }) =>
          (type === 'commitTombstone' && state === 'revoking.committing') ||
          (type === 'commitTokens' && originOfWritten(world) !== 'refresh_token'),
      );
    },
  },
  {
    rule: 'writes what a refresh brought over no record that it cannot read',
    about: ['commitTokens'],
    holds: (_, { from, event, effects }) =>
      event?.type !== 'storage.failed' ||
      originOfWritten(from) !== 'refresh_token' ||
      each(effects, 'commitTokens', () => false),
  },
  {
    rule: 'repeats a write that failed at once only over a later version',
    holds({ snapshot, storage }, { from, event }) {
      if (event?.type !== 'storage.failed' || (storage !== 'commitTokens' && storage !== 'commitTombstone'))
        return true;
      return snapshot.context.version > from.snapshot.context.version;
    },
  },
  {
    rule: 'never takes a record that it cannot read for none, unless it needs none',
    holds: ({ snapshot, state }, { effects }) =>
      (snapshot.context.renewal === 'client_credentials' && snapshot.context.onStorageUnavailable === 'request') ||
      ((state !== 'unauthenticated' || snapshot.context.version === 0) &&
        each(
          effects,
          'rejectCallers',
          ({ rejection }) => rejection.reason !== 'not_authenticated' || snapshot.context.version === 0,
        )),
  },
  {
    rule: 'replaces what it has not read only if the last reading found a record that cannot be read',
    holds: (_, { from, effects }) =>
      from.state !== 'restoring.unread' ||
      from.snapshot.context.failure?.version !== undefined ||
      effects.every(({ type }) => type === 'readRecord'),
  },
  {
    rule: 'revokes at the server only what there is',
    about: ['revokeTokens'],
    holds: (_, { from, event, effects }) =>
      each(effects, 'revokeTokens', ({ which }) => {
        if (which === 'held') return from.snapshot.context.held !== null;
        if (which === 'unwritten') return from.unwritten !== null;
        const isRead = event !== null && 'record' in event && event.record.status === 'tokens';
        return from.snapshot.context.tokens !== null || isRead;
      }),
  },
];

const general = invariants.filter(({ about }) => about === undefined);
const byEffects = new Map<string, readonly Invariant[]>();

/** Returns the invariants that a step with these effects may break. */
export function invariantsAbout(effects: readonly Effect[]): readonly Invariant[] {
  if (effects.length === 0) return general;
  let key = '';
  for (const { type } of effects) key += type;
  let concerned = byEffects.get(key);
  if (concerned === undefined) {
    const types = new Set(effects.map(({ type }) => type));
    concerned = invariants.filter(({ about }) => about === undefined || about.some((type) => types.has(type)));
    byEffects.set(key, concerned);
  }
  return concerned;
}

/** Returns the source of the tokens that would be written now. */
function originOfWritten({ snapshot, state }: World): TokenOrigin | null {
  const { origin, unwritten } = snapshot.context;
  return state === 'valid.unsaved' ? unwritten : origin;
}

function each<Name extends EffectName>(
  effects: readonly Effect[],
  name: Name,
  holds: (params: EffectParameters[Name]) => boolean,
): boolean {
  return effects.every((effect) => effect.type !== name || holds(effect.params as EffectParameters[Name]));
}
