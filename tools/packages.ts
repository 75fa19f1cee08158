import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Returns the folders of the workspace's packages that match, such as `packages/core`, sorted. */
export async function packageFolders(root: string, pattern = '{*,{packages,examples}/*}'): Promise<string[]> {
  const manifests = await Array.fromAsync(glob(`${pattern}/package.json`, { cwd: root }));
  return manifests.map(dirname).sort();
}

// biome-ignore lint/suspicious/noExplicitAny: its users know what is in it.
export type Manifest = any;

export async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
}
