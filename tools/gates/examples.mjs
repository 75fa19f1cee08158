import { join } from 'node:path';
import { capture } from '../child.mjs';
import { manifestOf, packageFolders } from '../workspace.mjs';

/** The scripts by which an example can be run, the most telling first. */
const SCRIPTS = ['test', 'start', 'demo'];

/** How long an example may take, in milliseconds: many times what it needs. */
const LONGEST = 1_800_000;

/** How many run at the same time: most of one is waiting for tokens to expire. */
const AT_ONCE = 2;

/**
 * Runs every example on the built packages; each must end by itself, and well.
 *
 * @param {import('../gates.mjs').Workshop} workshop
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function runExamples(workshop) {
  const folders = (await packageFolders(workshop.root)).filter((folder) => folder.startsWith('examples'));
  const { startRedis } = await import(new URL('../../verification/redis/index.ts', import.meta.url).href);
  const redis = await startRedis();
  /** @type {string[]} */
  const faults = [];
  const runSome = async () => {
    for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
      const fault = await faultOf(folder, workshop, folder.endsWith('-redis') ? { REDIS_URL: redis.url } : {});
      if (fault !== undefined) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runSome)).finally(() => redis.stop());
  return { faults: faults.join('\n') };
}

/**
 * @param {string} folder
 * @param {import('../gates.mjs').Workshop} workshop
 * @param {NodeJS.ProcessEnv} settings environment variables for the example
 */
async function faultOf(folder, { root, toolchain }, settings) {
  const { scripts = {} } = await manifestOf(join(root, folder));
  const script = SCRIPTS.find((name) => name in scripts);
  if (script === undefined) return `${folder} has none of the scripts ${SCRIPTS.join(', ')}.`;
  // Node runs a script as pnpm does, without pnpm's own start.
  const options = { cwd: join(root, folder), env: { ...toolchain.env, ...settings }, timeout: LONGEST };
  const { code, output } = await capture(toolchain.node, ['--run', script], options);
  return code === 0 ? undefined : `${folder}: \`${script}\` ended with code ${code}.\n${output}`;
}
