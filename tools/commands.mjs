import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attach, forwardSignals, shell } from './child.mjs';
import { CommandError, reportingErrors } from './command-error.mjs';
import { prepare, withLock } from './installation.mjs';
import { ensurePrograms } from './programs.mjs';
import { step } from './progress.mjs';
import { ensureToolchain } from './toolchain.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The tests that run the folders of core whose coverage is measured; vitest.config.ts lists the folders. */
const COVERING_CORE = ['packages/core', 'tests/session', 'tests/flows', 'tests/interop', 'tests/secrets'];

/** The random tests, for `npm run fuzz`. */
const RANDOM = ['fuzz', 'random-histories'];

/** @type {Record<string, (args: string[]) => Promise<number>>} */
const COMMANDS = {
  demo: (args) => run('demo/src/main.ts', args),
  playground: (args) => run('playground/src/main.ts', args, { programs: args.includes('--redis') ? ['redis'] : [] }),
  bench: (args) => run('benchmarks/src/bench.ts', args),
  simulate: (args) => run('verification/simulation/main.ts', args),
  race: (args) => run('verification/race/race.ts', args),
  soak: (args) => run('verification/soak/soak.ts', args),
  crash: (args) => run('verification/processes/crash.ts', args),
  fuzz(args) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        times: { type: 'string', default: '10' },
      },
    });
    process.stdout.write(`Seed ${values.seed}, ${values.times} times as many cases as in \`npm test\`.\n`);
    const filters = positionals.length === 0 ? RANDOM : positionals;
    return vitest(['--testTimeout=0', ...filters], { SEED: values.seed, TIMES: values.times });
  },
  torture: (args) => run('tools/torture.ts', args),
  coverage: (args) => vitest(['--coverage', ...COVERING_CORE, ...args]),
  test: (args) => run('tools/gates.ts', args, { built: false }),
  async dev([command, ...args]) {
    if (command === undefined) throw new CommandError('Name a command: `npm run dev -- <command>`.');
    const { env } = await withLock(root, () => ensureToolchain(root, step));
    return attach(command, args, { env, shell });
  },
};

/**
 * @param {string[]} args the name of a command, and its arguments
 * @returns {Promise<number>} the exit code
 */
export function main([name = '', ...args]) {
  forwardSignals();
  return reportingErrors(() => {
    const command = COMMANDS[name];
    if (command === undefined)
      throw new CommandError(`There is no command "${name}": ${Object.keys(COMMANDS).join(', ')}.`);
    return command(args);
  });
}

/**
 * Runs a TypeScript program of this repository.
 *
 * @param {string} entry
 * @param {string[]} args
 * @param {{ built?: boolean, programs?: import('./programs.mjs').ProgramName[] }} [needs] `built`: the packages. Default: true
 */
async function run(entry, args, { built = true, programs = [] } = {}) {
  if (!existsSync(join(root, entry))) throw new CommandError(`${entry} is missing: get the whole repository.`);
  const { node, env } = await prepare(root, { built });
  await ensurePrograms(programs, env, step);
  return attach(node, [join(root, entry), ...args], { env });
}

/** @param {string[]} args @param {NodeJS.ProcessEnv} [variables] */
async function vitest(args, variables) {
  const { env } = await prepare(root, { built: false });
  const options = { cwd: root, env: { ...env, ...variables }, shell };
  return attach('vitest', ['run', '--reporter=dot', '--silent=passed-only', ...args], options);
}
