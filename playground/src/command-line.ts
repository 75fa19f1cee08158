import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run playground -- [--port 0] [--open] [--redis]

Starts an authorization server, three instances of an application that share one session, and a page with buttons
that inject failures. Everything runs on this machine, and ends with Ctrl-C.

  --port   the page's port on 127.0.0.1 (default: a free one)
  --open   opens the page in the browser
  --redis  stores the session in a Redis server, which it starts, instead of in files
`;

/** Explains to the user what is wrong and what to do about it. */
export class UsageError extends Error {}

export interface Settings {
  readonly port: number;
  readonly open: boolean;
  readonly redis: boolean;
}

/**
 * Reads the arguments; returns `undefined` if only help is requested.
 *
 * @throws UsageError
 */
export function settingsOf(args: readonly string[]): Settings | undefined {
  const { help, port, open, redis } = valuesOf(args);
  if (help) return undefined;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`"${port}" is not a port. Give a number up to 65535, or 0 for a free one.`);
  }
  return { port: Number(port), open, redis };
}

function valuesOf(args: readonly string[]) {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    port: { type: 'string', default: '0' },
    open: { type: 'boolean', default: false },
    redis: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
}
