/** An error that is no bug in the tools: its message says what to do, so it is printed without a stack. */
export class CommandError extends Error {
  /**
   * @param {string} message
   * @param {{ exitCode?: number, output?: string }} [details] `output`: what the failed program printed
   */
  constructor(message, { exitCode = 1, output } = {}) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.output = output;
  }
}

/** Failures of the environment, by what programs print, and the advice for each. The first match counts. */
const KNOWN = [
  {
    pattern: /ENOSPC|no space left on device/i,
    advice: 'The disk is full: make room (about 1 GB is enough), and run the command again.',
  },
  {
    pattern: /EACCES|EROFS|permission denied|read-only file system/i,
    advice:
      'A file or folder is not writable: own this folder, or copy it to one that you own, and run the command again.',
  },
  {
    pattern: /ERR_PNPM_OUTDATED_LOCKFILE|lockfile is not up to date|"frozen-lockfile" because/i,
    advice:
      'pnpm-lock.yaml does not match the manifests: run `npm run dev -- pnpm install`, and commit the lock file with them.',
  },
  {
    pattern:
      /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|error sending request|tunneling socket/i,
    advice:
      'The package registry cannot be reached: check the network, and the proxy and registry in your npm settings, and run the command again.',
  },
  {
    pattern: /ETARGET|E404|ERR_PNPM_NO_MATCHING_VERSION|ERR_PNPM_FETCH_404/i,
    advice:
      'The package registry of your npm settings lacks a package of the pinned version, or has none for this platform: use another registry, and run the command again.',
  },
];

/**
 * @param {unknown} failure an error, or the output of a program
 * @returns {string | undefined} `undefined` for an unknown failure
 */
export function adviceFor(failure) {
  const text = failure instanceof Error ? failure.message : String(failure);
  return KNOWN.find(({ pattern }) => pattern.test(text))?.advice;
}

/**
 * Returns the error for a failed program: its advice if the failure is known, else `message` with the output.
 *
 * @param {string} output
 * @param {string} message
 */
export function commandErrorFrom(output, message) {
  const advice = adviceFor(output);
  return advice === undefined ? new CommandError(message, { output }) : new CommandError(advice);
}

/**
 * Returns the exit code of the work. If it fails, prints what to do, and throws only what is a bug.
 *
 * @param {() => Promise<number>} work
 */
export async function reportingErrors(work) {
  try {
    return await work();
  } catch (error) {
    const known = error instanceof CommandError;
    const message = known ? error.message : adviceFor(error);
    if (message === undefined) throw error;
    const output = known && error.output ? `${lastLines(error.output)}\n\n` : '';
    process.stderr.write(`${output}${message}\n`);
    return known ? error.exitCode : 1;
  }
}

/** @param {string} output @param {number} [count] */
export function lastLines(output, count = 60) {
  const lines = output.trimEnd().split('\n');
  const omitted = lines.length - count;
  return omitted <= 0 ? lines.join('\n') : [`(${omitted} lines omitted)`, ...lines.slice(-count)].join('\n');
}
