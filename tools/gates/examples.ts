import { join } from 'node:path';
import { capture } from '../child.mjs';
import type { GateContext, GateResult } from '../gates.ts';
import { manifestOf, packageFolders } from '../packages.ts';

/** The scripts that run an example; the first that it has is run. */
const SCRIPTS = ['test', 'start', 'demo'];

/** How long an example may take, in milliseconds: only one that hangs is stopped. */
const TIMEOUT = 1_800_000;

/** How many examples run at the same time: most of them wait for tokens to expire. */
const CONCURRENCY = 2;

/** Runs every example on the built packages. */
export async function runExamples({ root, env }: GateContext): Promise<GateResult> {
  const folders = await packageFolders(root, 'examples/*');
  const { startRedis } = await import(new URL('../../verification/redis/index.ts', import.meta.url).href);
  const redis = await startRedis();
  const problems: string[] = [];
  const lane = async () => {
    for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
      const cwd = join(root, folder);
      const { scripts = {} } = await manifestOf(cwd);
      const script = SCRIPTS.find((name) => name in scripts);
      if (script === undefined) {
        problems.push(`${folder} has none of the scripts ${SCRIPTS.join(', ')}.`);
        continue;
      }
      const { code, output } = await capture(process.execPath, ['--run', script], {
        cwd,
        env: folder.endsWith('-redis') ? { ...env, REDIS_URL: redis.url } : env,
        timeout: TIMEOUT,
      });
      if (code !== 0) problems.push(`${folder}: \`${script}\` ended with code ${code}.\n${output}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane)).finally(() => redis.stop());
  return problems.join('\n');
}
