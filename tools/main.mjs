import { fileURLToPath } from 'node:url';
import { attach, forwardSignals, shell } from './child.mjs';
import { CommandError, reportingErrors } from './command-error.mjs';
import { prepare } from './installation.mjs';
import { ensurePrograms } from './programs.mjs';
import { step } from './progress.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Prepares what the first argument names, and runs the command in the other arguments: `--tools` are Node and pnpm,
 * `--install` also installs the packages of the lock file, and `--build` also builds the packages of this repository.
 *
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export function main([preparation = '', command, ...args]) {
  forwardSignals();
  return reportingErrors(async () => {
    if (command === undefined) throw new CommandError('Name a command: `npm run dev -- <command>`.');
    const { env } = await prepare(root, preparation);
    if (args.includes('--redis')) await ensurePrograms(['redis'], env, step);
    return attach(command, args, { env, shell });
  });
}
