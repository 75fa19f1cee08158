import { type RandomNumbers, randomNumbers } from '@frameio-auth/conformance';
import type { Rotation } from './token-ledger.ts';

/** The minimum and the maximum, both inclusive, in milliseconds. */
export type Span = readonly [least: number, most: number];

/** The parameters of one seed's run. Times are in milliseconds unless stated otherwise. */
export interface Parameters {
  /**
   * The owner of the tokens: a user, with refresh tokens (`WebAppAuth`), or the application itself
   * (`ServerToServerAuth`).
   */
  readonly flow: 'user' | 'service';
  readonly duration: number;
  /**
   * The clock of each instance: how far it is ahead of the storage's, and how many parts per million faster it runs.
   */
  readonly clocks: readonly { readonly ahead: number; readonly fast: number }[];
  readonly rotation: Rotation;
  readonly gracePeriod: number;
  /** In seconds. */
  readonly accessTokenLifetime: number;
  /** In seconds. */
  readonly refreshTokenLifetime: number;
  /** Whether sessions know that lifetime. */
  readonly refreshTokenLifetimeIsKnown: boolean;
  readonly refreshEndsAccessTokens: boolean;
  /** In seconds. */
  readonly refreshBuffer: number;
  readonly onStorageUnavailable: 'request' | 'fail';
  /** Whether idle sessions are refreshed; only if the lifetime of refresh tokens is known. */
  readonly keepAlive: boolean;
  /** The client secrets in the instances' configuration. */
  readonly clientSecrets: readonly string[];
  readonly serverTimeout: number;
  readonly storageTimeout: number;
  readonly serverLatency: Span;
  readonly storageLatency: Span;
  readonly hintLatency: Span;
}

/**
 * A call of the application. `use`: gets a token, calls the API, and reports a 401. `signIn`: imports tokens; `visit`:
 * sends the user to the server, who returns with a code.
 */
export type Call = 'use' | 'getToken' | 'impatient' | 'peek' | 'refresh' | 'signIn' | 'visit' | 'revoke' | 'export';

/** What happens to the messages between an instance and its peer. */
export type NetworkEffect = 'refused' | 'request lost' | 'answer lost' | 'slow';

/** A planned event. `at`: since the beginning; `lasts`: from there; both in milliseconds. `instance`: its place. */
export type Entry =
  | { readonly at: number; readonly kind: 'call'; readonly instance: number; readonly call: Call }
  | { readonly at: number; readonly kind: 'crash' | 'restart'; readonly instance: number; readonly lasts: number }
  | {
      readonly at: number;
      readonly kind: 'pause';
      readonly instance: number;
      readonly lasts: number;
      /** Whether timers that fell due run before the messages that arrived meanwhile, as in Node. */
      readonly timersFirst: boolean;
      /** Whether the whole machine sleeps: its monotonic clock stops, and its wall clock continues. */
      readonly asleep?: boolean;
    }
  | {
      readonly at: number;
      readonly kind: 'clock';
      /** The instance with the wall clock to set; absent: the storage's clock. */
      readonly instance?: number;
      /** How far it is set ahead, or back, permanently. */
      readonly by: number;
    }
  | {
      readonly at: number;
      readonly kind: 'network';
      readonly peer: 'server' | 'storage';
      readonly effect: NetworkEffect;
      /** The share of messages that it affects. */
      readonly share: number;
      /** The affected instance; absent: all of them. */
      readonly instance?: number;
      readonly lasts: number;
    }
  | { readonly at: number; readonly kind: 'hints'; readonly effect: 'lost' | 'late' | 'twice'; readonly lasts: number }
  | {
      readonly at: number;
      readonly kind: 'busy';
      readonly status: 429 | 503;
      /** In seconds. */
      readonly retryAfter?: number;
      readonly lasts: number;
    }
  | { readonly at: number; readonly kind: 'secrets'; readonly live: readonly string[]; readonly lasts: number }
  | {
      readonly at: number;
      readonly kind: 'failover';
      /** The writes of how many milliseconds are lost. */
      readonly loses: number;
      /** How long the storage is unavailable. */
      readonly lasts: number;
    }
  | {
      readonly at: number;
      readonly kind: 'data loss';
      /** How old the restored state is; absent: the storage returns empty. */
      readonly loses?: number;
      /** How long the storage is unavailable. */
      readonly lasts: number;
    }
  | { readonly at: number; readonly kind: 'user revokes' }
  | { readonly at: number; readonly kind: 'access tokens end' };

