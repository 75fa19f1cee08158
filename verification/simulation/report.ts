import type { Coverage } from './coverage.ts';
import { invariants } from './invariants.ts';
import type { Outcome } from './simulation.ts';
import { formatTime, formatTrace } from './trace.ts';

const YEAR = 365.25 * 86_400_000;

/**
 * Returns a report for people: the invariant, the history, and the shrunk plan. Empty if nothing failed.
 *
 * @param again - the arguments that reproduce it
 */
export function reportFailure({ plan, events, violation }: Outcome, again = `--seed ${plan.seed}`): string {
  if (violation === undefined) return '';
  const { invariant, at, what } = violation;
  return [
    `Seed ${plan.seed} violates "${invariant}":`,
    `  ${invariants[invariant]}`,
    '',
    formatTrace(events),
    `${formatTime(at)}  !        ${what}`,
    '',
    'The plan, as small as it could be made (for --plan <file>):',
    JSON.stringify(plan),
    '',
    `To see it again: npm run simulate -- ${again}`,
  ].join('\n');
}

export interface Tally {
  readonly seeds: number;
  readonly failures: number;
  /** In milliseconds. */
  readonly took: number;
  /** The virtual time in total, in milliseconds. */
  readonly lasted: number;
  readonly coverage: Coverage;
}

/** Returns a summary of the runs and their events. */
export function reportTally({ seeds, failures, took, lasted, coverage }: Tally): string {
  const seconds = took / 1_000;
  const width = Math.max(...Object.values(coverage).map((times) => grouped(times).length));
  return [
    ...Object.entries(coverage).map(([what, times]) => `${grouped(times).padStart(width)}  ${what}`),
    '',
    `${grouped(seeds)} seeds, ${(lasted / YEAR).toFixed(1)} years in ${seconds.toFixed(1)} s (${(seeds / seconds).toFixed(0)} seeds a second), ${failures} failed`,
  ].join('\n');
}

function grouped(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', ' ');
}
