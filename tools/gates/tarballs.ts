import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { capture, problemsOf } from '../child.mjs';
import type { GateContext, GateResult } from '../gates.ts';
import { manifestOf, packageFolders } from '../packages.ts';
import { startRegistry } from '../registry.ts';
import { npm } from '../toolchain.mjs';

/** Packs every package as it would be published. */
export async function packPackages({ root, scratch, env }: GateContext): Promise<GateResult> {
  const folder = join(scratch, 'tarballs');
  await mkdir(folder);
  const args = ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder];
  return problemsOf(await capture('pnpm', args, { cwd: root, env }));
}

/** Returns the paths of the packed packages. */
export async function tarballsIn(scratch: string): Promise<string[]> {
  const folder = join(scratch, 'tarballs');
  return (await readdir(folder)).map((name) => join(folder, name));
}

/** Replaces the addresses of its argument by the names of their exports, and prints it. */
const PRINT_EXPORTS = `
const entries = JSON.parse(process.argv[1]);
for (const [entry, address] of Object.entries(entries)) entries[entry] = Object.keys(await import(address)).sort();
process.stdout.write(JSON.stringify(entries));
`;

/** What the programs of tests/packed/ import, besides the packages and their peers. */
const OTHERS = ['@nestjs/platform-express', '@nestjs/testing', 'reflect-metadata'];

const MANIFEST = '{ "private": true, "type": "module" }\n';

/** Installs the packed packages with npm in an application outside the workspace. */
export async function installTarballs({ root, scratch, env }: GateContext): Promise<GateResult> {
  const application = join(scratch, 'application');
  await cp(join(root, 'tests', 'packed'), application, { recursive: true });
  const packages: string[] = [];
  /** By entry point, its file in the build. */
  const entries: Record<string, string> = {};
  for (const folder of await packageFolders(root, 'packages/*')) {
    const { name, exports } = await manifestOf(join(root, folder));
    packages.push(name);
    for (const [path, target] of Object.entries<{ default?: string }>(exports)) {
      if (target.default !== undefined)
        entries[join(name, path)] = `${pathToFileURL(join(root, folder, target.default))}`;
    }
  }
  const printExports = ['--input-type=module', '--eval', PRINT_EXPORTS, JSON.stringify(entries)];
  const exports = await capture(process.execPath, printExports, { cwd: application, env });
  if (exports.code !== 0) return exports.output;
  const expected = { packages, names: JSON.parse(exports.output) };
  await writeFile(join(application, 'expected.json'), JSON.stringify(expected));
  await writeFile(join(application, 'package.json'), MANIFEST);

  const { devDependencies } = await manifestOf(join(root, 'tests'));
  const others = OTHERS.map((name) => `${name}@${devDependencies[name]}`);
  const registry = await startRegistry(await tarballsIn(scratch));
  const flags = [
    '--prefix',
    application,
    `--@frameio-auth:registry=${registry.origin}`,
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const installed = await npm(['install', ...flags, ...packages, ...others], { cwd: application });
  await registry.close();
  if (installed.code !== 0) return installed.output;
  // The programs of tests/packed/ start Redis with it.
  const verification = join(application, 'node_modules/@frameio-auth/verification');
  await symlink(join(root, 'verification'), verification, 'junction');
  return '';
}

/** Runs a program with its own copy of core, besides the copy that the adapters share. */
export async function runTwoCores({ root, scratch, env }: GateContext): Promise<GateResult> {
  const application = join(scratch, 'application');
  const home = join(application, 'two-cores');
  const core = join('node_modules', '@frameio-auth', 'core');
  await cp(join(application, core), join(home, core), { recursive: true });
  await cp(join(root, 'tests', 'packed', 'two-cores.ts'), join(home, 'two-cores.ts'));
  await writeFile(join(home, 'package.json'), MANIFEST);
  return problemsOf(await capture(process.execPath, ['two-cores.ts'], { cwd: home, env }));
}
