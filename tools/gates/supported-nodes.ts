import { join } from 'node:path';
import { capture } from '../child.mjs';
import type { GateContext, GateResult } from '../gates.ts';

/** How long the programs may take, in milliseconds: only programs that hang are stopped. */
const TIMEOUT = 1_800_000;

/**
 * Runs the programs of tests/packed/ in the folder with the installed packages, on every Node that is supported. The slow
 * one runs on the oldest and the newest.
 */
export async function runOnSupportedNodes({ scratch, env, nodes }: GateContext): Promise<GateResult> {
  const cwd = join(scratch, 'application');
  const ends = [nodes[0], nodes.at(-1)];
  const problems = await Promise.all(
    nodes.map(async (node) => {
      const programs = ['entry-points.ts', 'first-token.ts', ...(ends.includes(node) ? ['storage-contract.ts'] : [])];
      // One process for all programs, because most of its time goes into loading the same packages.
      const code = programs.map((program) => `await import('./${program}');\n`).join('');
      const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code];
      const outcome = await capture(node.path, args, { cwd, env, timeout: TIMEOUT });
      return outcome.code === 0 ? '' : `Node ${node.version}:\n${outcome.output}\n`;
    }),
  );
  return problems.join('');
}
