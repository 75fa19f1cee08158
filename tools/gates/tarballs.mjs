import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { capture } from '../child.mjs';
import { startRegistry } from '../registry.mjs';
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

/** Prints what each entry point of the build exports: the argument with names in place of addresses. */
const NAMES = `
const entries = JSON.parse(process.argv[1]);
for (const [entry, address] of Object.entries(entries)) entries[entry] = Object.keys(await import(address)).sort();
process.stdout.write(JSON.stringify(entries));
`;

/** What the programs of tests/packed/ use besides the packages and their peers. */
const BESIDE = ['@nestjs/platform-express', '@nestjs/testing', 'reflect-metadata'];

/**
 * Installs the packed packages with npm in a folder outside the workspace, from a registry as a user would, and loads
 * them there.
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
  const entries = {};
  for (const folder of await packageFolders(root)) {
    if (!folder.startsWith('packages')) continue;
    const { name, exports } = await manifestOf(join(root, folder));
    packages.push(name);
    for (const [path, target] of Object.entries(exports)) {
      if (target.default !== undefined)
        entries[join(name, path)] = pathToFileURL(join(root, folder, target.default)).href;
    }
  }
  const inHome = { cwd: home, env: toolchain.env };
  const args = ['--input-type=module', '--eval', NAMES, JSON.stringify(entries)];
  const names = await capture(toolchain.node, args, inHome);
  if (names.code !== 0) return { faults: names.output };
  await writeFile(join(home, 'package.json'), '{ "private": true, "type": "module" }\n');
  await writeFile(
    join(home, 'expected.json'),
    `{ "packages": ${JSON.stringify(packages)}, "names": ${names.output} }\n`,
  );
  await cp(join(root, 'tests', 'packed'), home, { recursive: true });

  const { devDependencies } = await manifestOf(join(root, 'tests'));
  const others = BESIDE.map((name) => `${name}@${devDependencies[name]}`);
  const registry = await startRegistry(await tarballs(scratch));
  const flags = [
    '--prefix',
    home,
    `--@frameio-auth:registry=${registry.origin}`,
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const install = [npmProgram(), 'install', ...flags, ...packages, ...others];
  const installed = await capture(toolchain.node, install, { cwd: home });
  await registry.close();
  if (installed.code !== 0) return { faults: installed.output };
  // Programs of tests/packed/ start their Redis by it.
  await symlink(join(root, 'verification'), join(home, 'node_modules', '@frameio-auth', 'verification'), 'junction');
  const loaded = await capture(toolchain.node, ['entry-points.ts'], inHome);
  return { faults: loaded.code === 0 ? '' : loaded.output };
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
