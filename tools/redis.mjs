import { capture } from './child.mjs';
import { tail } from './progress.mjs';
import { Trouble } from './trouble.mjs';

const BY_HAND =
  'install redis-server or valkey-server, 7.0 or newer, or name the program in the environment variable REDIS_SERVER, and run it again.';

/** How long the package manager may take, in milliseconds. */
const LONGEST = 300_000;

/**
 * Sees to it that the machine has the Redis server that tests start: the one that REDIS_SERVER names, else redis-server
 * or valkey-server on the PATH. Where there is none, and this is root on a Debian or one of its kin, it installs theirs.
 *
 * @param {NodeJS.ProcessEnv} env the environment of the tests
 * @param {(what: string, work: () => Promise<void>) => Promise<void>} step
 * @param {{ platform: string, uid: number | undefined }} [host]
 */
export async function bringRedis(env, step, host = { platform: process.platform, uid: process.getuid?.() }) {
  if (await serves(env)) return;
  if (env['REDIS_SERVER']) {
    throw new Trouble(
      `REDIS_SERVER names ${env['REDIS_SERVER']}, which is no Redis server of 7.0 or newer: ${BY_HAND}`,
    );
  }
  const missing = `The tests need a Redis server, and this machine has none of 7.0 or newer: ${BY_HAND}`;
  if (host.platform !== 'linux' || host.uid !== 0 || (await capture('apt-get', ['--version'], { env })).code !== 0) {
    throw new Trouble(missing);
  }
  await step('Installing redis-server', async () => {
    const output = await install(env);
    if (!(await serves(env))) throw new Trouble(missing, { output: tail(output, 20) });
  });
}

/**
 * Whether a server that tests can use is there. Those before 7.0 lack directives that the servers of tests are given.
 *
 * @param {NodeJS.ProcessEnv} env
 */
async function serves(env) {
  for (const program of env['REDIS_SERVER'] ? [env['REDIS_SERVER']] : ['redis-server', 'valkey-server']) {
    const { code, output } = await capture(program, ['--version'], { env });
    if (code === 0 && /^(redis|valkey) server v=([7-9]|\d\d+)\./i.test(output)) return true;
  }
  return false;
}

/**
 * Installs Debian's package; with fresh lists of packages where the ones at hand will not do.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} what the package manager said
 */
async function install(env) {
  // As if the machine were being repaired (run level 1), Debian's scripts start no service.
  const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }, timeout: LONGEST };
  const get = () => capture('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], options);
  const first = await get();
  if (first.code === 0) return first.output;
  const update = await capture('apt-get', ['update'], options);
  const second = await get();
  return update.output + second.output;
}
