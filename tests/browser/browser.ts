import { accessSync, constants } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { it as test } from 'vitest';

/** How long the browser may take for a thing before it counts as hanging, in milliseconds. */
const HANGS = 120_000;

/**
 * What Chromium and Chrome are called by those who package them, in the order in which they are looked for. The shell is
 * Chromium without a desktop, and takes half of the processor time.
 */
const COMMANDS = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A new renderer for each site and each visit costs more than the page; what is tested needs no wall between sites. */
const ONE_RENDERER = ['--renderer-process-limit=1', '--disable-site-isolation-trials'];

/**
 * Tests and hooks with a `browser`: the Chromium that `CHROMIUM` names (a path or a command), or else one on the
 * `PATH`. All files of a worker share it, because starting one costs as much as many tests. So each file creates its
 * own contexts, and closes them. Vitest closes the browser when the worker ends.
 */
export const it = test
  .extend('program', { scope: 'worker' }, () => chromiumProgram(process.env))
  .extend('browser', { scope: 'worker' }, async ({ program }, { onCleanup }) => {
    const browser = await chromium.launch({
      executablePath: program,
      // Chromium's sandbox does not work for root, who is often the only user that a container has.
      chromiumSandbox: process.getuid?.() !== 0,
      args: ONE_RENDERER,
      timeout: HANGS,
    });
    onCleanup(() => browser.close());
    browser.on('context', (context) => context.setDefaultTimeout(HANGS));
    return browser;
  });

function chromiumProgram({ CHROMIUM: request, PATH = '' }: NodeJS.ProcessEnv): string {
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  for (const command of request ? [request] : COMMANDS) {
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
