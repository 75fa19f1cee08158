import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rooms = ['http', 'kernel', 'machine', 'protocol', 'session'] as const;
type Room = (typeof rooms)[number];

/** A copy of core: its rooms as the repository's own configuration lays them, each with one small file in it. */
class Copy {
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
  }

  static async make(): Promise<Copy> {
    const home = await mkdtemp(join(tmpdir(), 'frameio-auth-arrows-'));
    const core = 'packages/core';
    const configurations = ['tsconfig.base.json', `${core}/tsconfig.json`, `${core}/package.json`];
    for (const path of [...configurations, ...rooms.map((room) => `${core}/src/${room}/tsconfig.json`)]) {
      await cp(join(root, path), join(home, path));
    }
    const copy = new Copy(home);
    for (const room of rooms) await copy.write(`${room}/thing.ts`, 'export const thing = 1;\n');
    await copy.write('index.ts', "export { thing } from './session/thing.js';\n");
    return copy;
  }

  write(path: string, source: string): Promise<void> {
    return writeFile(join(this.#home, 'packages/core/src', path), source);
  }

  arrow(from: Room, to: Room): Promise<void> {
    return this.write(
      `${from}/to-${to}.ts`,
      `import { thing } from '../${to}/thing.js';\n\nexport const seen = thing;\n`,
    );
  }

  /** Resolves to what the compiler says of it, and removes it. */
  async build(): Promise<string> {
    const args = ['-b', join(this.#home, 'packages/core'), '--pretty', 'false'];
    const said = await new Promise<string>((resolve) => {
      execFile(join(root, 'node_modules/.bin/tsc'), args, (_error, stdout) => resolve(stdout));
    });
    await rm(this.#home, { recursive: true });
    return said;
  }
}

const right: [Room, Room][] = [
  ['http', 'kernel'],
  ['machine', 'kernel'],
  ['protocol', 'kernel'],
  ['session', 'machine'],
  ['session', 'protocol'],
];
const wrong: [Room, Room][] = [
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
  let said: string;

  // All mistakes are in one copy, for what takes long is to start the compiler. Each imports only what imports nothing, so
  // that none is the reason for another one's error.
  beforeAll(async () => {
    const copy = await Copy.make();
    for (const [from, to] of wrong) await copy.arrow(from, to);
    await copy.write('machine/timer.ts', 'export const timer = setTimeout(() => {}, 1);\n');
    said = await copy.build();
  });

  it.each(wrong)('when %s imports %s', (from, to) => {
    expect(said).toMatch(new RegExp(`${from}/to-${to}\\.ts.*error TS6307`));
  });

  it('when the machine uses a timer, which its room has no types for', () => {
    expect(said).toMatch(/machine\/timer\.ts.*error TS2304: Cannot find name 'setTimeout'/);
  });
});
