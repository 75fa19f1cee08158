import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { capture } from './child.mjs';
import { troubleOf } from './trouble.mjs';

/** @typedef {import('./toolchain.mjs').Toolchain} Toolchain */

/**
 * The folders of the workspace's packages, below `root`, as pnpm-workspace.yaml lists them.
 *
 * @param {string} root
 */
export async function packageFolders(root) {
  const folders = ['benchmarks', 'playground', 'tests', 'verification'];
  for (const parent of ['packages', 'examples']) {
    for (const name of await readdir(join(root, parent)).catch(() => [])) folders.push(join(parent, name));
  }
  const manifests = await Promise.all(folders.map((folder) => manifestOf(join(root, folder))));
  return folders.filter((_, index) => manifests[index] !== undefined).sort();
}

/**
 * @param {string} folder
 * @returns {Promise<any>} its package.json; `undefined` when it has none
 */
export async function manifestOf(folder) {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/**
 * Whether the packages that are installed are those that the lock file and the manifests name.
 *
 * @param {string} root
 * @returns {Promise<{ current: boolean, done(): Promise<void> }>} `done` notes that they are now
 */
async function installation(root) {
  const names = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'];
  for (const folder of await packageFolders(root)) names.push(join(folder, 'package.json'));
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\n`).update(await readFile(join(root, name)));
  const mark = hash.digest('hex');
  const note = join(root, 'node_modules', '.installed');
  const known = await readFile(note, 'utf8').catch(() => '');
  return { current: known === mark, done: () => writeFile(note, mark) };
}

/**
 * Installs the packages of the lock file, when they are not the ones that are there.
 *
 * @param {string} root
 * @param {Toolchain} toolchain
 * @param {(what: string, work: () => Promise<void>) => Promise<void>} step
 */
export async function install(root, { env }, step) {
  const { current, done } = await installation(root);
  if (current) return;
  await step('Installing packages', async () => {
    const { code, output } = await capture('pnpm', ['install', '--frozen-lockfile'], { cwd: root, env });
    if (code !== 0) throw troubleOf(output, 'pnpm could not install the packages.');
    await done();
  });
}

/** The commands of node_modules that are used here, and the packages that have them. */
const TOOLS = {
  biome: '@biomejs/biome',
  knip: 'knip',
  tsc: 'typescript',
  turbo: 'turbo',
  vitest: 'vitest',
};

/** How long a tool may take, in milliseconds: several times what the slowest needs, so that nothing hangs for ever. */
const LONGEST = 3_600_000;

/**
 * The file of a command of node_modules, for Node to run, since the one in `.bin` needs a shell on Windows.
 *
 * @param {string} root
 * @param {keyof typeof TOOLS} name
 * @returns {Promise<string>}
 */
export async function toolFile(root, name) {
  const home = join(root, 'node_modules', TOOLS[name]);
  const { bin } = await manifestOf(home);
  return join(home, typeof bin === 'string' ? bin : bin[name]);
}

/**
 * Runs a command of node_modules.
 *
 * @param {string} root
 * @param {Toolchain} toolchain
 * @param {keyof typeof TOOLS} name
 * @param {string[]} args
 */
export async function runTool(root, { node, env }, name, args) {
  return capture(node, [await toolFile(root, name), ...args], { cwd: root, env, timeout: LONGEST });
}

/**
 * Builds the packages that changed.
 *
 * @param {string} root
 * @param {Toolchain} toolchain
 */
export function build(root, toolchain) {
  return runTool(root, toolchain, 'turbo', ['run', 'build', '--output-logs=errors-only']);
}

/**
 * Does the work while no other run in this repository does its own: two concurrent installs would remove each other's
 * packages. The lock of a process that has ended is ignored.
 *
 * @template T
 * @param {string} root
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(root, work) {
  const lock = join(root, '.toolchain', 'lock');
  await mkdir(join(root, '.toolchain'), { recursive: true });
  for (let waited = false; !(await taken(lock)); waited = true) {
    if (!waited) process.stderr.write('Waiting for another run that prepares this folder …\n');
    await delay(200);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** @param {string} lock */
async function taken(lock) {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  const holder = Number(await readFile(lock, 'utf8').catch(() => '0'));
  if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
  return false;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
