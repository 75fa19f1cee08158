import type { FinalState } from './commands.js';
import type { Facts } from './facts.js';
import type { RaceEvent } from './history.js';
import type { Violation } from './invariants.js';
import { formatTrace } from './trace.js';

/** The result of a race. It contains no secret: tokens are fingerprints. */
export interface RaceReport {
  readonly seed: number;
  /** The violated invariants, in order of time. */
  readonly violations: readonly Violation[];
  /** How many refresh tokens the server exchanged for new tokens. */
  readonly refreshes: number;
  /** How many requests with a refresh token reached the server. */
  readonly tokenRequests: number;
  /** How many of these presented a token that had been presented before. */
  readonly ambiguous: number;
  /**
   * How many of those were presented after the lease had ended, because the process had been stopped since it got it.
   */
  readonly late: number;
  /**
   * How many of those followed a lease that expired although no fault had affected its holder: this machine is slow.
   */
  readonly lapses: number;
  /** How often each fault occurred. */
  readonly faultCounts: Readonly<Record<string, number>>;
  /** How many tokens callers received. */
  readonly tokens: number;
  /** How often calls failed, by the code of the error. */
  readonly failures: Readonly<Record<string, number>>;
  /** The final state of each instance. */
  readonly finalStates: readonly FinalState[];
  /** How long the instances took to recover, in milliseconds. */
  readonly recovery: number;
  readonly history: readonly RaceEvent[];
}

/** Formats a race as text: its statistics, and the events around each violation. */
export function formatRaceReport({ history, violations, finalStates: _, ...figures }: RaceReport): string {
  const start = history[0]?.at ?? 0;
  const described = violations.map(({ invariant, at, what }) => {
    const around = formatTrace(history, start, at - 1_500, at + 200);
    return `\n${invariant}, at ${((at - start) / 1000).toFixed(3)} s: ${what}\n${around}`;
  });
  return [JSON.stringify(figures), ...described].join('\n');
}

/** Counts what happened in a race. */
export function figuresOf(facts: Facts, history: readonly RaceEvent[]) {
  const failures: Record<string, number> = {};
  let tokens = 0;
  for (const event of history) {
    if (event.kind === 'token.returned') tokens += event.callers;
    if (event.kind === 'call.failed') failures[event.code] = (failures[event.code] ?? 0) + 1;
  }
  const { repetitions } = facts;
  const unexplained = repetitions.filter(
    (repetition) =>
      !facts.cameLate(repetition) &&
      !facts.responseWasLost(repetition.earlier) &&
      !facts.wasAffected(repetition.earlier.process, repetition.earlier.at, repetition.at),
  );
  return {
    refreshes: facts.refreshed,
    tokenRequests: facts.presentations.length,
    ambiguous: repetitions.length,
    late: repetitions.filter((repetition) => facts.cameLate(repetition)).length,
    lapses: unexplained.length,
    tokens,
    failures,
  };
}
