import { capture } from './child.mjs';
import { CommandError, lastLines } from './command-error.mjs';

/** @typedef {'redis' | 'chromium'} ProgramName */

/** What tests start and npm does not install. `debian`: the package of Debian and its derivatives. */
const PROGRAMS = {
  redis: {
    description: 'a Redis server, 7.0 or newer', // Older servers lack directives that the tests use.
    variable: 'REDIS_SERVER',
    commands: ['redis-server', 'valkey-server'],
    version: /^(redis|valkey) server v=([7-9]|\d\d+)\./im,
    debian: 'redis-server',
    install: 'redis-server or valkey-server, 7.0 or newer',
  },
  chromium: {
    description: 'Chromium or Chrome',
    variable: 'CHROMIUM',
    commands: ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    version: /^(chromium|google chrome)\b.* \d+\./im,
    debian: 'chromium-headless-shell', // Smaller than chromium, and needs half of the processor time.
    install: 'chromium-headless-shell, chromium or google-chrome',
  },
};

/** @typedef {typeof PROGRAMS[ProgramName]} Program */

/** How long the package manager may take, in milliseconds. */
const INSTALLATION_TIMEOUT = 300_000;

/**
 * Checks that the machine has the programs, each named by its variable or found on the PATH. Installs Debian's packages for
 * those that are missing if this process is root and has apt-get.
 *
 * @param {readonly ProgramName[]} names
 * @param {NodeJS.ProcessEnv} env the environment of the tests
 * @param {import('./progress.mjs').Step} step
 * @param {{ platform: string, uid: number | undefined }} [host]
 */
export async function ensurePrograms(names, env, step, host = { platform: process.platform, uid: process.getuid?.() }) {
  const programs = names.map((name) => PROGRAMS[name]);
  const missing = await missingOf(programs, env);
  if (missing.length === 0) return;
  for (const program of missing) {
    const named = env[program.variable];
    if (!named) continue;
    throw new CommandError(`${program.variable} is ${named}, which is not ${program.description}: ${byHand(program)}`);
  }
  if (host.platform !== 'linux' || host.uid !== 0 || (await capture('apt-get', ['--version'], { env })).code !== 0) {
    throw new CommandError(messageFor(missing));
  }
  const packages = missing.map(({ debian }) => debian);
  await step(`Installing ${packages.join(' and ')}`, async () => {
    const output = await install(packages, env);
    const still = await missingOf(missing, env);
    if (still.length > 0) throw new CommandError(messageFor(still), { output: lastLines(output, 20) });
  });
}

/** @param {Program[]} programs @param {NodeJS.ProcessEnv} env */
async function missingOf(programs, env) {
  const present = await Promise.all(programs.map((program) => isPresent(program, env)));
  return programs.filter((_, index) => !present[index]);
}

/** @param {Program} program @param {NodeJS.ProcessEnv} env */
async function isPresent({ variable, commands, version }, env) {
  for (const command of env[variable] ? [env[variable]] : commands) {
    const { code, output } = await capture(command, ['--version'], { env });
    if (code === 0 && version.test(output)) return true;
  }
  return false;
}

/** @param {Program} program */
function byHand({ install, variable }) {
  return `install ${install}, or set ${variable} to the program, and run the command again.`;
}

/** @param {Program[]} missing */
function messageFor(missing) {
  return missing.map((program) => `This needs ${program.description}: ${byHand(program)}`).join('\n');
}

/**
 * Installs Debian's packages, if necessary after an update of the package lists.
 *
 * @param {string[]} packages
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} the output of apt-get
 */
async function install(packages, env) {
  // In run level 1, Debian's scripts start no service.
  const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }, timeout: INSTALLATION_TIMEOUT };
  const get = () => capture('apt-get', ['install', '-y', '--no-install-recommends', ...packages], options);
  const first = await get();
  if (first.code === 0) return first.output;
  const update = await capture('apt-get', ['update'], options);
  const second = await get();
  return update.output + second.output;
}
