import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { capture, shell } from './child.mjs';
import { commandErrorFrom } from './command-error.mjs';
import { step } from './progress.mjs';
import { ensureToolchain } from './toolchain.mjs';

/**
 * @param {string} root
 * @param {string} preparation `--tools`, `--install` or `--build`, which each include the ones before
 * @returns {Promise<import('./toolchain.mjs').Toolchain>}
 */
export function prepare(root, preparation) {
  return withLock(root, async () => {
    const toolchain = await ensureToolchain(root, step);
    const { env } = toolchain;
    if (preparation === '--tools') return toolchain;
    await step('Installing packages', async () => {
      const { code, output } = await capture('pnpm', ['install', '--frozen-lockfile'], { cwd: root, env });
      if (code !== 0) throw commandErrorFrom(output, 'pnpm could not install the packages.');
    });
    if (preparation === '--install') return toolchain;
    await step('Building', async () => {
      const { code, output } = await build(root, env);
      if (code !== 0) throw commandErrorFrom(output, 'The packages do not build.');
    });
    return toolchain;
  });
}

/** @param {string} root @param {NodeJS.ProcessEnv} env */
export function build(root, env) {
  return capture('turbo', ['run', 'build', '--output-logs=errors-only'], { cwd: root, env, shell });
}

/**
 * Does the work while no other run in this repository does its own: two concurrent installations would remove each
 * other's packages. The lock of a dead process is ignored.
 *
 * @template T
 * @param {string} root
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withLock(root, work) {
  const lock = join(root, '.toolchain', 'lock');
  await mkdir(join(root, '.toolchain'), { recursive: true });
  for (let waiting = false; !(await acquire(lock)); waiting = true) {
    if (!waiting) process.stderr.write('Waiting for another run that prepares this folder …\n');
    await delay(200);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** @param {string} lock */
async function acquire(lock) {
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
