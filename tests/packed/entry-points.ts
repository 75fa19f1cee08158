/*
 * Runs in a project that installed the packed packages, on each Node that they promise to work on: every entry point of
 * every package loads by `import` and by `require`, and exports what the build does.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

interface Expected {
  readonly packages: readonly string[];
  /** By entry point, what the build exports there, sorted. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

const require = createRequire(import.meta.url);
const { packages, names }: Expected = JSON.parse(await readFile('expected.json', 'utf8'));

for (const name of packages) {
  const manifest = require.resolve(`${name}/package.json`);
  const { files }: { files: string[] } = JSON.parse(await readFile(manifest, 'utf8'));
  for (const file of files) {
    assert.ok(file.startsWith('!') || existsSync(join(dirname(manifest), file)), `${name} lacks ${file}.`);
  }
}

for (const [entry, expected] of Object.entries(names)) {
  const imported = Object.keys(await import(entry)).sort();
  const required = Object.keys(require(entry)).filter((key) => key !== '__esModule');
  assert.notEqual(expected.length, 0, `${entry} exports nothing.`);
  assert.deepEqual(imported, expected, `What \`import\` gets from ${entry}`);
  assert.deepEqual(required.sort(), expected, `What \`require\` gets from ${entry}`);
}
