import { readFile, writeFile } from 'node:fs/promises';

const ROOT = new URL('../', import.meta.url);

/**
 * Writes a file that is made from the sources. With `--check` on the command line it writes nothing, and has the process
 * end with code 1 when the file is not what it would write.
 *
 * @param {string} path below the repository
 * @param {string} content
 * @param {string} source what it is made from, such as `the tables`
 */
export async function writeGenerated(path, content, source) {
  const url = new URL(path, ROOT);
  if (!process.argv.includes('--check')) {
    await writeFile(url, content);
  } else if ((await readFile(url, 'utf8').catch(() => '')) !== content) {
    console.error(`${path} is not what ${source} say. Write it anew: npm run dev -- pnpm generate`);
    process.exitCode = 1;
  }
}
