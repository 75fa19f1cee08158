import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Diagnostic {
  readonly category: string;
  readonly location: { readonly path: string };
}

/** A folder, the code in it, and the rule that rejects the code; no rule if the code is allowed. */
type Case = readonly [folder: string, code: string, rule?: string];

const core = 'packages/core/src';
const machine = `${core}/machine`;
const adapter = 'packages/storage-memory/src';
const undeclared = 'correctness/noUndeclaredDependencies';

const rejected: Record<string, Case> = {
  'a promise without await': [
    core,
    'export const f = (g: () => Promise<void>) => {\n  g();\n};',
    'nursery/noFloatingPromises',
  ],
  'a promise as a condition': [
    core,
    'export const f = (p: Promise<boolean>) => (p ? 1 : 2);',
    'nursery/noMisusedPromises',
  ],
  'the type any': ['tests', 'export const value: any = 1;', 'suspicious/noExplicitAny'],
  'a non-null assertion': ['tests', 'export const first = (list: string[]) => list[0]!;', 'style/noNonNullAssertion'],
  'a type that is imported like a value': [
    'tests',
    "import { Clock } from './clock.js';\nexport const now = (clock: Clock) => clock;",
    'style/useImportType',
  ],
  'a default export': [core, 'export default 1;', 'style/noDefaultExport'],
  'an unused import': [
    'tests',
    "import { join } from 'node:path';\nexport const value = 1;",
    'correctness/noUnusedImports',
  ],
  'a skipped test': [
    'tests',
    "import { it } from 'vitest';\nit.skip('does nothing', () => {});",
    'suspicious/noSkippedTests',
  ],
  'the console in a package': [core, "console.log('hello');", 'suspicious/noConsole'],
  'the environment in a package': [core, "export const home = process.env['HOME'];", 'style/noProcessEnv'],
  'a development dependency in a package': [core, "import { it } from 'vitest';\nexport const test = it;", undeclared],
  'another adapter in an adapter': [
    adapter,
    "import { fetchTransport } from '@frameio-auth/transport-fetch';\nexport const transport = fetchTransport;",
    undeclared,
  ],
  'an adapter in core': [
    core,
    "import { memoryStorage } from '@frameio-auth/storage-memory';\nexport const storage = memoryStorage;",
    undeclared,
  ],
  'Math.random in the machine': [machine, 'export const chance = Math.random();', 'plugin'],
};
const random = {
  'a random number': 'Math.random()',
  'a random whole number': 'randomInt(9)',
  'a seed that changes each time': 'Date.now() % 2 ** 31',
  'properties without a seed': 'fc.assert(property)',
  'properties with a seed that changes each time': 'fc.assert(property, { numRuns: 100 })',
};
for (const [what, code] of Object.entries(random)) {
  const imports = "import { randomInt } from 'node:crypto';\nimport fc from 'fast-check';";
  const used = `export const used = [randomInt, fc];\nexport const chance = (property: never) => ${code};`;
  rejected[`${what} in a test`] = ['packages/core/test', `${imports}\n${used}`, 'plugin'];
}
for (const name of ['Date', 'setTimeout', 'crypto', 'globalThis', 'fetch', 'performance', 'process']) {
  rejected[`${name} in the machine`] = [machine, `export const it = ${name};`, 'style/noRestrictedGlobals'];
}
const allowed: Record<string, Case> = {
  'Math.min and Math.max in the machine': [machine, 'export const least = Math.min(1, Math.max(2, 3));'],
  'Math.random and Date outside the machine': [`${core}/session`, 'export const seed = Math.random() * Date.now();'],
  'properties with the seed of the run in a test': [
    'packages/core/test',
    "import fc from 'fast-check';\nimport { runs } from './seeds.js';\nexport const test = (property: never) =>\n  fc.assert(property, { ...runs(9), examples: [] });",
  ],
  'core in an adapter': [
    adapter,
    "import { systemClock } from '@frameio-auth/core';\nexport const clock = systemClock();",
  ],
};

const cases = Object.entries({ ...rejected, ...allowed }).map(([what, [folder, code, rule]], index) => ({
  what,
  code: `${code}\n`,
  rule: rule === undefined || rule === 'plugin' ? rule : `lint/${rule}`,
  path: `${folder}/case-${index}.ts`,
}));

let copy: string;
let diagnostics: Diagnostic[];

// Biome runs once on a small copy of the repository, in which each case is a file.
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'frameio-auth-lint-'));
  const manifests = ['package.json', 'packages/core/package.json', 'packages/storage-memory/package.json'];
  for (const path of ['biome.json', '.gitignore', 'tools/lint', ...manifests]) {
    await cp(join(root, path), join(copy, path), { recursive: true });
  }
  for (const { path, code } of cases) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await writeFile(join(copy, path), code);
  }
  diagnostics = await new Promise((resolve) => {
    const args = ['lint', '--reporter=json', '--max-diagnostics=none'];
    execFile(join(root, 'node_modules/.bin/biome'), args, { cwd: copy }, (_error, stdout) => {
      resolve(JSON.parse(stdout).diagnostics);
    });
  });
});

afterAll(() => rm(copy, { recursive: true }));

const categoriesOf = (path: string) =>
  diagnostics.filter(({ location }) => location.path === path).map(({ category }) => category);

it.each(cases.filter(({ rule }) => rule !== undefined))('rejects $what', ({ path, rule }) => {
  expect(categoriesOf(path)).toContain(rule);
});

it.each(cases.filter(({ rule }) => rule === undefined))('allows $what', ({ path }) => {
  expect(categoriesOf(path)).toEqual([]);
});
