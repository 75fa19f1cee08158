import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, shell } from '../child.mjs';
import type { GateContext, GateResult } from '../gates.ts';

/** How long all tests may take, in milliseconds: only tests that hang are stopped. */
const TIMEOUT = 3_600_000;

/** Runs every test with Vitest, and counts them. */
export async function runTests({ root, scratch, env }: GateContext): Promise<GateResult> {
  const report = join(scratch, 'tests.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const options = { cwd: root, env: { ...env, IS_BUILT: 'yes' }, timeout: TIMEOUT, shell };
  const { code, output } = await capture('vitest', args, options);
  const text = await readFile(report, 'utf8').catch(() => '{}');
  const { numPassedTests: passed = 0, numFailedTests: failed = 0 } = JSON.parse(text);
  return { problems: code === 0 ? '' : output, passed, failed };
}