export type EntryKind = Entry['kind'];

export type EntryOf<Kind extends EntryKind> = Extract<Entry, { readonly kind: Kind }>;

/** Everything that is decided before a run begins; plain JSON. */
export interface Plan {
  /** The seed of the random numbers during the run. */
  readonly seed: number;
  readonly parameters: Parameters;
  /** In order of time. */
  readonly entries: readonly Entry[];
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long sessions hold a lease; the default, whatever the timeout of a request. */
const LEASE = 30 * SECOND;

export function planOf(seed: number): Plan {
  const random = new Draws(randomNumbers(seed));
  const parameters = parametersOf(random);
  const entries = [...entriesOf(random, parameters)].sort((one, other) => one.at - other.at);
  // A storage derives versions from its clock and its earlier versions. Versions stay unique if only one of the two is
  // lost.
  const losesWrites = entries.some(({ kind }) => kind === 'failover' || kind === 'data loss');
  return { seed, parameters, entries: losesWrites ? entries.filter((entry) => !setsStorageBack(entry)) : entries };
}

function parametersOf(random: Draws): Parameters {
  const flow = random.happens(0.85) ? 'user' : 'service';
  const accessTokenLifetime = random.magnitude(60, 86_400);
  const wrongByFar = random.happens(0.3);
  const instances = random.among([1, 2, 2, 3, 3, 4]);
  return {
    flow,
    duration: accessTokenLifetime * SECOND * random.magnitude(2, 100),
    clocks: Array.from({ length: instances }, () => ({
      ahead: wrongByFar ? random.between(-90 * MINUTE, 90 * MINUTE) : random.between(-2 * SECOND, 2 * SECOND),
      fast: random.happens(0.5) ? 0 : random.between(-200, 200),
    })),
    rotation: random.among(['none', 'lenient', 'strict', 'strict', 'strict', 'revoke-chain', 'revoke-chain']),
    gracePeriod: random.happens(0.7) ? 0 : random.among([10 * SECOND, MINUTE, 10 * MINUTE]),
    accessTokenLifetime,
    refreshTokenLifetime: Math.max(300, accessTokenLifetime * random.magnitude(3, 400)),
    refreshTokenLifetimeIsKnown: random.happens(0.5),
    refreshEndsAccessTokens: random.happens(0.3),
    refreshBuffer: random.happens(0.7) ? 300 : random.between(0, 900),
    onStorageUnavailable: flow === 'service' || random.happens(0.2) ? 'request' : 'fail',
    keepAlive: random.happens(0.3),
    clientSecrets: random.happens(0.5) ? ['first'] : ['first', 'second'],
    // The default, most often.
    serverTimeout: random.among([5, 10, 15, 15, 15, 20]) * SECOND,
    storageTimeout: random.among([1, 3, 5, 5, 10]) * SECOND,
    serverLatency: [random.between(1, 50), random.magnitude(50, 2_000)],
    storageLatency: [0, random.magnitude(1, 200)],
    hintLatency: [0, random.magnitude(1, 500)],
  };
}

function* entriesOf(random: Draws, parameters: Parameters): Generator<Entry> {
  const { duration, flow } = parameters;
  if (flow === 'user') yield { at: 0, kind: 'call', instance: 0, call: signInOf(random) };
  if (random.happens(0.25)) yield faultOf(random, parameters, 0);
  yield* routine(random, parameters);
  const scenes = random.between(2, 8);
  for (let scene = 0; scene < scenes; scene += 1) {
    const begin = random.between(0, duration);
    const entries = random.among(SCENES)(random, parameters, begin);
    for (const entry of entries) if (entry.at <= duration) yield entry;
  }
}

type Scene = (random: Draws, parameters: Parameters, begin: number) => Generator<Entry>;

/** The scenes; more likely ones are listed more than once. */
const SCENES: readonly Scene[] = [
  rush,
  rush,
  rush,
  signInAgain,
  signInAgain,
  standStill,
  loseData,
  setClock,
  setClock,
  muddle,
];

/** All instances need new tokens at once, and then something fails. */
function* rush(random: Draws, parameters: Parameters, begin: number): Generator<Entry> {
  const { clocks } = parameters;
  if (random.happens(0.3)) yield { at: begin, kind: 'access tokens end' };
  for (const instance of clocks.keys()) {
    if (random.happens(0.2)) continue;
    const call = random.among<Call>(['refresh', 'refresh', 'use', 'getToken', 'impatient']);
    yield { at: begin + random.soon(3 * SECOND), kind: 'call', instance, call };
  }
  for (let left = random.between(1, 6); left > 0; left -= 1) {
    yield faultOf(random, parameters, begin + random.soon(30 * SECOND));
  }
  for (let left = random.between(0, 4); left > 0; left -= 1) {
    const at = begin + random.soon(5 * MINUTE);
    yield { at, kind: 'call', instance: random.index(clocks.length), call: callOf(random) };
  }
}

/** The user revokes the sign-in and signs in again, or signs out, while others continue with their tokens. */
function* signInAgain(random: Draws, parameters: Parameters, begin: number): Generator<Entry> {
  const { clocks, duration } = parameters;
  const somebody = () => random.index(clocks.length);
  if (random.happens(0.6)) yield { at: begin, kind: 'user revokes' };
  if (random.happens(0.4)) yield { at: begin, kind: 'call', instance: somebody(), call: 'revoke' };
  for (let left = random.between(0, 3); left > 0; left -= 1) {
    const call = random.among<Call>(['use', 'refresh']);
    yield { at: begin + random.soon(3 * SECOND), kind: 'call', instance: somebody(), call };
  }
  if (random.happens(0.5)) yield faultOf(random, parameters, Math.min(duration, begin + random.soon(5 * SECOND)));
  yield { at: begin + random.soon(10 * SECOND), kind: 'call', instance: somebody(), call: signInOf(random) };
}

/** An instance is suspended during its own refresh, and others need tokens before it resumes. */
function* standStill(random: Draws, parameters: Parameters, begin: number): Generator<Entry> {
  const { clocks, serverLatency } = parameters;
  const instance = random.index(clocks.length);
  yield { at: begin, kind: 'call', instance, call: random.happens(0.9) ? 'refresh' : 'visit' };
  const at = begin + random.between(0, 2 * serverLatency[1]);
  const pause = pauseOf(random, parameters, instance, at);
  yield pause;
  for (let left = random.between(0, 3); left > 0; left -= 1) {
    const call = random.among<Call>(['use', 'refresh']);
    yield { at: at + random.between(0, 2 * pause.lasts), kind: 'call', instance: random.index(clocks.length), call };
  }
  if (random.happens(0.5)) yield faultOf(random, parameters, at + random.between(0, pause.lasts));
}

/** One instance refreshes after another, the storage loses its data, and new instances start. */
function* loseData(random: Draws, parameters: Parameters, begin: number): Generator<Entry> {
  const { clocks, duration } = parameters;
  const somebody = () => random.index(clocks.length);
  let at = begin;
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    const call = random.among<Call>(['refresh', 'refresh', 'refresh', signInOf(random)]);
    yield { at, kind: 'call', instance: somebody(), call };
    at += random.between(SECOND, 30 * SECOND);
  }
  if (random.happens(0.4)) at += random.between(0, HOUR);
  yield dataLossOf(random, parameters, at);
  const lasts = Math.min(random.magnitude(50, MINUTE), Math.max(1, duration - at));
  if (random.happens(0.7)) yield { at: at + random.soon(MINUTE), kind: 'crash', instance: somebody(), lasts };
  if (random.happens(0.3)) yield faultOf(random, parameters, Math.min(duration, at + random.soon(MINUTE)));
  for (let left = random.between(0, 3); left > 0; left -= 1) {
    yield { at: at + random.soon(10 * MINUTE), kind: 'call', instance: somebody(), call: callOf(random) };
  }
}

