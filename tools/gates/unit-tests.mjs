import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../workspace.mjs';

/**
 * Runs every test and counts them.
 *
 * @param {import('../gates.mjs').Workshop} workshop
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function runUnitTests({ root, scratch, toolchain }) {
  const report = join(scratch, 'tests.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const env = { ...toolchain.env, IS_BUILT: 'yes' };
  const { code, output } = await runTool(root, { ...toolchain, env }, 'vitest', args);
  const text = await readFile(report, 'utf8').catch(() => '{}');
  const { numPassedTests: passed = 0, numFailedTests: failed = 0 } = JSON.parse(text);
  return { faults: code === 0 ? '' : output, passed, failed };
}
