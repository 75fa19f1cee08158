import { join } from 'node:path';
import { capture } from '../child.mjs';

/** What writes a file of the repository, and with `--check` says whether it is fresh. */
const GENERATORS = [
  'tools/generate-contracts.mjs',
  'tools/generate-errors.mjs',
  'tools/generate-failure-policy.mjs',
  'tools/generate-statechart.mjs',
];

/**
 * Checks that the files that are made from the sources are what the sources say.
 *
 * @param {import('../gates.mjs').Workshop} workshop
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function checkGeneratedFiles({ root, toolchain: { node, env } }) {
  const faults = [];
  for (const generator of GENERATORS) {
    const { code, output } = await capture(node, [join(root, generator), '--check'], {
      cwd: root,
      env,
      timeout: 1_800_000,
    });
    if (code !== 0) faults.push(output || `${generator} ended with code ${code}.`);
  }
  return { faults: faults.join('\n') };
}
