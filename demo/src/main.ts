// `npm run demo`: shows the life of a token, from the first request to its revocation.
import { DemoError, FailedCheck } from './checks.ts';
import { Output } from './output.ts';

const USAGE = `Usage: npm run demo

Shows the life of a Frame.io access token against a server on this machine, in a few seconds. It needs no account and
no network.

With FRAMEIO_CLIENT_ID and FRAMEIO_CLIENT_SECRET set to those of a server-to-server credential, it gets a token from
the real Adobe IMS instead, and calls Frame.io once. FRAMEIO_IMS_ENVIRONMENT=stage selects Adobe's stage environment.

One scene needs Redis: redis-server or valkey-server on the PATH, or a server in REDIS_URL.

NO_COLOR=1 turns off colours.
`;

/** Resolves to the exit code. */
async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [argument] = args;
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (argument !== undefined) {
    return fail(`The demo has no argument "${argument}". Run it without arguments, or with --help.`);
  }

  const { FRAMEIO_CLIENT_ID: clientId, FRAMEIO_CLIENT_SECRET: clientSecret } = env;
  if (Boolean(clientId) !== Boolean(clientSecret)) {
    const missing = clientId ? 'FRAMEIO_CLIENT_SECRET' : 'FRAMEIO_CLIENT_ID';
    return fail(`${missing} is not set. Set both for the real Adobe IMS, or neither for a server on this machine.`);
  }
  const output = new Output(process.stdout, env);
  try {
    // Loaded only when needed, because loading takes longer than printing the usage.
    if (clientId && clientSecret) {
      const { realIms } = await import('./real-ims.ts');
      await realIms(output, { clientId, clientSecret, environment: env['FRAMEIO_IMS_ENVIRONMENT'] || 'production' });
    } else {
      const { lifeOfAToken } = await import('./life-of-a-token.ts');
      await lifeOfAToken(output, env);
    }
    return 0;
  } catch (error) {
    if (error instanceof DemoError) return fail(error.message);
    if (error instanceof FailedCheck) return fail(`The demo stops, because a check failed: ${error.message}.`);
    throw error;
  }
}

function fail(sentence: string): number {
  process.stderr.write(`\n${sentence}\n`);
  return 1;
}

process.once('SIGINT', () => {
  process.stderr.write('\nInterrupted.\n');
  process.exit(130);
});
process.stdout.on('error', () => process.exit(0)); // The reader, such as `head`, has closed the pipe.

process.exitCode = await main(process.argv.slice(2), process.env);
