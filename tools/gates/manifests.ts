import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { GateResult } from '../gates.ts';
import { type Manifest, manifestOf, packageFolders } from '../packages.ts';

const SCOPE = '@frameio-auth/';
const CORE = `${SCOPE}core`;

/** What every manifest has in common. */
const COMMON = {
  license: 'MIT',
  type: 'module',
  // undici 8 needs it; `require()` loads ES modules since 22.12.
  engines: { node: '>=22.19.0' },
  publishConfig: { access: 'public' },
};

/** The packages that may depend on another package than core, and on which. */
const EXCEPTIONS: readonly string[] = ['conformance → testing'];

/** What every package publishes. A package may add folders. */
const FILES = ['dist', '!dist/**/*.tsbuildinfo', 'src', '!src/**/tsconfig.json', 'README.md'];

/** Compares the manifests of packages/: which packages they depend on, and what they have in common. */
export async function checkManifests(root: string): Promise<GateResult> {
  const read = (path: string) => readFile(join(root, path), 'utf8').catch(() => '');
  const problems = [];
  const [solution, tests] = [await read('tsconfig.json'), await read('tests/tsconfig.json')];
  for (const folder of await packageFolders(root)) {
    if (!solution.includes(`"${folder}"`)) problems.push(`${folder}: the references of tsconfig.json lack it.`);
    if (!folder.startsWith('packages')) continue;
    if (!tests.includes(`"../${folder}"`)) problems.push(`${folder}: the references of tests/tsconfig.json lack it.`);
    const manifest = await manifestOf(join(root, folder));
    if (!showsInstallation(await read(`${folder}/README.md`), manifest.name)) {
      problems.push(`${folder}: README.md must show \`npm install\` of the package and of ${CORE}.`);
    }
    problems.push(...problemsOfManifest(basename(folder), manifest).map((problem) => `${folder}: ${problem}`));
  }
  const since = `Node ${COMMON.engines.node.replace(/^>=(\d+\.\d+)\.0$/, '$1')} and later`;
  if (!(await read('README.md')).includes(since)) {
    problems.push(`README.md must say "${since}", as the manifests of packages/ do.`);
  }
  return problems.join('\n');
}

/** @param folder - the name of the package's folder */
export function problemsOfManifest(folder: string, manifest: Manifest): string[] {
  const problems = [];
  if (manifest.name !== SCOPE + folder) problems.push(`its name must be ${SCOPE}${folder}, like its folder.`);
  for (const [field, value] of Object.entries(COMMON)) {
    if (JSON.stringify(manifest[field]) !== JSON.stringify(value)) {
      problems.push(`\`${field}\` must be ${JSON.stringify(value)}, as in every package.`);
    }
  }
  if (JSON.stringify(manifest.files?.slice(0, FILES.length)) !== JSON.stringify(FILES)) {
    problems.push(`\`files\` must begin with ${JSON.stringify(FILES)}, as in every package.`);
  }
  for (const field of ['version', 'description', 'sideEffects']) {
    if (manifest[field] === undefined) problems.push(`\`${field}\` is missing.`);
  }
  for (const [path, target] of Object.entries<Manifest>(manifest.exports ?? { '.': {} })) {
    if (path === './package.json') continue;
    if (Object.keys(target)[0] !== 'types' || target.default === undefined) {
      problems.push(`the export "${path}" must have \`types\`, then \`default\`.`);
    }
  }
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })) {
    if (!name.startsWith(SCOPE)) continue;
    if (folder === 'core') problems.push(`core cannot depend on another package, such as ${name}.`);
    else if (name !== CORE && !EXCEPTIONS.includes(`${folder} → ${name.slice(SCOPE.length)}`)) {
      problems.push(`an adapter cannot depend on another adapter, such as ${name}.`);
    }
  }
  return folder === 'core' ? problems : [...problems, ...problemsOfCoreDependency(manifest)];
}

/** An adapter uses the application's copy of core. */
function problemsOfCoreDependency(manifest: Manifest): string[] {
  const problems = [];
  for (const field of ['peerDependencies', 'devDependencies']) {
    if (manifest[field]?.[CORE] !== 'workspace:^') problems.push(`\`${field}\` must have ${CORE} as "workspace:^".`);
  }
  if (manifest.dependencies?.[CORE] !== undefined || manifest.optionalDependencies?.[CORE] !== undefined) {
    problems.push(`${CORE} can only be a peer, so that the application has one copy of it.`);
  }
  if (manifest.peerDependenciesMeta?.[CORE]?.optional) problems.push(`${CORE} cannot be an optional peer.`);
  return problems;
}

/** Whether a README shows how to install a package, together with core. */
export function showsInstallation(readme: string, name: string): boolean {
  const commands = readme.split('\n').filter((line) => line.startsWith('npm install '));
  return commands.some((command) => [name, CORE].every((wanted) => command.split(' ').includes(wanted)));
}
