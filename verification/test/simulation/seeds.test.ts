import { expect, it } from 'vitest';
import { count, noCoverage } from '../../simulation/coverage.ts';
import { planOf } from '../../simulation/planner.ts';
import { reportFailure } from '../../simulation/report.ts';
import { simulate } from '../../simulation/simulation.ts';

const SEEDS = 50;

it(`keeps every invariant through the first ${SEEDS} seeds, in which every fault occurs`, async () => {
  const coverage = noCoverage();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const outcome = await simulate(planOf(seed));
    expect(reportFailure(outcome)).toBe('');
    count(coverage, outcome.events);
  }
  expect(Object.keys(coverage).filter((what) => coverage[what] === 0)).toEqual([]);
});
