import { spawn } from 'node:child_process';

/** Explorer mistakes an address with a query for a folder; `start` would have a shell interpret it. */
const OPENERS: { readonly [Platform in NodeJS.Platform]?: readonly [string, ...string[]] } = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Opens an address in the user's browser, as soon as it is known. Does nothing if there is no browser. */
export function openBrowser(address: Promise<string>): void {
  address.then(show).catch(() => {});
}

function show(url: string): void {
  const [program, ...words] = OPENERS[process.platform] ?? ['xdg-open'];
  const opener = spawn(program, [...words, url], { detached: true, stdio: 'ignore' });
  opener.once('error', () => {});
  opener.unref();
}
