// The program of `npm start`: one of the three applications, and an authorization server for it if you have no account.
import { adobeIms, ConfigurationError } from '@frameio-auth/core';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { Mistake, requestOf, USAGE } from './command-line.ts';
import { type Account, serve } from './serve.ts';

async function main(): Promise<void> {
  const request = requestOf(process.argv.slice(2), process.env);
  if (request === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const { framework, redirectUri, account = await localAccount() } = request;
  const { home } = await serve({ framework, redirectUri, account });
  console.log(`The ${framework} application is at ${home}`);
  console.log(`It signs in at ${account.server.issuer}`);
  console.log('Browsers warn of its certificate, which was made just now: let yours go on. Ctrl+C ends it.');
}

/** Returns an account of a local server that behaves like Adobe's and Frame.io's. */
async function localAccount(): Promise<Account> {
  const { clients, origin } = await startAuthorizationServer({ allowHttpRedirects: false });
  const { clientId, clientSecret } = clients.webApp;
  return { clientId, clientSecret, server: adobeIms({ origin }), api: origin };
}

/** Returns the advice for an error that the user can fix; `undefined` for a bug. */
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
  process.exit(1); // Otherwise the server of localAccount() would keep running.
});
