// The playground: `npm run playground`. The code of an application is in instance.ts.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type Settings, settingsOf, USAGE, UsageError } from './command-line.ts';
import { PageServer } from './page-server.ts';
import { Playground } from './playground.ts';
import { ViewerWindow } from './viewer-window.ts';

/** Explorer mistakes an address with a query for a folder; `start` would have a shell interpret it. */
const OPENERS: { readonly [Platform in NodeJS.Platform]?: readonly [string, ...string[]] } = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Opens the page in the user's browser; does nothing if there is none. */
function openBrowser(address: string): void {
  const [program, ...words] = OPENERS[process.platform] ?? ['xdg-open'];
  const opener = spawn(program, [...words, address], { detached: true, stdio: 'ignore' });
  opener.once('error', () => {});
  opener.unref();
}

function say(text: string): void {
  process.stdout.write(text);
}

/** Resolves to the exit code, on a signal to end. */
function interruption(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => resolve(128 + constants.signals[signal]));
    }
  });
}

/** Resolves to the exit code. */
async function main({ port, open, redis }: Settings): Promise<number> {
  const interrupted = interruption();
  const server = await PageServer.listen(port, () => say(`  For another browser: ${server.accessLink.link}\n`));
  say('\n  An authorization server and three instances start …\n');
  const playground = await Playground.open({ redis, redirectUri: server.redirectUri });
  process.once('exit', () => playground.abandon());
  server.begin({ playground, viewer: await ViewerWindow.open(playground.viewer) });
  say(`\n  The playground: ${server.accessLink.link}\n  The link works once. Press Ctrl-C to stop.\n\n`);
  if (open) openBrowser(server.accessLink.link);
  const code = await interrupted;
  await server.close();
  await playground.close();
  return code;
}

/** Resolves to the exit code. */
async function run(args: readonly string[]): Promise<number> {
  try {
    const settings = settingsOf(args);
    if (settings !== undefined) return await main(settings);
    say(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`\n  ${error.message}\n\n`);
    return 1;
  }
}

process.exit(await run(process.argv.slice(2)));
