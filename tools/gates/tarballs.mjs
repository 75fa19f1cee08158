import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { capture } from '../child.mjs';
import { npmProgram } from '../toolchain.mjs';
import { manifestOf, packageFolders } from '../workspace.mjs';

/** @typedef {import('../gates.mjs').Workshop} Workshop */
/** @typedef {import('../gates.mjs').Verdict} Verdict */

/**
 * Packs every package of packages/ as it would be published.
 *
 * @param {Workshop} workshop
 * @returns {Promise<Verdict>}
 */
export async function packPackages({ root, scratch, toolchain }) {
  const folder = join(scratch, 'tarballs');
  await mkdir(folder);
  const args = ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder];
  const { code, output } = await capture('pnpm', args, { cwd: root, env: toolchain.env });
  return { faults: code === 0 ? '' : output };
}

/**
 * The packed packages.
 *
 * @param {string} scratch
 * @returns {Promise<string[]>} their paths
 */
export async function tarballs(scratch) {
  const folder = join(scratch, 'tarballs');
  return (await readdir(folder)).map((name) => join(folder, name));
}

/**
 * What a stranger would run after `npm install`: plain JavaScript that loads every door of every package by
 * `import` and by `require`, and finds there what the build has.
 */
const VISITOR = `
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
const require = createRequire(import.meta.url);
const [packages, doors] = JSON.parse(await readFile('expected.json', 'utf8'));
for (const name of packages) {
  const manifest = require.resolve(name + '/package.json');
  for (const file of JSON.parse(await readFile(manifest, 'utf8')).files) {
    if (!file.startsWith('!') && !existsSync(join(dirname(manifest), file))) console.log(name + ' lacks ' + file + '.');
  }
}
for (const [name, built] of Object.entries(doors)) {
  const expected = Object.keys(await import(built)).sort().join();
  const imported = Object.keys(await import(name)).sort().join();
  const required = Object.keys(require(name)).filter((key) => key !== '__esModule').sort().join();
  if (expected === '') console.log(name + ' exports nothing.');
  if (imported !== expected) console.log(name + ' gives import ' + imported + ' instead of ' + expected + '.');
  if (required !== expected) console.log(name + ' gives require ' + required + ' instead of ' + expected + '.');
}
`;

/** What the programs of tests/packed/ use besides the packages and their peers. */
const BESIDE = ['@nestjs/platform-express', '@nestjs/testing', 'reflect-metadata'];

/**
 * Installs the packed packages with npm in a folder outside the workspace and loads them there.
 *
 * @param {Workshop} workshop
 * @returns {Promise<Verdict>}
 */
export async function importTarballs({ root, scratch, toolchain }) {
  const home = join(scratch, 'visitor');
  await mkdir(home);
  /** @type {string[]} */
  const packages = [];
  /** @type {Record<string, string>} by what an application imports, what the build has for it */
  const doors = {};
  for (const folder of await packageFolders(root)) {
    if (!folder.startsWith('packages')) continue;
    const { name, exports } = await manifestOf(join(root, folder));
    packages.push(name);
    for (const [path, target] of Object.entries(exports)) {
      if (target.default !== undefined)
        doors[join(name, path)] = pathToFileURL(join(root, folder, target.default)).href;
    }
  }
  await writeFile(join(home, 'package.json'), '{ "private": true }\n');
  await writeFile(join(home, 'expected.json'), JSON.stringify([packages, doors]));
  await writeFile(join(home, 'visitor.mjs'), VISITOR);

  const paths = await tarballs(scratch);
  const { devDependencies } = await manifestOf(join(root, 'tests'));
  const others = BESIDE.map((name) => `${name}@${devDependencies[name]}`);
  const flags = [
    '--prefix',
    home,
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const installed = await capture(process.execPath, [npmProgram(), 'install', ...flags, ...paths, ...others], {
    cwd: home,
  });
  if (installed.code !== 0) return { faults: installed.output };
  const visit = await capture(toolchain.node, ['visitor.mjs'], { cwd: home, env: toolchain.env });
  return { faults: visit.output };
}

/**
 * Runs a program of an application that has a copy of core to itself, beside the one that the adapters share.
 *
 * @param {Workshop} workshop
 * @returns {Promise<Verdict>}
 */
export async function runTwoCores({ root, scratch, toolchain }) {
  const visitor = join(scratch, 'visitor');
  const home = join(visitor, 'two-cores');
  const core = join('node_modules', '@frameio-auth', 'core');
  await cp(join(visitor, core), join(home, core), { recursive: true });
  await cp(join(root, 'tests', 'packed', 'two-cores.ts'), join(home, 'two-cores.ts'));
  await writeFile(join(home, 'package.json'), '{ "private": true, "type": "module" }\n');
  const { code, output } = await capture(toolchain.node, ['two-cores.ts'], { cwd: home, env: toolchain.env });
  return { faults: code === 0 ? '' : output };
}
