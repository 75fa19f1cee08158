import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../workspace.mjs';

/**
 * Runs every test and counts them.
 *
 * @param {import('../gates.mjs').Workshop} workshop
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function runUnitTests({ root, scratch, toolchain }) {
  const report = join(scratch, 'tests.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const env = { ...toolchain.env, ...(await inMemory()), IS_BUILT: 'yes' };
  const { code, output } = await runTool(root, { ...toolchain, env }, 'vitest', args);
  const text = await readFile(report, 'utf8').catch(() => '{}');
  const { numPassedTests: passed = 0, numFailedTests: failed = 0 } = JSON.parse(text);
  return { faults: code === 0 ? '' : output, passed, failed };
}

/** A file system in memory (`TMPFS_MAGIC` of Linux), and how much of it must be free for the tests, in bytes. */
const MEMORY = { folder: '/dev/shm', type: 0x0102_1994, free: 2 ** 30 };

/**
 * Where tests put their temporary files: in memory where that is a folder, because many wait for the disk and none of
 * them is about losing power.
 *
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function inMemory() {
  const { type, bavail, bsize } = await statfs(MEMORY.folder).catch(() => ({ type: 0, bavail: 0, bsize: 0 }));
  return type === MEMORY.type && bavail * bsize >= MEMORY.free ? { TMPDIR: MEMORY.folder } : {};
}
