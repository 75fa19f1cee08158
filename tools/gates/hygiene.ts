import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture } from '../child.mjs';
import type { GateResult } from '../gates.ts';

/** Checks every file that git tracks or would add. */
export async function checkHygiene(root: string): Promise<GateResult> {
  const listed = await capture('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  if (listed.code !== 0) return 'Git lists the files of the repository: install it, and run this in a clone.';
  const problems = [];
  for (const name of new Set(listed.output.split('\0'))) {
    const content = await readFile(join(root, name)).catch(() => undefined); // Deleted, but not yet committed.
    if (content !== undefined && !content.includes(0)) {
      problems.push(...problemsOfFile(name, content.toString()).map((problem) => `${name}: ${problem}`));
    }
  }
  for (const name of ['README.md', '.ci/run']) {
    const text = await readFile(join(root, name), 'utf8').catch(() => '');
    for (const command of ['npm run demo', 'npm test']) {
      if (!text.includes(command)) problems.push(`${name} lacks the command \`${command}\`.`);
    }
  }
  return problems.join('\n');
}

/** @param name - the path of a text file, with `/` */
export function problemsOfFile(name: string, text: string): string[] {
  const problems = [];
  if (/registry\.[a-z]+\.(?:org|com)|npm\.pkg\.[a-z]+\.com|deb\.debian\.[a-z]+/.test(text)) {
    problems.push('names the host of a package registry, which the settings of each machine choose.');
  }
  if (/(?<![\w.*-])\/(?:work|home|Users)\/\w/.test(text)) problems.push('names a folder of one machine.');
  if (text !== '' && !text.endsWith('\n')) problems.push('does not end with a newline.');
  if (/^packages\/[^/]+\/src\/.*(?:\.js|\.d\.ts|\.map)$/.test(name)) problems.push('is built; it belongs in dist/.');
  return problems;
}
