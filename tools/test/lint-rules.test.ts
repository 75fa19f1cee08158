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

interface Violation {
  /** The folder of the code. */
  readonly folder: string;
  readonly code: string;
  /** The rule that rejects it; `undefined` if it is allowed. */
  readonly rule: string | undefined;
}

const machine = 'packages/core/src/machine';
const rejected: Record<string, Violation> = {
  'a promise without await': {
    folder: 'packages/core/src/session',
    code: 'async function ask(): Promise<void> {}\nexport function start(): void {\n  ask();\n}\n',
    rule: 'lint/nursery/noFloatingPromises',
  },
  'a promise as a condition': {
    folder: 'packages/core/src/session',
    code: 'async function ask(): Promise<boolean> {\n  return true;\n}\nexport const answer = ask() ? 1 : 2;\n',
    rule: 'lint/nursery/noMisusedPromises',
  },
  'the type any': {
    folder: 'tests',
    code: 'export const value: any = 1;\n',
    rule: 'lint/suspicious/noExplicitAny',
  },
  'a non-null assertion': {
    folder: 'tests',
    code: 'export const first = (list: string[]) => list[0]!;\n',
    rule: 'lint/style/noNonNullAssertion',
  },
  'a type that is imported like a value': {
    folder: 'tests',
    code: "import { Clock } from './clock.js';\nexport const now = (clock: Clock) => clock;\n",
    rule: 'lint/style/useImportType',
  },
  'a default export': {
    folder: 'packages/core/src',
    code: 'export default 1;\n',
    rule: 'lint/style/noDefaultExport',
  },
  'an unused import': {
    folder: 'tests',
    code: "import { join } from 'node:path';\nexport const value = 1;\n",
    rule: 'lint/correctness/noUnusedImports',
  },
  'a skipped test': {
    folder: 'tests',
    code: "import { it } from 'vitest';\nit.skip('does nothing', () => {});\n",
    rule: 'lint/suspicious/noSkippedTests',
  },
  'the console in a package': {
    folder: 'packages/core/src',
    code: "console.log('here');\n",
    rule: 'lint/suspicious/noConsole',
  },
  'the environment in a package': {
    folder: 'packages/core/src',
    code: "export const home = process.env['HOME'];\n",
    rule: 'lint/style/noProcessEnv',
  },
  'a development dependency in a package': {
    folder: 'packages/core/src',
    code: "import { it } from 'vitest';\nexport const test = it;\n",
    rule: 'lint/correctness/noUndeclaredDependencies',
  },
  'another adapter in an adapter': {
    folder: 'packages/storage-memory/src',
    code: "import { fetchTransport } from '@frameio-auth/transport-fetch';\nexport const transport = fetchTransport;\n",
    rule: 'lint/correctness/noUndeclaredDependencies',
  },
  'an adapter in core': {
    folder: 'packages/core/src',
    code: "import { memoryStorage } from '@frameio-auth/storage-memory';\nexport const storage = memoryStorage;\n",
    rule: 'lint/correctness/noUndeclaredDependencies',
  },
  'Math.random in the machine': {
    folder: machine,
    code: 'export const chance = Math.random();\n',
    rule: 'plugin',
  },
};
const random = {
  'a random number': 'Math.random()',
  'a random whole number': 'randomInt(9)',
  'a seed that changes each time': 'Date.now() % 2 ** 31',
  'properties without a seed': 'fc.assert(property)',
  'properties with a seed that changes each time': 'fc.assert(property, { numRuns: 100 })',
};
for (const [what, code] of Object.entries(random)) {
  const imports = "import { randomInt } from 'node:crypto';\nimport fc from 'fast-check';\n";
  rejected[`${what} in a test`] = {
    folder: 'packages/core/test',
    code: `${imports}export const used = [randomInt, fc];\nexport const chance = (property: never) => ${code};\n`,
    rule: 'plugin',
  };
}
for (const name of ['Date', 'setTimeout', 'crypto', 'globalThis', 'fetch', 'performance', 'process']) {
  const code = `export const it = ${name};\n`;
  rejected[`${name} in the machine`] = { folder: machine, code, rule: 'lint/style/noRestrictedGlobals' };
}
const allowed: Record<string, Violation> = {
  'Math.min and Math.max in the machine': {
    folder: machine,
    code: 'export const least = Math.min(1, Math.max(2, 3));\n',
    rule: undefined,
  },
  'Math.random and Date outside the machine': {
    folder: 'packages/core/src/session',
    code: 'export const seed = Math.random() * Date.now();\n',
    rule: undefined,
  },
  'properties with the seed of the run in a test': {
    folder: 'packages/core/test',
    code: "import fc from 'fast-check';\nimport { runs } from './seeds.js';\nexport const test = (property: never) =>\n  fc.assert(property, { ...runs(9), examples: [] });\n",
    rule: undefined,
  },
  'core in an adapter': {
    folder: 'packages/storage-memory/src',
    code: "import { systemClock } from '@frameio-auth/core';\nexport const clock = systemClock();\n",
    rule: undefined,
  },
};

const cases = Object.entries({ ...rejected, ...allowed }).map(([what, violation], index) => ({
  what,
  ...violation,
  path: `${violation.folder}/case-${index}.ts`,
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
