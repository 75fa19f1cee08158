import type { Mutant } from './mutants.ts';
import type { Entry, Parameters, Plan } from './plan.ts';
import { type Outcome, simulate } from './simulation.ts';

/** The simplest parameters, tried in turn for a plan that fails without its own. */
const SIMPLER: readonly Partial<Parameters>[] = [
  { hintLatency: [1, 1] },
  { storageLatency: [5, 5] },
  { serverLatency: [100, 100] },
  { clientSecrets: ['first'] },
  { refreshBuffer: 300 },
  { refreshEndsAccessTokens: false },
  { gracePeriod: 0 },
  { rotation: 'strict' },
  { refreshTokenLifetimeIsKnown: false },
  { refreshTokenLifetime: 14 * 86_400 },
  { serverTimeout: 15_000 },
  { storageTimeout: 5_000 },
  { onStorageUnavailable: 'fail' },
  { keepAlive: false },
];

/** Finds a smaller plan that fails in the same way: removes entries and simplifies parameters, as long as it fails. */
export async function shrink(failing: Outcome, mutant?: Mutant): Promise<Outcome> {
  let least = failing;

  async function attempt(plan: Plan): Promise<boolean> {
    const outcome = await simulate(plan, mutant);
    if (outcome.violation === undefined || outcome.violation.invariant !== failing.violation?.invariant) return false;
    least = outcome;
    return true;
  }

  const withEntries = (entries: readonly Entry[]) => attempt({ ...least.plan, entries });
  const withParameters = (simpler: Partial<Parameters>) =>
    attempt({ ...least.plan, parameters: { ...least.plan.parameters, ...simpler } });

  /** Removes as many entries at a time as possible, then fewer (delta debugging). */
  async function leaveOut(): Promise<void> {
    for (let size = Math.ceil(least.plan.entries.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < least.plan.entries.length; ) {
        const { entries } = least.plan;
        if (!(await withEntries([...entries.slice(0, from), ...entries.slice(from + size)]))) from += size;
      }
    }
  }

  await leaveOut();
  for (const simpler of SIMPLER) await withParameters(simpler);
  await withParameters({ clocks: least.plan.parameters.clocks.map(() => ({ ahead: 0, fast: 0 })) });
  while (least.plan.parameters.clocks.length > 1) {
    if (!(await withParameters({ clocks: least.plan.parameters.clocks.slice(0, -1) }))) break;
  }
  const last = least.plan.entries.at(-1);
  if (last !== undefined) await withParameters({ duration: last.at + ('lasts' in last ? last.lasts : 0) + 1_000 });
  await leaveOut();
  return least;
}
