import { parseArgs } from 'node:util';
import { adobeIms } from '@frameio-auth/core';
import { type Account, type Framework, frameworks } from './serve.ts';

export const USAGE = `Usage: npm start -- [--framework express|fastify|hono] [--port 8443]

Serves an application with users who sign in with Adobe, at https://localhost:8443. Without an account the users are
fictional, and so is the server that signs them in.

With FRAMEIO_CLIENT_ID, FRAMEIO_CLIENT_SECRET and FRAMEIO_REDIRECT_URI set to those of a web app credential it is the
real Adobe IMS. The redirect URI says the port: https://localhost:8443/callback, for instance.
`;

/** The environment variables of a credential. */
const NAMES = ['FRAMEIO_CLIENT_ID', 'FRAMEIO_CLIENT_SECRET', 'FRAMEIO_REDIRECT_URI'] as const;

/** Explains what is wrong with the arguments or the environment, and what to do about it. */
export class Mistake extends Error {}

export interface Wish {
  readonly framework: Framework;
  readonly redirectUri: string;
  /** Absent: the account of a local server that is started. */
  readonly account?: Account;
}

/**
 * Reads the arguments and the environment; returns `undefined` if only help is requested.
 *
 * @throws Mistake
 */
export function requestOf(args: string[], env: NodeJS.ProcessEnv): Wish | undefined {
  const { help, framework, port } = argumentsOf(args);
  if (help) return undefined;
  if (!isFramework(framework)) {
    throw new Mistake(`There is no application for "${framework}": ${Object.keys(frameworks).join(', ')}.`);
  }
  const missing = NAMES.filter((name) => !env[name]);
  if (missing.length === NAMES.length) {
    if (!/^\d{1,5}$/.test(port ?? '0') || Number(port) > 65_535) {
      throw new Mistake(`"${port}" is not a port. Give a number up to 65535, or 0 for a free one.`);
    }
    return { framework, redirectUri: `https://localhost:${port ?? 8443}/callback` };
  }
  if (missing.length > 0) {
    throw new Mistake(
      `Set ${missing.join(' and ')} too, for the real Adobe IMS. Or none of ${NAMES.join(', ')}, for a server on this machine.`,
    );
  }
  if (port !== undefined) throw new Mistake('Leave --port out: FRAMEIO_REDIRECT_URI says the port.');
  const [clientId, clientSecret, redirectUri] = NAMES.map((name) => env[name] ?? '') as [string, string, string];
  if (!/^https:\/\/(localhost|127\.0\.0\.1)(:\d+)?\/callback$/.test(redirectUri)) {
    throw new Mistake(
      'FRAMEIO_REDIRECT_URI must be an https address of this machine with the path /callback, such as https://localhost:8443/callback.',
    );
  }
  const account = { clientId, clientSecret, server: adobeIms(), api: 'https://api.frame.io' };
  return { framework, redirectUri, account };
}

function argumentsOf(args: string[]) {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    framework: { type: 'string', default: 'express' },
    port: { type: 'string' },
  } as const;
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new Mistake(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function isFramework(name: string): name is Framework {
  return Object.hasOwn(frameworks, name);
}
