import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** A file of a page, as it is sent. */
export interface SiteFile {
  readonly type: string;
  readonly body: string | Buffer;
}

/** A page and what belongs to it. */
export interface Site {
  /** What the page may load in frames, as its content security policy says it. */
  readonly policy: string;
  /** @param path - `/`, or one below it; `undefined` when there is nothing */
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

/** The only paths there are: names without dots in front, in folders. None leads out of the folder. */
const PATH = /^\/viewer\/((?:[\w-]+\/)*[\w-]+(?:\.[\w-]+)+)$/;

/** The viewer's files, as they lie in the package: `/` is `index.html`, and the others are under `/viewer/`. */
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
