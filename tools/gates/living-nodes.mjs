import { join } from 'node:path';
import { capture } from '../child.mjs';

/** @typedef {import('../gates.mjs').Workshop} Workshop */
/** @typedef {import('../gates.mjs').Verdict} Verdict */

/** How long a program may take, in milliseconds: many times what it needs. */
const LONGEST = 1_800_000;

/**
 * Runs the programs of tests/packed/ in the folder where the packed packages are installed, on every Node that they
 * promise to work on. What takes longest runs on the oldest and the newest alone.
 *
 * @param {Workshop} workshop
 * @returns {Promise<Verdict>}
 */
export async function runOnLivingNodes({ scratch, toolchain, nodes }) {
  const cwd = join(scratch, 'visitor');
  const ends = [nodes[0], nodes.at(-1)];
  const faults = await Promise.all(
    nodes.map(async (node) => {
      const programs = ['entry-points.ts', 'first-token.ts', ...(ends.includes(node) ? ['storage-contract.ts'] : [])];
      // One process for all programs, because most of its time goes into loading the same packages.
      const code = programs.map((program) => `await import('./${program}');\n`).join('');
      const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code];
      const outcome = await capture(node.path, args, { cwd, env: toolchain.env, timeout: LONGEST });
      return outcome.code === 0 ? '' : `Node ${node.version}:\n${outcome.output}\n`;
    }),
  );
  return { faults: faults.join('') };
}
