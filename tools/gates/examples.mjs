import { join } from 'node:path';
import { capture } from '../child.mjs';
import { manifestOf, packageFolders } from '../workspace.mjs';

/** The scripts by which an example can be run, the most telling first. */
const SCRIPTS = ['test', 'start', 'demo'];

/**
 * Runs every example on the built packages; each must end by itself, and well.
 *
 * @param {import('../gates.mjs').Workshop} workshop
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function runExamples({ root, toolchain }) {
  const faults = [];
  for (const folder of await packageFolders(root)) {
    if (!folder.startsWith('examples')) continue;
    const { scripts = {} } = await manifestOf(join(root, folder));
    const script = SCRIPTS.find((name) => name in scripts);
    if (script === undefined) {
      faults.push(`${folder} has none of the scripts ${SCRIPTS.join(', ')}.`);
      continue;
    }
    const options = { cwd: join(root, folder), env: toolchain.env, timeout: 60_000 };
    const { code, output } = await capture('pnpm', ['run', script], options);
    if (code !== 0) faults.push(`${folder}: \`${script}\` ended with code ${code}.\n${output}`);
  }
  return { faults: faults.join('\n') };
}
