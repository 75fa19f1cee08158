import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { addUp, noCoverage } from './coverage.ts';
import type { Violation } from './invariants.ts';
import type { Mutant } from './mutants.ts';
import type { Tally } from './report.ts';
import type { Batch, BatchResult } from './worker.ts';

export interface Campaign {
  readonly from: number;
  readonly seeds: number;
  readonly mutant: Mutant | undefined;
  /** Whether to run all seeds in spite of failures. */
  readonly continueAfterFailure: boolean;
  /** Called with the number of finished seeds, from time to time. */
  onProgress(done: number): void;
}

export interface Found {
  readonly seed: number;
  readonly violation: Violation;
}

/** How many seeds a worker gets at a time. */
const BATCH = 20;

/** Runs many seeds, on all cores. The failures are in the order of their seeds. */
export async function runCampaign(campaign: Campaign): Promise<{ tally: Tally; failures: readonly Found[] }> {
  const { from, seeds, mutant, continueAfterFailure, onProgress } = campaign;
  const start = performance.now();
  const coverage = noCoverage();
  const failures: Found[] = [];
  let next = from;
  let done = 0;
  let lasted = 0;

  const nextBatch = (): Batch | undefined => {
    if (next >= from + seeds || (failures.length > 0 && !continueAfterFailure)) return undefined;
    const batch = { from: next, to: Math.min(next + BATCH, from + seeds), mutant };
    next = batch.to;
    return batch;
  };

  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url));
      const give = () => {
        const batch = nextBatch();
        if (batch !== undefined) worker.postMessage(batch);
        else void worker.terminate().then(() => resolve());
      };
      worker.on('error', reject);
      worker.on('message', (result: BatchResult) => {
        done += result.seeds;
        lasted += result.lasted;
        addUp(coverage, result.coverage);
        failures.push(...result.failures);
        onProgress(done);
        give();
      });
      give();
    });

  await Promise.all(Array.from({ length: Math.min(availableParallelism(), Math.ceil(seeds / BATCH)) }, work));
  failures.sort((one, other) => one.seed - other.seed);
  const took = performance.now() - start;
  return { tally: { seeds: done, failures: failures.length, took, lasted, coverage }, failures };
}
