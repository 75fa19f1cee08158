import { capture } from './child.mjs';
import { tail } from './progress.mjs';
import { Trouble } from './trouble.mjs';

/** @typedef {'redis' | 'chromium'} ProgramName */

/**
 * @typedef {object} Program
 * @property {string} what what is needed
 * @property {string} variable the environment variable that names one: a path or a command
 * @property {string[]} commands what it may be called on the PATH
 * @property {RegExp} version what a good one says to `--version`, among whatever its launcher says
 * @property {string} debian the package of Debian and its kin
 * @property {string} install what a person installs
 */

/** @type {Record<ProgramName, Program>} */
const PROGRAMS = {
  redis: {
    what: 'a Redis server of 7.0 or newer', // Those before lack directives that the servers of tests are given.
    variable: 'REDIS_SERVER',
    commands: ['redis-server', 'valkey-server'],
    version: /^(redis|valkey) server v=([7-9]|\d\d+)\./im,
    debian: 'redis-server',
    install: 'redis-server or valkey-server, 7.0 or newer',
  },
  chromium: {
    what: 'a Chromium or Chrome',
    variable: 'CHROMIUM',
    commands: ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    version: /^(chromium|google chrome)\b.* \d+\./im,
    debian: 'chromium-headless-shell', // Without a desktop: smaller, and half of the processor time.
    install: 'chromium-headless-shell, chromium or google-chrome',
  },
};

/** How long the package manager may take, in milliseconds. */
const LONGEST = 300_000;

/**
 * Sees to it that the machine has the programs that tests start: for each, the one that its variable names, else one on
 * the PATH. Where one is missing, and this is root on a Debian or one of its kin, it installs theirs.
 *
 * @param {readonly ProgramName[]} names
 * @param {NodeJS.ProcessEnv} env the environment of the tests
 * @param {(what: string, work: () => Promise<void>) => Promise<void>} step
 * @param {{ platform: string, uid: number | undefined }} [host]
 */
export async function bringPrograms(names, env, step, host = { platform: process.platform, uid: process.getuid?.() }) {
  const missing = await lacking(
    names.map((name) => PROGRAMS[name]),
    env,
  );
  if (missing.length === 0) return;
  for (const program of missing) {
    const { variable, what } = program;
    if (!env[variable]) continue;
    throw new Trouble(`${variable} names ${env[variable]}, which is not ${what}: ${byHand(program)}`);
  }
  if (host.platform !== 'linux' || host.uid !== 0 || (await capture('apt-get', ['--version'], { env })).code !== 0) {
    throw new Trouble(troubleOf(missing));
  }
  const packages = missing.map(({ debian }) => debian);
  await step(`Installing ${packages.join(' and ')}`, async () => {
    const output = await install(packages, env);
    const still = await lacking(missing, env);
    if (still.length > 0) throw new Trouble(troubleOf(still), { output: tail(output, 20) });
  });
}

/**
 * @param {Program[]} programs
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Program[]>} those that the machine does not have
 */
async function lacking(programs, env) {
  const there = await Promise.all(programs.map((program) => isThere(program, env)));
  return programs.filter((_, index) => !there[index]);
}

/**
 * @param {Program} program
 * @param {NodeJS.ProcessEnv} env
 */
async function isThere({ variable, commands, version }, env) {
  for (const command of env[variable] ? [env[variable]] : commands) {
    const { code, output } = await capture(command, ['--version'], { env });
    if (code === 0 && version.test(output)) return true;
  }
  return false;
}

/** @param {Program} program */
function byHand({ install, variable }) {
  return `install ${install}, or name the program in the environment variable ${variable}, and run it again.`;
}

/** @param {Program[]} missing */
function troubleOf(missing) {
  return missing.map((program) => `It takes ${program.what}, and this machine has none: ${byHand(program)}`).join('\n');
}

/**
 * Installs Debian's packages; with fresh lists of packages where the ones at hand will not do.
 *
 * @param {string[]} packages
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} what the package manager said
 */
async function install(packages, env) {
  // As if the machine were being repaired (run level 1), Debian's scripts start no service.
  const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }, timeout: LONGEST };
  const get = () => capture('apt-get', ['install', '-y', '--no-install-recommends', ...packages], options);
  const first = await get();
  if (first.code === 0) return first.output;
  const update = await capture('apt-get', ['update'], options);
  const second = await get();
  return update.output + second.output;
}
