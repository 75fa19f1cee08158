/** What stops a command and is no bug: one sentence that says what to do, and the exit code. */
export class Trouble extends Error {
  /**
   * @param {string} message
   * @param {{ exitCode?: number, output?: string }} [details] `output`: what the tool that failed had said
   */
  constructor(message, { exitCode = 1, output } = {}) {
    super(message);
    this.name = 'Trouble';
    this.exitCode = exitCode;
    this.output = output;
  }
}

/** What tools say when the world is not as they need it, and what a person can do about it; the first that fits. */
const KNOWN = [
  {
    words: /ENOSPC|no space left on device/i,
    advice: 'The disk is full: make room (about 1 GB is enough) and run it again.',
  },
  {
    words: /EACCES|EROFS|permission denied|read-only file system/i,
    advice:
      'A file or folder may not be written here: make this folder yours (or copy it to one that is) and run it again.',
  },
  {
    words: /ERR_PNPM_OUTDATED_LOCKFILE|lockfile is not up to date|"frozen-lockfile" because/i,
    advice:
      'pnpm-lock.yaml does not match the manifests: run `npm run dev -- pnpm install` and commit the lock file with them.',
  },
  {
    words:
      /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|error sending request|tunneling socket/i,
    advice:
      'The package registry cannot be reached: check the network (and the proxy and registry in your npm settings) and run it again.',
  },
  {
    words: /ETARGET|E404|ERR_PNPM_NO_MATCHING_VERSION|ERR_PNPM_FETCH_404/i,
    advice:
      'The package registry of your npm settings lacks a package of the pinned version: use another one and run it again.',
  },
];

/**
 * The advice for a failure, where it is one of the known kinds.
 *
 * @param {unknown} failure an error of Node's own, or the output of a tool
 * @returns {string | undefined}
 */
export function adviceFor(failure) {
  const text = failure instanceof Error ? failure.message : String(failure);
  return KNOWN.find(({ words }) => words.test(text))?.advice;
}

/**
 * The trouble that a tool's failure is: the advice alone where the failure is known, else what the tool said.
 *
 * @param {string} output
 * @param {string} otherwise the sentence for an unknown failure
 */
export function troubleOf(output, otherwise) {
  const advice = adviceFor(output);
  return advice === undefined ? new Trouble(otherwise, { output }) : new Trouble(advice);
}