/** The clock of a machine is set while its instance has tokens or is about to get some, which are used later. */
function* setClock(random: Draws, parameters: Parameters, begin: number): Generator<Entry> {
  const { clocks, accessTokenLifetime } = parameters;
  const instance = random.index(clocks.length);
  yield { at: begin, kind: 'call', instance, call: random.among<Call>(['use', 'refresh']) };
  if (random.happens(0.3)) yield faultOf(random, parameters, begin + random.soon(MINUTE));
  const at = begin + random.soon(accessTokenLifetime * SECOND);
  yield clockSettingOf(random, instance, at);
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    const call = random.among<Call>(['use', 'getToken', 'refresh']);
    yield { at: at + random.between(0, 2 * accessTokenLifetime * SECOND), kind: 'call', instance, call };
  }
}

/** Any calls and any faults, in any order. */
function* muddle(random: Draws, parameters: Parameters, begin: number): Generator<Entry> {
  const { clocks, accessTokenLifetime } = parameters;
  // Some end before a request does, and some outlast several tokens.
  const lasts = random.magnitude(200, random.happens(0.5) ? MINUTE : 2 * accessTokenLifetime * SECOND);
  for (let left = random.between(2, 12); left > 0; left -= 1) {
    const at = begin + random.between(0, lasts);
    yield { at, kind: 'call', instance: random.index(clocks.length), call: callOf(random) };
  }
  for (let left = random.between(0, 5); left > 0; left -= 1) {
    yield faultOf(random, parameters, begin + random.between(0, lasts));
  }
}

