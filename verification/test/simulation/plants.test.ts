import { describe, expect, it } from 'vitest';
import type { Invariant } from '../../simulation/invariants.ts';
import { type Plan, planOf } from '../../simulation/plan.ts';
import type { Plant } from '../../simulation/plants.ts';
import { shrink } from '../../simulation/shrinking.ts';
import { type Outcome, simulate } from '../../simulation/simulation.ts';
import { tell } from '../../simulation/storytelling.ts';

const HOUR = 3_600_000;

/** The mistakes that seeds alone detect. */
type SeededPlant = Exclude<Plant, 'trusted-future'>;

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

/** Which invariants a planted mistake may violate, and which seeds detect it. */
const EXPECTED: Readonly<Record<SeededPlant, Expected>> = {
  'stale-lease': { invariants: ['the newest token'], from: 2, within: 20 },
  overwrite: { invariants: ['no way back', 'rightful endings', 'recovery'], from: 28, within: 20 },
  'blind-ending': { invariants: ['rightful endings', 'recovery'], from: 38, within: 20 },
  'short-lease': { invariants: ['one presentation'], from: 18, within: 20 },
  'wall-clock': { invariants: ['living tokens', 'prompt answers', 'recovery'], from: 2, within: 20 },
  'late-timer': { invariants: ['answers that arrived'], from: 15, within: 20 },
  'outdone-offer': { invariants: ['no way back'], from: 2, within: 20 },
  'hidden-loss': { invariants: ['recovery'], from: 8, within: 20 },
};

async function firstFailure(plant: SeededPlant): Promise<Outcome> {
  const { from, within } = EXPECTED[plant];
  for (let seed = from; seed < from + within; seed += 1) {
    const outcome = await simulate(planOf(seed), plant);
    if (outcome.violation !== undefined) return outcome;
  }
  throw new Error(`${plant} was not found within ${within} seeds from ${from} on.`);
}

describe('finds planted mistakes', () => {
  for (const plant of Object.keys(EXPECTED) as SeededPlant[]) {
    const { invariants, within } = EXPECTED[plant];
    it(`${plant}, within ${within} seeds`, async () => {
      const { violation } = await firstFailure(plant);
      expect(invariants).toContain(violation?.invariant);
    });
  }
});

it('finds trusted-future, in a plan that is right without it', async () => {
  expect((await simulate(FROM_FUTURE)).violation).toBeUndefined();
  expect((await simulate(FROM_FUTURE, 'trusted-future')).violation?.invariant).toBe('living tokens');
});

it('shrinks a failure to a short history that fails in the same way', async () => {
  const failure = await firstFailure('overwrite');
  const least = await shrink(failure, 'overwrite');
  expect(least.violation?.invariant).toBe(failure.violation?.invariant);
  expect(least.plan.entries.length).toBeLessThan(failure.plan.entries.length / 2);
  expect(tell((await simulate(least.plan, 'overwrite')).events)).toBe(tell(least.events));
});
