import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GateResult } from '../gates.ts';

/** A changeset: its packages, each with the size of the change, and a text. */
const CHANGESET = /^---\n(?<packages>(?:'@frameio-auth\/[a-z-]+': (?:major|minor|patch)\n)+)---\n\n\S/;

/**
 * Checks that a release can read every changeset. `changeset status` also reads the history, which a shallow or detached
 * checkout does not have.
 */
export async function checkChangesets(root: string): Promise<GateResult> {
  const folder = join(root, '.changeset');
  const packages = await readdir(join(root, 'packages'));
  const problems = [];
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.md')) continue;
    const named = CHANGESET.exec(await readFile(join(folder, file), 'utf8'))?.groups?.['packages'];
    if (named === undefined) {
      problems.push(`.changeset/${file} must begin with its packages, and then describe the change.`);
      continue;
    }
    for (const [, name = ''] of named.matchAll(/@frameio-auth\/([a-z-]+)/g)) {
      if (!packages.includes(name))
        problems.push(`.changeset/${file} names @frameio-auth/${name}, which does not exist.`);
    }
  }
  return problems.join('\n');
}