/** The session is used from time to time, and unused for long periods. */
function* routine(random: Draws, { duration, clocks, accessTokenLifetime }: Parameters): Generator<Entry> {
  const pace = accessTokenLifetime * SECOND * random.magnitude(0.1, 10);
  const calls = random.between(5, 25);
  let at = random.between(0, 5 * SECOND);
  for (let left = calls; left > 0 && at < duration; left -= 1) {
    yield { at, kind: 'call', instance: random.index(clocks.length), call: 'use' };
    at += random.between(0, 2 * pace);
  }
}

function signInOf(random: Draws): Call {
  return random.happens(0.75) ? 'signIn' : 'visit';
}

function callOf(random: Draws): Call {
  const usual: Call[] = ['use', 'use', 'use', 'getToken', 'getToken', 'impatient', 'peek', 'refresh', 'refresh'];
  return random.happens(0.92) ? random.among(usual) : random.among(['signIn', 'visit', 'revoke', 'export', 'export']);
}

function faultOf(random: Draws, parameters: Parameters, at: number): Entry {
  const { duration, clocks, clientSecrets } = parameters;
  const instance = random.index(clocks.length);
  const most = Math.max(1, duration - at);
  const lasts = Math.min(most, random.magnitude(50, random.happens(0.9) ? 2 * MINUTE : 30 * MINUTE));
  const kind = random.among<EntryKind>([
    'crash',
    'crash',
    'restart',
    'pause',
    'pause',
    'clock',
    'clock',
    'network',
    'network',
    'network',
    'network',
    'network',
    'network',
    'hints',
    'busy',
    'secrets',
    'failover',
    'data loss',
    'user revokes',
    'access tokens end',
  ]);
  switch (kind) {
    case 'network':
      return {
        at,
        kind,
        peer: random.among(['server', 'storage']),
        effect: random.among<NetworkEffect>(['refused', 'request lost', 'answer lost', 'answer lost', 'slow']),
        share: random.among([0.3, 0.7, 1]),
        ...(random.happens(0.6) && { instance }),
        lasts,
      };
    case 'pause': {
      const pause = pauseOf(random, parameters, instance, at);
      return random.happens(0.5) ? pause : { ...pause, lasts };
    }
    case 'clock':
      return clockSettingOf(random, instance, at);
    case 'hints':
      return { at, kind, effect: random.among(['lost', 'late', 'twice']), lasts };
    case 'busy': {
      const status = random.among<429 | 503>([429, 503]);
      return { at, kind, status, ...(random.happens(0.5) && { retryAfter: random.between(0, 90) }), lasts };
    }
    case 'secrets':
      return { at, kind, live: random.among([['third'], clientSecrets.slice(-1), ['third', 'first']]), lasts };
    case 'failover':
      return { at, kind, loses: random.magnitude(10, 10_000), lasts: Math.min(lasts, 10 * SECOND) };
    case 'data loss':
      return dataLossOf(random, parameters, at);
    case 'user revokes':
      return random.happens(0.4) ? { at, kind } : { at, kind: 'access tokens end' };
    case 'access tokens end':
      return { at, kind };
    default:
      return { at, kind: kind === 'restart' ? kind : 'crash', instance, lasts };
  }
}

