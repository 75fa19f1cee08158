// A fleet of processes that share one user's session in one Redis: `npm start`. The code of an application is in
// worker.ts.
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { claims } from './checks.ts';
import { BrokenFleet, Fleet } from './fleet.ts';
import { NoRedis, sharedRedis } from './shared-redis.ts';
import { play } from './show.ts';
import { type View, viewOn } from './view.ts';

const USAGE = `Usage: npm start -- [--workers 6] [--seconds 30]

Processes share one user's session in one Redis. Its tokens live for 4 seconds; one worker is killed while it
refreshes, and one is paused. In the end it says what held, and fails if something did not.

It uses the Redis of REDIS_URL. NO_COLOR=1 gives plain lines.
`;

/** The lifetime of an access token, in seconds. */
const LIFETIME = 4;

interface Wishes {
  readonly workers: number;
  readonly seconds: number;
}

/** Resolves to the exit code. */
async function main({ workers, seconds }: Wishes): Promise<number> {
  const redis = await sharedRedis(process.env);
  // As strict as real servers: a refresh token works once, and using it again signs the user out.
  const server = await startAuthorizationServer({ accessTokenLifetime: LIFETIME, rotation: 'revoke-chain' });
  const { clientId, clientSecret, redirectUri } = server.clients.webApp;
  const fleet = new Fleet(workers, {
    REDIS_URL: redis.url,
    REDIS_PREFIX: redis.prefix,
    SESSIONS_KEY: randomBytes(32).toString('base64'),
    FRAMEIO_CLIENT_ID: clientId,
    FRAMEIO_CLIENT_SECRET: clientSecret,
    FRAMEIO_REDIRECT_URI: redirectUri,
    IMS_ORIGIN: server.origin,
  });
  process.once('exit', () => fleet.abandon());

  let view: View | undefined;
  try {
    process.stdout.write(`\n  ${workers} processes start.\n`);
    await fleet.ready();
    view = viewOn(process.stdout, process.env, { fleet, server, lifetime: LIFETIME, seconds });
    const evidence = await play({ fleet, server, seconds, report: view.report });
    view.end();
    const made = claims(evidence);
    view.conclude(made);
    return made.every(({ holds }) => holds) ? 0 : 1;
  } finally {
    view?.end();
    await fleet.end();
    await server.close();
    await redis.end();
  }
}

/**
 * @throws TypeError with a sentence for the user
 */
function requests(args: readonly string[]): Wishes | 'help' {
  const { values } = parseArgs({
    args: [...args].filter((argument) => argument !== '--'),
    options: {
      workers: { type: 'string', default: '6' },
      seconds: { type: 'string', default: '30' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    workers: wholeNumber('--workers', values.workers, 3, 20),
    seconds: wholeNumber('--seconds', values.seconds, 10, 3_600),
  };
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new TypeError(`${option} takes a whole number from ${least} to ${most}.`);
}

/** Resolves to the exit code. */
async function run(args: readonly string[]): Promise<number> {
  try {
    const requested = requests(args);
    if (requested !== 'help') return await main(requested);
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    // These are sentences for the user; parseArgs throws TypeErrors as well.
    if (!(error instanceof NoRedis || error instanceof BrokenFleet || error instanceof TypeError)) throw error;
    process.stderr.write(`\n  ${error.message}\n`);
    return 1;
  }
}

process.stdout.on('error', () => process.exit(0)); // The reader, such as `head`, has closed the pipe.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

process.exitCode = await run(process.argv.slice(2));
