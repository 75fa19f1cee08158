import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { createPackageFromTarballData } from '@arethetypeswrong/core';

export interface Registry {
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * Starts an npm registry with these packages. npm unpacks a package of a registry once, and a tarball that is named by its
 * path three times.
 */
export async function startRegistry(tarballs: readonly string[]): Promise<Registry> {
  const responses = new Map<string, string | Buffer>();
  const server = createServer(({ url = '' }, response) => {
    const body = responses.get(decodeURIComponent(url));
    // npm must keep nothing, because tomorrow another registry may have the same address.
    response.writeHead(body === undefined ? 404 : 200, { 'cache-control': 'no-store' }).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const path of tarballs) {
    const bytes = await readFile(path);
    const content = createPackageFromTarballData(bytes);
    const { packageName: name, packageVersion: version } = content;
    const manifest = JSON.parse(content.readFile(`/node_modules/${name}/package.json`));
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    const dist = { tarball: `${origin}/${basename(path)}`, integrity };
    responses.set(`/${basename(path)}`, bytes);
    responses.set(
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