/** A pause that may occur during a request: it ends before the lease does, or only later. */
function pauseOf(
  random: Draws,
  { duration, serverTimeout }: Parameters,
  instance: number,
  at: number,
): EntryOf<'pause'> {
  const asleep = random.happens(0.3);
  const pause = random.happens(0.6)
    ? random.between(serverTimeout, LEASE - SECOND)
    : random.between(LEASE, random.among([2 * LEASE, HOUR]));
  const lasts = Math.min(pause, Math.max(1, duration - at));
  return { at, kind: 'pause', instance, lasts, timersFirst: random.happens(0.7), ...(asleep && { asleep }) };
}

/** The storage is restarted without its data, or from a snapshot. */
function dataLossOf(random: Draws, { duration }: Parameters, at: number): Entry {
  const loses = random.happens(0.7) ? {} : { loses: random.magnitude(SECOND, duration) };
  return { at, kind: 'data loss', ...loses, lasts: Math.min(random.magnitude(50, MINUTE), Math.max(1, duration - at)) };
}

/** The clock of an instance's machine or of the storage is set: by seconds, a wrong time zone, or days. */
function clockSettingOf(random: Draws, instance: number, at: number): EntryOf<'clock'> {
  // The storage's clock is wrong by less than the time for which records outlive their tokens.
  const isStorages = random.happens(0.2);
  const farthest = random.among([MINUTE, isStorages ? 12 * HOUR : 30 * DAY]);
  const by = (random.happens(0.4) ? 1 : -1) * random.magnitude(SECOND, farthest);
  return { at, kind: 'clock', ...(isStorages ? {} : { instance }), by };
}

function setsStorageBack(entry: Entry): boolean {
  return entry.kind === 'clock' && entry.instance === undefined && entry.by < 0;
}

/** Random draws for plans. */
class Draws {
  readonly #random: RandomNumbers;

  constructor(random: RandomNumbers) {
    this.#random = random;
  }

  happens(probability: number): boolean {
    return this.#random() < probability;
  }

  index(length: number): number {
    return Math.floor(this.#random() * length);
  }

  among<Value>(values: readonly Value[]): Value {
    return values[this.index(values.length)] as Value;
  }

  /** Returns an integer; both ends are included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** Returns milliseconds from now: usually a few, and rarely as many as `most`. */
  soon(most: number): number {
    return this.magnitude(1, most) - 1;
  }

  /** Returns a number of any magnitude between the two, small ones as often as large ones; an integer from 1 on. */
  magnitude(least: number, most: number): number {
    const value = least * (most / least) ** this.#random();
    return value < 1 ? value : Math.round(value);
  }
}
