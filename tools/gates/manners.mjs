import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture } from '../child.mjs';

/**
 * Looks through every file that git knows or would add.
 *
 * @param {string} root
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function checkManners(root) {
  const listed = await capture('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  if (listed.code !== 0) {
    return { faults: 'git is needed to know the files of the repository: install it, and run this in a clone.' };
  }
  const faults = [];
  for (const name of new Set(listed.output.split('\0'))) {
    const content = await readFile(join(root, name)).catch(() => undefined); // Deleted, and not yet committed so.
    if (content !== undefined && !content.includes(0)) {
      faults.push(...faultsOf(name, content.toString()).map((fault) => `${name}: ${fault}`));
    }
  }
  const [readme, ci] = await Promise.all(
    ['README.md', '.ci/run'].map((name) => readFile(join(root, name), 'utf8').catch(() => '')),
  );
  for (const command of ['npm run demo', 'npm test']) {
    if (!readme?.includes(command)) faults.push(`README.md does not name the command \`${command}\`.`);
    if (!ci?.includes(command)) faults.push(`.ci/run does not run \`${command}\`, which README.md promises.`);
  }
  return { faults: faults.join('\n') };
}

/**
 * What is wrong with a text file of the repository.
 *
 * @param {string} name its path, with `/`
 * @param {string} text
 * @returns {string[]}
 */
export function faultsOf(name, text) {
  const faults = [];
  if (/registry\.[a-z]+\.(?:org|com)|npm\.pkg\.[a-z]+\.com|deb\.debian\.[a-z]+/.test(text)) {
    faults.push('names the host of a package registry; which one is used is for each machine to say.');
  }
  if (/(?<![\w.*-])\/(?:work|home|Users)\/\w/.test(text)) faults.push("names a folder of somebody's machine.");
  if (text !== '' && !text.endsWith('\n')) faults.push('does not end with a newline.');
  if (/^packages\/[^/]+\/src\/.*(?:\.js|\.d\.ts|\.map)$/.test(name)) faults.push('is built; it belongs in dist/.');
  return faults;
}
