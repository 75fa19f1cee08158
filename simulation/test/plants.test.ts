import { describe, expect, it } from 'vitest';
import type { Invariant } from '../src/invariants.ts';
import { planOf } from '../src/plan.ts';
import { type Plant, plants } from '../src/plants.ts';
import { shrink } from '../src/shrinking.ts';
import { type Outcome, simulate } from '../src/simulation.ts';
import { tell } from '../src/storytelling.ts';

/** Which invariants a planted mistake may violate, and within how many seeds it is found. */
const EXPECTED: Readonly<Record<Plant, { readonly invariants: readonly Invariant[]; readonly within: number }>> = {
  'stale-lease': { invariants: ['the newest token'], within: 60 },
  overwrite: { invariants: ['no way back', 'rightful endings', 'recovery'], within: 60 },
  'blind-ending': { invariants: ['rightful endings'], within: 60 },
  'short-lease': { invariants: ['one presentation'], within: 60 },
  'wall-clock': { invariants: ['living tokens', 'prompt answers', 'recovery'], within: 60 },
  'late-timer': { invariants: ['answers that arrived'], within: 60 },
  'outdone-offer': { invariants: ['no way back'], within: 60 },
  'hidden-loss': { invariants: ['recovery'], within: 60 },
};

async function firstFailure(plant: Plant, within: number): Promise<Outcome> {
  for (let seed = 1; seed <= within; seed += 1) {
    const outcome = await simulate(planOf(seed), plant);
    if (outcome.violation !== undefined) return outcome;
  }
  throw new Error(`${plant} was not found within ${within} seeds.`);
}

describe('finds planted mistakes', () => {
  for (const plant of Object.keys(plants) as Plant[]) {
    const { invariants, within } = EXPECTED[plant];
    it(`${plant}, within ${within} seeds`, async () => {
      const { violation } = await firstFailure(plant, within);
      expect(invariants).toContain(violation?.invariant);
    });
  }
});

it('shrinks a failure to a short history that fails in the same way', async () => {
  const { within } = EXPECTED.overwrite;
  const failure = await firstFailure('overwrite', within);
  const least = await shrink(failure, 'overwrite');
  expect(least.violation?.invariant).toBe(failure.violation?.invariant);
  expect(least.plan.entries.length).toBeLessThan(failure.plan.entries.length / 2);
  expect(tell((await simulate(least.plan, 'overwrite')).events)).toBe(tell(least.events));
});
