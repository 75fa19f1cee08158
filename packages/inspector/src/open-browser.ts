import { spawn } from 'node:child_process';

/** Explorer takes an address with a query for a folder; `start` would have a shell read it. */
const OPENERS: { readonly [Platform in NodeJS.Platform]?: readonly [string, ...string[]] } = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Shows an address in the user's browser, as soon as it is known; nothing comes of it where there is no browser. */
export function openBrowser(address: Promise<string>): void {
  address.then(show).catch(() => {});
}

function show(url: string): void {
  const [program, ...words] = OPENERS[process.platform] ?? ['xdg-open'];
  const opener = spawn(program, [...words, url], { detached: true, stdio: 'ignore' });
  opener.once('error', () => {});
  opener.unref();
}
