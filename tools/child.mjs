import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { CommandError } from './command-error.mjs';

/**
 * @typedef {{ code: number, output: string }} Outcome
 * @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, shell?: boolean, timeout?: number }} Options `timeout` in milliseconds
 */

/** The option for commands of npm packages, such as `tsc`: on Windows, they are scripts, which only a shell can start. */
export const shell = process.platform === 'win32';

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
/** @type {NodeJS.Signals | undefined} */
let interruption;

/** Sends signals on to the children, and lets this process end after them, so that no child is left behind. */
export function forwardSignals() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      interruption = signal;
      if (running.size === 0) process.exit(codeOf(signal));
      // A terminal has sent Ctrl-C to the children too, and many programs stop at once when they get a second one.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      for (const child of running) child.kill(signal);
    });
  }
}

/** @param {NodeJS.Signals} signal */
function codeOf(signal) {
  return 128 + constants.signals[signal];
}

/**
 * Runs a program and captures its output. The code is 127 if it cannot be started, as in a shell.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<Outcome>}
 */
export async function capture(program, args, options = {}) {
  /** @type {Buffer[]} */
  const chunks = [];
  const outcome = await finish(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }, (child) => {
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
  });
  if (options.timeout !== undefined && outcome.code === codeOf('SIGTERM')) {
    chunks.push(Buffer.from(`\nIt was stopped after ${options.timeout / 1000} s.\n`));
  }
  if (interruption !== undefined) throw new CommandError('Interrupted.', { exitCode: codeOf(interruption) });
  return { code: outcome.code, output: Buffer.concat(chunks).toString() + outcome.output };
}

/**
 * Runs a program on this process's terminal.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<number>} its exit code
 */
export async function attach(program, args, options) {
  const { code, output } = await finish(program, args, { ...options, stdio: 'inherit' });
  if (output !== '') throw new CommandError(output, { exitCode: code });
  return code;
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @param {(child: import('node:child_process').ChildProcess) => void} [started]
 * @returns {Promise<Outcome>}
 */
async function finish(program, args, options, started) {
  const child = spawn(program, args, options);
  running.add(child);
  started?.(child);
  try {
    const [code, signal] = await once(child, 'close');
    return { code: signal === null ? code : codeOf(signal), output: '' };
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    const isMissing = code === 'ENOENT';
    return { code: 127, output: isMissing ? `There is no command ${program}.` : `${program} cannot start: ${message}` };
  } finally {
    running.delete(child);
  }
}

/**
 * Returns the output of a program that failed, and an empty string for one that did not.
 *
 * @param {Outcome} outcome
 */
export function problemsOf({ code, output }) {
  return code === 0 ? '' : output || `It ended with code ${code}.`;
}
