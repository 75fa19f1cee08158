import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture, problemsOf } from '../child.mjs';
import type { GateContext, GateResult } from '../gates.ts';
import { tarballsIn } from './tarballs.ts';

/** Resolutions that no supported Node and no supported TypeScript makes. */
const IGNORED = ['node10', 'node16-cjs'];

/**
 * Checks every packed package with attw (do its types resolve as its code does?) and publint (do its files match its
 * manifest?), all in one process, because loading the two takes longer than the checks.
 */
export async function checkPublishedFiles({ root, scratch, env }: GateContext): Promise<GateResult> {
  const args = [fileURLToPath(import.meta.url), ...(await tarballsIn(scratch))];
  return problemsOf(await capture(process.execPath, args, { cwd: root, env }));
}

async function problemsOfTarball(path: string): Promise<string[]> {
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
    for (const problem of await problemsOfTarball(path)) {
      process.stdout.write(`${basename(path)}: ${problem}\n`);
      process.exitCode = 1;
    }
  }
}
