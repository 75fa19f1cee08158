import { cp } from 'node:fs/promises';
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
export async function runOnLivingNodes({ root, scratch, toolchain, nodes }) {
  const home = join(scratch, 'visitor');
  const ends = [nodes[0], nodes.at(-1)];
  for (const name of ['first-token.ts', 'storage-contract.ts']) {
    await cp(join(root, 'tests', 'packed', name), join(home, name));
  }
  const faults = await Promise.all(
    nodes.map(async (node) => {
      const programs = ['visitor.mjs', 'first-token.ts', ...(ends.includes(node) ? ['storage-contract.ts'] : [])];
      return Promise.all(programs.map((program) => faultsOn(node, program, { cwd: home, env: toolchain.env })));
    }),
  );
  return { faults: faults.flat().join('') };
}

/**
 * @param {import('../toolchain.mjs').NodeProgram} node
 * @param {string} program
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} where
 */
async function faultsOn({ version, path }, program, where) {
  const { code, output } = await capture(path, ['--disable-warning=ExperimentalWarning', program], {
    ...where,
    timeout: LONGEST,
  });
  // The visitor prints what is wrong and ends well; the tests print what they did, and end badly.
  const fine = program === 'visitor.mjs' ? output === '' : code === 0;
  return fine ? '' : `Node ${version}, ${program}:\n${output}\n`;
}
