import { describe, expect, it } from 'vitest';
import type { Invariant } from '../../simulation/invariants.ts';
import type { Mutant } from '../../simulation/mutants.ts';
import type { Plan } from '../../simulation/plan.ts';
import { planOf } from '../../simulation/planner.ts';
import { shrink } from '../../simulation/shrinking.ts';
import { type Outcome, simulate } from '../../simulation/simulation.ts';
import { formatTrace } from '../../simulation/trace.ts';

const HOUR = 3_600_000;

/** The mistakes that seeds alone detect. */
type SeededMutant = Exclude<Mutant, 'trusted-future'>;

interface Expected {
  readonly invariants: readonly Invariant[];
  /** The first seed to try: earlier ones give the mistake no opportunity. */
  readonly from: number;
  readonly within: number;
}

/** A mistake that seeds rarely trigger: a new process reads a token from before the storage's clock was set back. */
const FROM_FUTURE: Plan = {
  seed: 1,
  parameters: {
    ...planOf(1).parameters,
    flow: 'user',
    duration: HOUR,
    clocks: [{ ahead: 0, fast: 0 }],
    accessTokenLifetime: 600,
    refreshEndsAccessTokens: false,
  },
  entries: [
    { at: 0, kind: 'call', instance: 0, call: 'signIn' },
    { at: HOUR / 60, kind: 'clock', by: -24 * HOUR },
    { at: HOUR / 30, kind: 'crash', instance: 0, lasts: 1_000 },
    { at: HOUR / 20, kind: 'call', instance: 0, call: 'use' },
    { at: HOUR / 2, kind: 'call', instance: 0, call: 'use' },
  ],
};

/** Which invariants a mutant may violate, and which seeds detect it. */
const EXPECTED: Readonly<Record<SeededMutant, Expected>> = {
  'stale-lease': { invariants: ['the newest token'], from: 2, within: 20 },
  overwrite: { invariants: ['no way back', 'rightful endings', 'recovery'], from: 28, within: 20 },
  'blind-ending': { invariants: ['rightful endings', 'recovery'], from: 38, within: 20 },
  'short-lease': { invariants: ['one presentation'], from: 18, within: 20 },
  'ignored-hint': { invariants: ['hinted tokens'], from: 1, within: 20 },
  'wall-clock': { invariants: ['living tokens', 'prompt answers', 'recovery'], from: 2, within: 20 },
  'late-timer': { invariants: ['answers that arrived'], from: 15, within: 20 },
  'superseded-offer': { invariants: ['no way back'], from: 2, within: 20 },
  'hidden-loss': { invariants: ['recovery'], from: 8, within: 20 },
};

async function firstFailure(mutant: SeededMutant): Promise<Outcome> {
  const { from, within } = EXPECTED[mutant];
  for (let seed = from; seed < from + within; seed += 1) {
    const outcome = await simulate(planOf(seed), mutant);
    if (outcome.violation !== undefined) return outcome;
  }
  throw new Error(`${mutant} was not detected within ${within} seeds from ${from} on.`);
}

describe('detects the mutant', () => {
  for (const mutant of Object.keys(EXPECTED) as SeededMutant[]) {
    const { invariants, within } = EXPECTED[mutant];
    it(`${mutant}, within ${within} seeds`, async () => {
      const { violation } = await firstFailure(mutant);
      expect(invariants).toContain(violation?.invariant);
    });
  }
});

it('detects the mutant trusted-future, in a plan that violates nothing without it', async () => {
  expect((await simulate(FROM_FUTURE)).violation).toBeUndefined();
  expect((await simulate(FROM_FUTURE, 'trusted-future')).violation?.invariant).toBe('living tokens');
});

it('shrinks a failure to a short trace that fails in the same way', async () => {
  const failure = await firstFailure('overwrite');
  const least = await shrink(failure, 'overwrite');
  expect(least.violation?.invariant).toBe(failure.violation?.invariant);
  expect(least.plan.entries.length).toBeLessThan(failure.plan.entries.length / 2);
  expect(formatTrace((await simulate(least.plan, 'overwrite')).events)).toBe(formatTrace(least.events));
});
