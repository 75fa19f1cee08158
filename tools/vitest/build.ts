import { fileURLToPath } from 'node:url';
import { build } from '../installation.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds what changed before any test runs, because child processes run the built packages. `npm test` builds before. */
export async function setup(): Promise<void> {
  if (process.env['IS_BUILT'] === 'yes') return;
  const { code, output } = await build(root, process.env);
  if (code !== 0) throw new Error(`The packages do not build.\n${output}`);
}
