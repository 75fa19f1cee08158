import { fileURLToPath } from 'node:url';
import { build } from '../workspace.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds what changed before any test runs, because child processes, the examples and the playground run the built
 * packages. It takes a second when nothing changed. `npm test` has a gate for the build, and says that it ran.
 */
export async function setup() {
  if (process.env['IS_BUILT'] === 'yes') return;
  const { code, output } = await build(root, { node: process.execPath, env: process.env });
  if (code !== 0) throw new Error(`The packages do not build, and some tests run them as processes.\n${output}`);
}
