import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';

/**
 * Starts an npm registry that has the given packages alone. npm unpacks a package from a registry once, and a tarball
 * that is named by its path three times.
 *
 * @param {string[]} tarballs their paths
 * @returns {Promise<{ origin: string, close(): Promise<void> }>}
 */
export async function startRegistry(tarballs) {
  /** @type {Map<string, string | Buffer>} */
  const answers = new Map();
  const server = createServer(({ url = '' }, response) => {
    const answer = answers.get(decodeURIComponent(url));
    // Another registry may have the same address tomorrow, so npm must keep nothing of this one.
    response.writeHead(answer === undefined ? 404 : 200, { 'cache-control': 'no-store' }).end(answer);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const origin = `http://127.0.0.1:${port}`;
  for (const path of tarballs) {
    const bytes = await readFile(path);
    const manifest = manifestIn(gunzipSync(bytes));
    const { name, version } = manifest;
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    const dist = { tarball: `${origin}/${basename(path)}`, integrity };
    answers.set(`/${basename(path)}`, bytes);
    answers.set(
      `/${name}`,
      JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } }),
    );
  }
  return {
    origin,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * The package.json in an archive of tar: entries of a header of 512 bytes and a content that is filled up to as many.
 *
 * @param {Buffer} archive
 * @returns {any}
 */
function manifestIn(archive) {
  for (let at = 0; at < archive.length; ) {
    const [name = ''] = archive.toString('utf8', at, at + 100).split('\0');
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8) || 0;
    const start = at + 512;
    if (name === 'package/package.json') return JSON.parse(archive.toString('utf8', start, start + size));
    at = start + Math.ceil(size / 512) * 512;
  }
  throw new Error('There is no package.json in the archive.');
}
