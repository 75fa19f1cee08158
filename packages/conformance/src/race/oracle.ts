import type { FinalState } from './commands.js';
import type { EventOf, Facts } from './facts.js';
import type { Violation } from './invariants.js';

/** How a race ended. */
export interface RaceEnd {
  readonly at: number;
  readonly finalStates: readonly FinalState[];
  /** Whether the server would accept a refresh token, named by its fingerprint. */
  honours(refreshToken: string): boolean;
}

/** Returns the violated invariants of a history, in order of time; for those of its end see {@link recoveryViolations}. */
export function violationsIn(facts: Facts): Violation[] {
  return [
    ...repeatedPresentations(facts),
    ...sharedLeases(facts),
    ...fallingVersions(facts),
    ...deadTokens(facts),
    ...tokensAfterTheEnd(facts),
    ...deaths(facts),
  ].sort((one, other) => one.at - other.at);
}

function* repeatedPresentations(facts: Facts): Generator<Violation> {
  for (const presentation of facts.presentations) {
    const { earlier, at, process, refreshToken } = presentation;
    if (earlier === undefined || facts.mayFollow(earlier, presentation)) continue;
    const what = `Instance ${process} presented ${refreshToken} in request ${presentation.request}, as instance ${earlier.process} had done ${at - earlier.at} ms before in request ${earlier.request}.`;
    yield { invariant: 'one presentation', at, what };
  }
}

function* sharedLeases(facts: Facts): Generator<Violation> {
  for (const [index, one] of facts.heldLeases.entries()) {
    for (const other of facts.heldLeases.slice(0, index)) {
      if (one.key !== other.key || one.process === other.process) continue;
      const from = Math.max(one.from, other.from);
      if (from >= Math.min(one.until, other.until)) continue;
      if (facts.losesWrites(Math.min(one.asked, other.asked), from)) continue;
      if (one.version !== other.version && facts.awaitsCommit(one.key, one.from)) continue;
      const what = `Instances ${other.process} and ${one.process} both had the lease, for ${Math.min(one.until, other.until) - from} ms at least.`;
      yield { invariant: 'one holder', at: from, what };
    }
  }
}

function* fallingVersions(facts: Facts): Generator<Violation> {
  const seen = facts.replies.filter(({ version }) => version !== undefined) as (EventOf<'storage.answered'> & {
    version: number;
  })[];
  for (const answer of seen) {
    const { at, asked, key, version, process } = answer;
    const newer = seen.find((other) => other.key === key && other.at < asked && other.version > version);
    if (newer !== undefined && !facts.losesWrites(newer.at, at)) {
      const what = `Instance ${process} got version ${version}, though instance ${newer.process} had got version ${newer.version} ${asked - newer.at} ms before it asked.`;
      yield { invariant: 'growing versions', at, what };
    }
    if (answer.outcome !== 'committed') continue;
    const twin = seen.find(
      (other) =>
        other !== answer &&
        other.outcome === 'committed' &&
        other.key === key &&
        other.version === version &&
        other.at <= at,
    );
    if (twin !== undefined && !facts.losesWrites(twin.at, at)) {
      const what = `Instances ${twin.process} and ${process} both wrote version ${version}.`;
      yield { invariant: 'growing versions', at, what };
    }
  }
}

function* deadTokens(facts: Facts): Generator<Violation> {
  const issued = new Map(facts.all('token.decided').map((event) => [event.accessToken, event]));
  const returned = facts.all('token.returned');
  for (const { at, process, token, asked, decided } of returned) {
    const { expiresAt } = issued.get(token) ?? {};
    if (expiresAt === undefined) {
      const what = `Instance ${process} returned ${token}, which the server never issued.`;
      yield { invariant: 'living tokens', at, what };
      continue;
    }
    if (decided < expiresAt) continue;
    const commit = facts.replies.find(
      (answer) => answer.process === process && answer.call === 'commit' && answer.at >= asked && answer.at <= at,
    );
    const isFirst = (moment: number) =>
      !returned.some((other) => other.process === process && other.token === token && other.at < moment);
    if (commit !== undefined && isFirst(commit.at)) continue;
    const what = `Instance ${process} returned ${token}, which had expired ${decided - expiresAt} ms before.`;
    yield { invariant: 'living tokens', at, what };
  }
}

function* tokensAfterTheEnd(facts: Facts): Generator<Violation> {
  const states = facts.all('state.changed');
  for (const { at, process, token, decided } of facts.all('token.returned')) {
    const state = states.findLast((event) => event.process === process && event.at <= at);
    if (state === undefined || state.at >= decided || !/^(expired|revoked)/.test(state.step)) continue;
    const what = `Instance ${process} returned ${token}, ${at - state.at} ms after it had said that its session is ${state.step}.`;
    yield { invariant: 'no tokens after the end', at, what };
  }
}

function* deaths(facts: Facts): Generator<Violation> {
  for (const { at, process, killed } of facts.all('process.ended')) {
    if (!killed) yield { invariant: 'staying alive', at, what: `Instance ${process} ended by itself.` };
  }
}

/** Returns what is wrong with the final state of a race. */
export function recoveryViolations(findings: Facts, { at, finalStates, honours }: RaceEnd): Violation[] {
  const off = finalStates.flatMap((finalState, place) => (finalState.valid ? [] : [{ ...finalState, place }]));
  if (off.length === 0) return [];
  const stands = off
    .map(({ place, step, cause, code }) => `instance ${place} is ${step} (${[cause, code].filter(Boolean).join(', ')})`)
    .join(', ');
  const violation = (why: string): Violation[] => [{ invariant: 'recovery', at, what: `${why}: ${stands}.` }];
  if (off.length < finalStates.length) return violation('Some instances have a token, and others have none');
  if (findings.storedRefreshTokens.some(honours)) return violation('The server still honours what was stored');
  if (off.some(({ cause }) => cause === null)) return violation('An instance does not say why the session is over');
  const wasInterrupted = findings.lostTokens || findings.repetitions.length > 0;
  if (wasInterrupted || off.every(({ cause }) => cause !== 'refresh_interrupted')) return [];
  return violation('The session is over for an interrupted refresh, though none was');
}
