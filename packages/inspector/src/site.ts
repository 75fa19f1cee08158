import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** A file of a page, as it is sent. */
export interface SiteFile {
  readonly type: string;
  readonly body: string | Buffer;
}

/** A page and its files. */
export interface Site {
  /** What the page may load in frames, as a directive of its content security policy. */
  readonly policy: string;
  /**
   * @param path - `/`, or one below it; resolves to `undefined` if there is no such file
   */
  file(path: string): Promise<SiteFile | undefined>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** The only valid paths: names that do not begin with a dot, in folders. None leads out of the folder. */
const PATH = /^\/viewer\/((?:[\w-]+\/)*[\w-]+(?:\.[\w-]+)+)$/;

/** Serves the viewer's files from the package: `/` is `index.html`, and the others are under `/viewer/`. */
export function folderSite(folder: URL): Site {
  return {
    policy: "frame-src 'none'",
    async file(path) {
      const name = path === '/' ? 'index.html' : PATH.exec(path)?.[1];
      const type = name === undefined ? undefined : TYPES[extname(name)];
      if (name === undefined || type === undefined) return undefined;
      const body = await readFile(new URL(name, folder)).catch(() => undefined);
      return body && { type, body };
    },
  };
}
