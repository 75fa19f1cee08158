import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rooms = ['http', 'kernel', 'machine', 'protocol', 'session'] as const;
type Room = (typeof rooms)[number];

let copy: string;
const source = (path: string) => join(copy, 'packages/core/src', path);

// The rooms of core as the repository's own configuration lays them, each with one small file in it.
beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'frameio-auth-arrows-'));
  const core = 'packages/core';
  const configurations = ['tsconfig.base.json', `${core}/tsconfig.json`, `${core}/package.json`];
  for (const path of [...configurations, ...rooms.map((room) => `${core}/src/${room}/tsconfig.json`)]) {
    await cp(join(root, path), join(copy, path));
  }
  for (const room of rooms) await writeFile(source(`${room}/thing.ts`), 'export const thing = 1;\n');
  await writeFile(source('index.ts'), "export { thing } from './session/thing.js';\n");
});

afterEach(() => rm(copy, { recursive: true }));

function build(): Promise<string> {
  return new Promise((resolve) => {
    const args = ['-b', join(copy, 'packages/core'), '--pretty', 'false'];
    execFile(join(root, 'node_modules/.bin/tsc'), args, (_error, stdout) => resolve(stdout));
  });
}

const arrow = (from: Room, to: Room) =>
  writeFile(source(`${from}/arrow.ts`), `import { thing } from '../${to}/thing.js';\n\nexport const seen = thing;\n`);

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
  for (const [from, to] of right) await arrow(from, to);

  expect(await build()).toBe('');
});

it.each(wrong)('does not build when %s imports %s', async (from, to) => {
  await arrow(from, to);

  expect(await build()).toMatch(new RegExp(`${from}/arrow\\.ts.*error TS6307`));
});

it('does not build when the machine uses a timer, which its room has no types for', async () => {
  await writeFile(source('machine/timer.ts'), 'export const timer = setTimeout(() => {}, 1);\n');

  expect(await build()).toMatch(/machine\/timer\.ts.*error TS2304: Cannot find name 'setTimeout'/);
});
