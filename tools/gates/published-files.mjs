import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture } from '../child.mjs';
import { tarballs } from './tarballs.mjs';

/** What is not checked: resolutions that no supported Node and no supported TypeScript makes. */
const IGNORED = ['node10', 'node16-cjs'];

/**
 * Checks every packed package with attw (do its types resolve as its code does?) and publint (do its files keep what the
 * manifest says?). Both run for all packages in one process, because loading them takes longer than the checks.
 *
 * @param {import('../gates.mjs').Workshop} workshop
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function checkPublishedFiles({ root, scratch, toolchain }) {
  const args = [fileURLToPath(import.meta.url), ...(await tarballs(scratch))];
  const { code, output } = await capture(toolchain.node, args, { cwd: root, env: toolchain.env });
  return { faults: code === 0 ? '' : output };
}

/**
 * @param {string} path a packed package
 * @returns {Promise<string[]>} what is wrong with it
 */
async function faultsOf(path) {
  const { checkPackage, createPackageFromTarballData } = await import('@arethetypeswrong/core');
  const { publint } = await import('publint');
  const { formatMessage } = await import('publint/utils');
  const bytes = await readFile(path);
  const types = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)));
  const problems = types.types === false ? [{ kind: 'NoTypes' }] : types.problems;
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ strict: true, pack: { tarball } });
  return [
    ...problems
      .filter((problem) => !('resolutionKind' in problem && IGNORED.includes(String(problem.resolutionKind))))
      .map((problem) => `attw: ${JSON.stringify(problem)}`),
    ...messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of process.argv.slice(2)) {
    for (const fault of await faultsOf(path)) {
      process.stdout.write(`${basename(path)}: ${fault}\n`);
      process.exitCode = 1;
    }
  }
}
