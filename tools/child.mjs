import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Trouble } from './trouble.mjs';

/** @typedef {{ code: number, output: string }} Outcome */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
/** @type {NodeJS.Signals | undefined} */
let interruption;

/** From now on a signal goes to the children, and this process ends after them, so that none is left behind. */
export function passSignalsOn() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      interruption = signal;
      if (running.size === 0) process.exit(codeOf(signal));
      // A terminal has sent Ctrl-C to the children too, and a second one often means "at once".
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
 * Runs a program and keeps what it prints. One that cannot be started ends with code 127, as in a shell.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeout?: number }} [options] `timeout` in milliseconds
 * @returns {Promise<Outcome>}
 */
export async function capture(program, args, options) {
  /** @type {Buffer[]} */
  const chunks = [];
  const outcome = await finish(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }, (child) => {
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
  });
  const { timeout } = options ?? {};
  if (timeout !== undefined && outcome.code === codeOf('SIGTERM')) {
    chunks.push(Buffer.from(`\nIt was stopped after ${timeout / 1000} s.\n`));
  }
  if (interruption !== undefined) throw new Trouble('Interrupted.', { exitCode: codeOf(interruption) });
  return { code: outcome.code, output: Buffer.concat(chunks).toString() + outcome.output };
}

/**
 * Runs a program on this process's own terminal.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>} its exit code
 */
export async function hand(program, args, options) {
  const { code, output } = await finish(program, args, { ...options, stdio: 'inherit' });
  if (output !== '') throw new Trouble(output, { exitCode: code });
  return code;
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @param {(child: import('node:child_process').ChildProcess) => void} [started]
 * @returns {Promise<Outcome>}
 */
function finish(program, args, options, started) {
  return new Promise((resolve) => {
    const child = spawn(program, args, options);
    running.add(child);
    started?.(child);
    const end = (/** @type {Outcome} */ outcome) => {
      running.delete(child);
      resolve(outcome);
    };
    child.on('error', (error) => {
      const missing = 'code' in error && error.code === 'ENOENT';
      end({
        code: 127,
        output: missing ? `There is no command ${program}.` : `${program} cannot be started: ${error.message}`,
      });
    });
    child.on('close', (code, signal) => end({ code: signal === null ? (code ?? 1) : codeOf(signal), output: '' }));
  });
}
