import type { Draws } from './draws.ts';
import { HOUR, MINUTE, SECOND } from './durations.ts';
import type { Call, Entry, Parameters } from './plan.ts';
import { clockSettingOf, dataLossOf, faultOf, pauseOf } from './planned-faults.ts';

export function* entriesOf(random: Draws, parameters: Parameters): Generator<Entry> {
  const { duration, flow } = parameters;
  if (flow === 'user') yield { at: 0, kind: 'call', instance: 0, call: signInOf(random) };
  if (random.happens(0.25)) yield faultOf(random, parameters, 0);
  yield* routine(random, parameters);
  const scenarios = random.between(2, 8);
  for (let scenario = 0; scenario < scenarios; scenario += 1) {
    const begin = random.between(0, duration);
    const entries = random.among(SCENARIOS)(random, parameters, begin);
    for (const entry of entries) if (entry.at <= duration) yield entry;
  }
}

type Scenario = (random: Draws, parameters: Parameters, begin: number) => Generator<Entry>;

/** The scenarios; more likely ones are listed more than once. */
const SCENARIOS: readonly Scenario[] = [
  rush,
  rush,
  rush,
  signInAgain,
  signInAgain,
  pauseDuringRefresh,
  loseData,
  setClock,
  setClock,
  anything,
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
  const anyInstance = () => random.index(clocks.length);
  if (random.happens(0.6)) yield { at: begin, kind: 'user revokes' };
  if (random.happens(0.4)) yield { at: begin, kind: 'call', instance: anyInstance(), call: 'revoke' };
  for (let left = random.between(0, 3); left > 0; left -= 1) {
    const call = random.among<Call>(['use', 'refresh']);
    yield { at: begin + random.soon(3 * SECOND), kind: 'call', instance: anyInstance(), call };
  }
  if (random.happens(0.5)) yield faultOf(random, parameters, Math.min(duration, begin + random.soon(5 * SECOND)));
  yield { at: begin + random.soon(10 * SECOND), kind: 'call', instance: anyInstance(), call: signInOf(random) };
}

/** An instance is suspended during its own refresh, and others need tokens before it resumes. */
function* pauseDuringRefresh(random: Draws, parameters: Parameters, begin: number): Generator<Entry> {
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
  const anyInstance = () => random.index(clocks.length);
  let at = begin;
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    const call = random.among<Call>(['refresh', 'refresh', 'refresh', signInOf(random)]);
    yield { at, kind: 'call', instance: anyInstance(), call };
    at += random.between(SECOND, 30 * SECOND);
  }
  if (random.happens(0.4)) at += random.between(0, HOUR);
  yield dataLossOf(random, parameters, at);
  const lasts = Math.min(random.magnitude(50, MINUTE), Math.max(1, duration - at));
  if (random.happens(0.7)) yield { at: at + random.soon(MINUTE), kind: 'crash', instance: anyInstance(), lasts };
  if (random.happens(0.3)) yield faultOf(random, parameters, Math.min(duration, at + random.soon(MINUTE)));
  for (let left = random.between(0, 3); left > 0; left -= 1) {
    yield { at: at + random.soon(10 * MINUTE), kind: 'call', instance: anyInstance(), call: callOf(random) };
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
function* anything(random: Draws, parameters: Parameters, begin: number): Generator<Entry> {
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
