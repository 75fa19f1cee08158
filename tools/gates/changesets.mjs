import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a changeset begins with: the packages it is about, each with the size of the change; then a sentence. */
const CHANGESET = /^---\n(?<packages>(?:'@frameio-auth\/[a-z-]+': (?:major|minor|patch)\n)+)---\n\n\S/;

/**
 * Sees that a release will be able to read every changeset. `changeset status` would ask the history for what changed
 * as well, which a shallow or detached checkout does not have.
 *
 * @param {string} root
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function checkChangesets(root) {
  const folder = join(root, '.changeset');
  const packages = await readdir(join(root, 'packages'));
  const faults = [];
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.md')) continue;
    const named = CHANGESET.exec(await readFile(join(folder, file), 'utf8'))?.groups?.['packages'];
    if (named === undefined) {
      faults.push(`.changeset/${file} does not begin with the packages that it is about, or says nothing of them.`);
      continue;
    }
    for (const [, name = ''] of named.matchAll(/@frameio-auth\/([a-z-]+)/g)) {
      if (!packages.includes(name))
        faults.push(`.changeset/${file} is about @frameio-auth/${name}, which is no package.`);
    }
  }
  return { faults: faults.join('\n') };
}
