import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { planOf } from '../../simulation/planner.ts';
import { simulate } from '../../simulation/simulation.ts';
import { formatTrace } from '../../simulation/trace.ts';

/** Short runs. */
const SEEDS = [2, 6, 9];

it('has the same trace for the same seed, character by character', async () => {
  for (const seed of SEEDS) {
    const [one, other] = [await simulate(planOf(seed)), await simulate(planOf(seed))];
    expect(formatTrace(other.events)).toBe(formatTrace(one.events));
    expect(one.events.length).toBeGreaterThan(20);
  }
});

it('has the same trace in another process', async () => {
  const [seed = 1] = SEEDS;
  const here = await simulate(planOf(seed));
  const main = fileURLToPath(new URL('../../simulation/main.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--seed', String(seed)], {
    maxBuffer: 2 ** 24,
  });
  expect(stdout).toContain(formatTrace(here.events));
});

it('changes nothing before an entry by leaving it out', async () => {
  for (const seed of SEEDS) {
    const plan = planOf(seed);
    const index = Math.floor(plan.entries.length / 2);
    const { at } = plan.entries[index] as (typeof plan.entries)[number];
    const whole = await simulate(plan);
    const part = await simulate({ ...plan, entries: plan.entries.toSpliced(index, 1) });
    const before = (events: typeof whole.events) => formatTrace(events.filter((event) => event.at < at));
    expect(before(part.events)).toBe(before(whole.events));
  }
});
