import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run playground -- [--port 0] [--open] [--redis]

Starts an authorization server, three instances of an application that share one session, and a page with buttons
that break things. All of it is on this machine, and all of it ends with Ctrl-C.

  --port   the page's port on 127.0.0.1; default: one that is free
  --open   shows the page in the browser
  --redis  shares the session in a Redis server, started for this, and not in files
`;

/** Explains to the user what is wrong and what to do about it. */
export class Mistake extends Error {}

export interface Wishes {
  readonly port: number;
  readonly open: boolean;
  readonly redis: boolean;
}

/**
 * Reads the arguments; returns `undefined` if only help is requested.
 *
 * @throws Mistake
 */
export function wishesOf(args: readonly string[]): Wishes | undefined {
  const { help, port, open, redis } = valuesOf(args);
  if (help) return undefined;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Mistake(`"${port}" is no port: give a number up to 65535, or 0 for one that is free.`);
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
    throw new Mistake(`${(error as Error).message}\n\n${USAGE}`);
  }
}
