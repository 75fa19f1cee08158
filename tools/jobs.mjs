import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hand, passSignalsOn } from './child.mjs';
import { runGates } from './gates.mjs';
import { bringPrograms } from './programs.mjs';
import { step, tail } from './progress.mjs';
import { bringToolchain } from './toolchain.mjs';
import { torture } from './torture.mjs';
import { adviceFor, Trouble, troubleOf } from './trouble.mjs';
import { alone, build, install, toolFile } from './workspace.mjs';

/** @typedef {import('./toolchain.mjs').Toolchain} Toolchain */

const root = fileURLToPath(new URL('..', import.meta.url));

/** The tests that use the folders of core with measured coverage; vitest.config.ts lists the folders. */
const REACHING_CORE = ['packages/core', 'tests/session', 'tests/flows', 'tests/interop', 'tests/secrets'];

/** The tests that take another seed, and more of it, by `npm run fuzz`. */
const RANDOM = ['fuzz', 'random-histories'];

/** @type {Record<string, (args: string[]) => Promise<number>>} */
const JOBS = {
  demo: (args) => program('examples/plain-node/src/demo.ts', args),
  playground: (args) => program('playground/src/main.ts', args, args.includes('--redis') ? ['redis'] : []),
  bench: (args) => program('benchmarks/src/bench.ts', args),
  simulate: (args) => program('verification/simulation/main.ts', args),
  race: (args) => program('verification/race/race.ts', args),
  soak: (args) => program('verification/soak/soak.ts', args),
  crash: (args) => program('verification/processes/crash.ts', args),
  async fuzz(args) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        times: { type: 'string', default: '10' },
      },
    });
    const { node, env } = await prepare({ built: false });
    const vitest = await toolFile(root, 'vitest');
    const filters = positionals.length === 0 ? RANDOM : positionals;
    process.stdout.write(`Seed ${values.seed}, ${values.times} times as many cases as in \`npm test\`.\n`);
    return hand(node, [vitest, 'run', '--reporter=dot', '--silent=passed-only', '--testTimeout=0', ...filters], {
      cwd: root,
      env: { ...env, SEED: values.seed, TIMES: values.times },
    });
  },
  torture: async (args) => torture(root, await prepare({ built: true }), args),
  async coverage(args) {
    const { node, env } = await prepare({ built: false });
    const vitest = await toolFile(root, 'vitest');
    return hand(
      node,
      [vitest, 'run', '--coverage', '--reporter=dot', '--silent=passed-only', ...REACHING_CORE, ...args],
      { cwd: root, env },
    );
  },
  test: async (args) => runGates(root, await prepare({ built: false }), args),
  async dev([command, ...args]) {
    if (command === undefined) throw new Trouble('Say what to run: `npm run dev -- <command>`.');
    const { env } = await alone(root, () => bringToolchain(root, step));
    return hand(command, args, { env });
  },
};

/**
 * @param {string[]} args the name of a job, and what it is given
 * @returns {Promise<number>} the exit code
 */
export async function main([name = '', ...args]) {
  passSignalsOn();
  try {
    const job = JOBS[name];
    if (job === undefined) throw new Trouble(`There is no job "${name}": ${Object.keys(JOBS).join(', ')}.`);
    return await job(args);
  } catch (error) {
    return report(error);
  }
}

/**
 * A script that needs the built packages. Node runs it itself, so that it is there at once and gets every signal.
 *
 * @param {string} entry
 * @param {string[]} args
 * @param {import('./programs.mjs').ProgramName[]} programs what it starts that npm does not install
 */
async function program(entry, args, programs = []) {
  if (!existsSync(join(root, entry))) throw new Trouble(`${entry} is missing: get the whole repository.`);
  const { node, env } = await prepare({ built: true });
  await bringPrograms(programs, env, step);
  return hand(node, [join(root, entry), ...args], { env });
}

/**
 * @param {{ built: boolean }} wish
 * @returns {Promise<Toolchain>}
 */
function prepare({ built }) {
  return alone(root, async () => {
    const toolchain = await bringToolchain(root, step);
    await install(root, toolchain, step);
    if (built) {
      await step('Building', async () => {
        const { code, output } = await build(root, toolchain);
        if (code !== 0) throw troubleOf(output, 'The packages do not build.');
      });
    }
    return toolchain;
  });
}

/** @param {unknown} error */
function report(error) {
  if (error instanceof Trouble) {
    if (error.output) process.stderr.write(`${tail(error.output)}\n\n`);
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  const advice = adviceFor(error);
  if (advice === undefined) throw error;
  process.stderr.write(`${advice}\n`);
  return 1;
}
