// What `npm start` runs: one of the three applications, and an authorization server for it if you have no account.
import { parseArgs } from 'node:util';
import { adobeIms, ConfigurationError } from '@frameio-auth/core';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { type Account, type Framework, frameworks, serve } from './serve.ts';

const USAGE = `Usage: npm start -- [--framework express|fastify|hono] [--port 8443]

Serves an application whose users sign in with Adobe, at https://localhost:8443. Without an account the users are
fictional, and so is the server that signs them in.

With FRAMEIO_CLIENT_ID, FRAMEIO_CLIENT_SECRET and FRAMEIO_REDIRECT_URI set to those of a web app credential it is the
real Adobe IMS. The redirect URI says the port and the path: https://localhost:8443/callback, for instance.
`;

/** The variables of a credential. */
const NAMES = ['FRAMEIO_CLIENT_ID', 'FRAMEIO_CLIENT_SECRET', 'FRAMEIO_REDIRECT_URI'] as const;

/** What is wrong with how the program was started, and what to do about it. */
class Mistake extends Error {}

interface Wish {
  readonly framework: Framework;
  readonly redirectUri: string;
  /** Absent: one of the server that is started here. */
  readonly account?: Account;
}

async function main(): Promise<void> {
  const wish = wishOf(process.argv.slice(2), process.env);
  if (wish === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const { framework, redirectUri, account = await localAccount() } = wish;
  const { home } = await serve({ framework, redirectUri, account });
  console.log(`The ${framework} application is at ${home}`);
  console.log(`It signs in at ${account.server.issuer}`);
  console.log('Browsers warn of its certificate, which was made just now: let yours go on. Ctrl+C ends it.');
}

/** `undefined` when help is all that is asked for. */
function wishOf(args: string[], env: NodeJS.ProcessEnv): Wish | undefined {
  const { help, framework, port } = argumentsOf(args);
  if (help) return undefined;
  if (!isFramework(framework)) {
    throw new Mistake(`There is no application for "${framework}": ${Object.keys(frameworks).join(', ')}.`);
  }
  const missing = NAMES.filter((name) => !env[name]);
  if (missing.length === NAMES.length) {
    if (!/^\d{1,5}$/.test(port ?? '0') || Number(port) > 65_535) {
      throw new Mistake(`"${port}" is no port: give a number up to 65535, or 0 for one that is free.`);
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
  if (!/^https:\/\/(localhost|127\.0\.0\.1)(:\d+)?\/[^?#]+$/.test(redirectUri)) {
    throw new Mistake(
      'FRAMEIO_REDIRECT_URI must be an https address of this machine with a path, such as https://localhost:8443/callback.',
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

/** An account of a server on this machine, which behaves like Adobe's and Frame.io's. */
async function localAccount(): Promise<Account> {
  const { clients, origin } = await startAuthorizationServer({ allowHttpRedirects: false });
  const { clientId, clientSecret } = clients.webApp;
  return { clientId, clientSecret, server: adobeIms({ origin }), api: origin };
}

/** The sentence for what a person can mend; `undefined` for a bug. */
function adviceFor(error: unknown): string | undefined {
  if (error instanceof Mistake || error instanceof ConfigurationError) return error.message;
  const { code, port } = error as { code?: string; port?: number };
  if (code === 'EADDRINUSE') return `Port ${port} is in use: end what uses it, or choose another one.`;
  if (code === 'EACCES' && port !== undefined) return `Port ${port} may not be used: choose one from 1024 on.`;
  return undefined;
}

await main().catch((error: unknown) => {
  const advice = adviceFor(error);
  if (advice === undefined) throw error;
  process.stderr.write(`${advice}\n`);
  process.exit(1); // The server of localAccount() would go on.
});
