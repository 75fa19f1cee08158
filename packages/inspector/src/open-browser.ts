import { spawn } from 'node:child_process';

const OPENERS: { readonly [Platform in NodeJS.Platform]?: string } = { darwin: 'open', win32: 'explorer.exe' };

/** Shows an address in the user's browser, if there is one; nothing comes of it where there is none. */
export function openBrowser(url: string): void {
  const opener = spawn(OPENERS[process.platform] ?? 'xdg-open', [url], { detached: true, stdio: 'ignore' });
  opener.once('error', () => {});
  opener.unref();
}
