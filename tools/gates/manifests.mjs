import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestOf, packageFolders } from '../workspace.mjs';

const SCOPE = '@frameio-auth/';

/**
 * Holds the manifests of packages/ against each other: what each package may depend on, and what all must say.
 *
 * @param {string} root
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function checkManifests(root) {
  const faults = [];
  const solution = await readFile(join(root, 'tsconfig.json'), 'utf8');
  const tests = await readFile(join(root, 'tests/tsconfig.json'), 'utf8');
  for (const folder of await packageFolders(root)) {
    if (!solution.includes(`"${folder}"`)) faults.push(`${folder}: the references of tsconfig.json lack it.`);
    if (!folder.startsWith('packages')) continue;
    if (!tests.includes(`"../${folder}"`)) faults.push(`${folder}: the references of tests/tsconfig.json lack it.`);
    const readme = await readFile(join(root, folder, 'README.md'), 'utf8').catch(() => undefined);
    const manifest = await manifestOf(join(root, folder));
    if (readme === undefined) faults.push(`${folder}: README.md is missing.`);
    else if (!installs(readme, manifest.name)) {
      faults.push(`${folder}: README.md must show \`npm install\` of the package and of ${SCOPE}core.`);
    }
    faults.push(...faultsOf(folder.split(/[/\\]/)[1] ?? '', manifest).map((fault) => `${folder}: ${fault}`));
  }
  const since = `Node ${COMMON.engines.node.replace(/^>=(\d+\.\d+)\.0$/, '$1')} and later`;
  if (!(await readFile(join(root, 'README.md'), 'utf8')).includes(since)) {
    faults.push(`README.md must say "${since}", as the manifests of packages/ do.`);
  }
  return { faults: faults.join('\n') };
}

/** What every manifest says in the same words. */
const COMMON = {
  license: 'MIT',
  type: 'module',
  // What undici 8 needs; `require()` loads ES modules since 22.12.
  engines: { node: '>=22.19.0' },
  publishConfig: { access: 'public' },
};

/** What else a package may depend on. */
const EXCEPTIONS = ['conformance → testing'];

/** What every package publishes; it may add folders of its own, which its program reads. */
const FILES = ['dist', '!dist/**/*.tsbuildinfo', 'src', '!src/**/tsconfig.json', 'README.md'];

/**
 * What is wrong with a package's manifest.
 *
 * @param {string} folder the name of the package's folder
 * @param {any} manifest
 * @returns {string[]}
 */
export function faultsOf(folder, manifest) {
  const faults = [];
  if (manifest.name !== SCOPE + folder) faults.push(`its name must be ${SCOPE}${folder}, as its folder says.`);
  for (const [field, value] of Object.entries(COMMON)) {
    if (JSON.stringify(manifest[field]) !== JSON.stringify(value)) {
      faults.push(`\`${field}\` must be ${JSON.stringify(value)}, as in every package.`);
    }
  }
  if (JSON.stringify(manifest.files?.slice(0, FILES.length)) !== JSON.stringify(FILES)) {
    faults.push(`\`files\` must begin with ${JSON.stringify(FILES)}, as in every package.`);
  }
  for (const field of ['version', 'description', 'sideEffects']) {
    if (manifest[field] === undefined) faults.push(`\`${field}\` is missing.`);
  }
  for (const [path, target] of Object.entries(manifest.exports ?? { '.': {} })) {
    if (path === './package.json') continue;
    const [first] = Object.keys(target);
    if (first !== 'types' || target.default === undefined)
      faults.push(`the export "${path}" must say \`types\`, then \`default\`.`);
  }
  if (folder !== 'core') faults.push(...faultsOfCore(manifest));
  // Every package may depend on core, and on no other one but these.
  for (const name of Object.keys({
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  })) {
    if (!name.startsWith(SCOPE)) continue;
    if (folder === 'core') faults.push(`core knows no other package, so it cannot depend on ${name}.`);
    else if (name !== `${SCOPE}core` && !EXCEPTIONS.includes(`${folder} → ${name.slice(SCOPE.length)}`))
      faults.push(`an adapter knows core and no other adapter, so it cannot depend on ${name}.`);
  }
  return faults;
}

/**
 * What is wrong with the way in which an adapter takes core: the application has one, and the adapter must use that.
 *
 * @param {any} manifest
 * @returns {string[]}
 */
function faultsOfCore({ dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta, devDependencies }) {
  const core = `${SCOPE}core`;
  const faults = [];
  for (const [field, names] of Object.entries({ peerDependencies, devDependencies })) {
    if (names?.[core] !== 'workspace:^') faults.push(`\`${field}\` must have ${core} as "workspace:^".`);
  }
  if (dependencies?.[core] !== undefined || optionalDependencies?.[core] !== undefined) {
    faults.push(`an adapter takes ${core} as a peer alone, so that the application has one copy of it.`);
  }
  if (peerDependenciesMeta?.[core]?.optional) faults.push(`${core} cannot be an optional peer.`);
  return faults;
}

/**
 * Whether a README says how to install a package, and core beside it.
 *
 * @param {string} readme
 * @param {string} name
 */
export function installs(readme, name) {
  const commands = readme.split('\n').filter((line) => line.startsWith('npm install '));
  return commands.some((command) => [name, `${SCOPE}core`].every((wanted) => command.split(' ').includes(wanted)));
}
