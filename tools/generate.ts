// Writes the files that are generated from the built packages. With `--check`, it writes nothing, and fails if a file is
// outdated.

import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { contractPages } from './generate/contracts.ts';
import { errorPages } from './generate/errors.ts';
import { failurePolicyPage } from './generate/failure-policy.ts';
import { statechartFiles } from './generate/statechart.ts';

const root = join(import.meta.dirname, '..');

const generated: Record<string, string> = {
  ...(await contractPages()),
  ...(await errorPages()),
  ...(await failurePolicyPage()),
  ...(await statechartFiles()),
};

await Promise.all(
  Object.entries(generated).map(async ([path, content]) => {
    const formatted = path.endsWith('.svg') ? content : await format(path, content);
    const file = join(root, path);
    if (!process.argv.includes('--check')) {
      await writeFile(file, formatted);
    } else if ((await readFile(file, 'utf8').catch(() => '')) !== formatted) {
      process.stderr.write(`${path} is outdated. Generate it again: npm run dev -- pnpm generate\n`);
      process.exitCode = 1;
    }
  }),
);

async function format(path: string, content: string): Promise<string> {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const child = spawn(process.execPath, [biome, 'format', `--stdin-file-path=${path}`], { cwd: root });
  child.stdin.end(content);
  const [formatted, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (formatted === '') throw new Error(`Biome cannot format ${path}: ${errors}`);
  return formatted;
}
