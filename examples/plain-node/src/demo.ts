// The program of `npm run demo`: shows the life of a token, from the first request to its revocation.
import { BrokenClaim, NoSuccess } from './demo/claims.ts';
import { Stage } from './demo/stage.ts';

const USAGE = `Usage: npm run demo

Shows the life of a Frame.io access token against a server on this machine, in a few seconds. It needs no account and
no network.

With FRAMEIO_CLIENT_ID and FRAMEIO_CLIENT_SECRET set to those of a server-to-server credential, it gets a token from
the real Adobe IMS instead, and calls Frame.io once. FRAMEIO_IMS_ENVIRONMENT=stage takes Adobe's stage.

One scene needs a Redis: redis-server or valkey-server on the PATH, or the server that REDIS_URL names.

NO_COLOR=1 turns the colours off.
`;

/** Resolves to the exit code. */
async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [argument] = args;
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (argument !== undefined) {
    return complain(`The demo does not know "${argument}": it takes --help, or nothing at all.`);
  }

  const { FRAMEIO_CLIENT_ID: clientId, FRAMEIO_CLIENT_SECRET: clientSecret } = env;
  if (Boolean(clientId) !== Boolean(clientSecret)) {
    const missing = clientId ? 'FRAMEIO_CLIENT_SECRET' : 'FRAMEIO_CLIENT_ID';
    return complain(`${missing} is not set: set both for the real Adobe IMS, or neither for a server on this machine.`);
  }
  const stage = new Stage(process.stdout, env);
  try {
    // Loaded only when needed, because that takes longer than printing the usage.
    if (clientId && clientSecret) {
      const { realIms } = await import('./demo/real-ims.ts');
      await realIms(stage, { clientId, clientSecret, environment: env['FRAMEIO_IMS_ENVIRONMENT'] || 'production' });
    } else {
      const { lifeOfAToken } = await import('./demo/life-of-a-token.ts');
      await lifeOfAToken(stage, env);
    }
    return 0;
  } catch (error) {
    if (error instanceof NoSuccess) return complain(error.message);
    if (error instanceof BrokenClaim)
      return complain(`The demo stops, because it cannot keep its word: ${error.message}.`);
    throw error;
  }
}

function complain(sentence: string): number {
  process.stderr.write(`\n${sentence}\n`);
  return 1;
}

process.once('SIGINT', () => {
  process.stderr.write('\nInterrupted.\n');
  process.exit(130);
});
process.stdout.on('error', () => process.exit(0)); // The reader, such as `head`, has closed the pipe.

process.exitCode = await main(process.argv.slice(2), process.env);
