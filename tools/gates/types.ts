import { glob, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, problemsOf, shell } from '../child.mjs';
import type { GateContext, GateResult } from '../gates.ts';

/** The results of earlier checks, except those of the packages, which the gate `build` has just built. */
const EARLIER_RESULTS = '{{*,examples/*}/dist/*,packages/*/dist/viewer}.tsbuildinfo';

/**
 * Checks the types of everything that the build does not compile, and which imports are allowed. Earlier results are deleted,
 * because the compiler does not notice that a dependency was updated.
 */
export async function checkTypes({ root, env }: GateContext): Promise<GateResult> {
  for await (const file of glob(EARLIER_RESULTS, { cwd: root })) await rm(join(root, file));
  // Several threads would check the same types more than once, and other gates need the other cores.
  return problemsOf(await capture('tsc', ['-b', '--singleThreaded'], { cwd: root, env, shell }));
}
