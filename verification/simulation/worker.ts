/** Runs seeds in its own thread: each message is a batch of seeds, and each reply contains the result. */
import { parentPort } from 'node:worker_threads';
import { type Coverage, count, noCoverage } from './coverage.ts';
import type { Violation } from './invariants.ts';
import type { Mutant } from './mutants.ts';
import { planOf } from './planner.ts';
import { simulate } from './simulation.ts';

export interface Batch {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly mutant: Mutant | undefined;
}

export interface BatchResult {
  readonly seeds: number;
  /** In milliseconds of virtual time. */
  readonly lasted: number;
  readonly coverage: Coverage;
  readonly failures: readonly { readonly seed: number; readonly violation: Violation }[];
}

parentPort?.on('message', ({ from, to, mutant }: Batch) => {
  void run(from, to, mutant).then((result) => parentPort?.postMessage(result));
});

async function run(from: number, to: number, mutant: Mutant | undefined): Promise<BatchResult> {
  const coverage = noCoverage();
  const failures = [];
  let sum = 0;
  for (let seed = from; seed < to; seed += 1) {
    const { events, lasted, violation } = await simulate(planOf(seed), mutant);
    count(coverage, events);
    sum += lasted;
    if (violation !== undefined) failures.push({ seed, violation });
  }
  return { seeds: to - from, lasted: sum, coverage, failures };
}
