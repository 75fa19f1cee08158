import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = ['http', 'kernel', 'machine', 'protocol', 'session'] as const;
type Folder = (typeof folders)[number];

/** A copy of core's TypeScript projects, each with one small file. */
class Copy {
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
  }

  static async make(): Promise<Copy> {
    const home = await mkdtemp(join(tmpdir(), 'frameio-auth-arrows-'));
    const core = 'packages/core';
    const configurations = ['tsconfig.base.json', `${core}/tsconfig.json`, `${core}/package.json`];
    for (const path of [...configurations, ...folders.map((folder) => `${core}/src/${folder}/tsconfig.json`)]) {
      await cp(join(root, path), join(home, path));
    }
    const copy = new Copy(home);
    for (const folder of folders) await copy.write(`${folder}/thing.ts`, 'export const thing = 1;\n');
    await copy.write('index.ts', "export { thing } from './session/thing.js';\n");
    return copy;
  }

  write(path: string, source: string): Promise<void> {
    return writeFile(join(this.#home, 'packages/core/src', path), source);
  }

  arrow(from: Folder, to: Folder): Promise<void> {
    return this.write(
      `${from}/to-${to}.ts`,
      `import { thing } from '../${to}/thing.js';\n\nexport const seen = thing;\n`,
    );
  }

  /** Resolves to the compiler's output, and removes the copy. */
  async build(): Promise<string> {
    const args = ['-b', join(this.#home, 'packages/core'), '--pretty', 'false'];
    const output = await new Promise<string>((resolve) => {
      execFile(join(root, 'node_modules/.bin/tsc'), args, (_error, stdout) => resolve(stdout));
    });
    await rm(this.#home, { recursive: true });
    return output;
  }
}

const right: [Folder, Folder][] = [
  ['http', 'kernel'],
  ['machine', 'kernel'],
  ['protocol', 'kernel'],
  ['session', 'machine'],
  ['session', 'protocol'],
];
const wrong: [Folder, Folder][] = [
  ['http', 'session'],
  ['machine', 'protocol'],
  ['machine', 'session'],
  ['protocol', 'machine'],
  ['protocol', 'session'],
  ['kernel', 'machine'],
];

it('builds with the arrows of the design', async () => {
  const copy = await Copy.make();
  for (const [from, to] of right) await copy.arrow(from, to);

  expect(await copy.build()).toBe('');
});

describe('does not build', () => {
  let output: string;

  // All mistakes are in one copy, because starting the compiler is slow. Each imports a file without imports, so that no
  // mistake causes the error of another one.
  beforeAll(async () => {
    const copy = await Copy.make();
    for (const [from, to] of wrong) await copy.arrow(from, to);
    await copy.write('machine/timer.ts', 'export const timer = setTimeout(() => {}, 1);\n');
    output = await copy.build();
  });

  it.each(wrong)('when %s imports %s', (from, to) => {
    expect(output).toMatch(new RegExp(`${from}/to-${to}\\.ts.*error TS6307`));
  });

  it('when the machine uses a timer, because its project does not have the types', () => {
    expect(output).toMatch(/machine\/timer\.ts.*error TS2304: Cannot find name 'setTimeout'/);
  });
});
