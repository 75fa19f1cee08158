import { accessSync, constants } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** How long the browser may take for a thing before it counts as hanging, in milliseconds. */
const HANGS = 120_000;

/** What Chromium and Chrome are called by those who package them, in the order in which they are looked for. */
const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A headless Chromium: the one that `CHROMIUM` names (a path or a command), else one on the `PATH`. */
export async function launchBrowser(env: NodeJS.ProcessEnv = process.env): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: chromiumProgram(env),
    // Chromium's sandbox does not work for root, who is often the only user that a container has.
    chromiumSandbox: process.getuid?.() !== 0,
    timeout: HANGS,
  });
  browser.on('context', (context) => context.setDefaultTimeout(HANGS));
  return browser;
}

function chromiumProgram({ CHROMIUM: wish, PATH = '' }: NodeJS.ProcessEnv): string {
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  for (const command of wish ? [wish] : COMMANDS) {
    const places = /[/\\]/.test(command) ? [command] : folders.map((folder) => resolve(folder, command));
    const program = places.find(isProgram);
    if (program !== undefined) return program;
  }
  throw new Error(
    'No Chromium is on this machine: install it, or name the program in the environment variable CHROMIUM.',
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
