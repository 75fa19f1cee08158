import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { redisServerProgram, startRedis } from '@frameio-auth/verification/redis';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it } from 'vitest';

// The demo runs as `npm run demo` runs it: by Node alone, on the built packages.
const demo = fileURLToPath(new URL('../../demo/src/main.ts', import.meta.url));

/** Far more than the demo takes; only one that hangs is stopped. */
const TIME_LIMIT = 240_000;

/** Resolves only addresses and no names, like a machine without a network. */
const withoutNetwork = preload(`
  import dns from 'node:dns';
  import { isIP } from 'node:net';
  const { lookup } = dns;
  dns.lookup = (host, options, done) => {
    if (isIP(host)) return lookup(host, options, done);
    const error = new Error('getaddrinfo ENOTFOUND ' + host);
    setImmediate(done, Object.assign(error, { code: 'ENOTFOUND', syscall: 'getaddrinfo' }));
  };
`);

/** Sends each token request twice, so that a check of the demo fails. */
const askingTwice = preload(`
  const { fetch } = globalThis;
  globalThis.fetch = async (url, init) => {
    if (String(url).endsWith('/token/v3')) await fetch(url, init);
    return fetch(url, init);
  };
`);

function preload(source: string): string {
  return `--import=data:text/javascript,${encodeURIComponent(source)}`;
}

async function redisCommand(url: string, command: string): Promise<unknown> {
  const client = new Redis(url);
  try {
    return await client.call(command);
  } finally {
    client.disconnect();
  }
}

interface Run {
  /** The exit code, or the signal that ended it. */
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  preloads: readonly string[] = [withoutNetwork],
): Promise<Run> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const REDIS_SERVER = redisServerProgram();
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', ...preloads, demo, ...args],
      { env: { PATH, NODE_COMPILE_CACHE, REDIS_SERVER, FORCE_COLOR: '1', ...env }, timeout: TIME_LIMIT },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr }),
    );
  });
}

describe('the demo', () => {
  let shown: string;

  beforeAll(async () => {
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    shown = stdout;
  });

  it('shows every scene, and summarizes them at the end', () => {
    const headlines = [...shown.matchAll(/^[ 1]\d {2}(.+)$/gm)].map(([, headline]) => headline);
    expect(headlines).toEqual([
      'From nothing to a token',
      'Refreshed before it expires',
      'Two hundred callers, one request',
      'A user signs in',
      'The server is down',
      'The API answers 401',
      'Forged and replayed callbacks',
      'Exported and imported',
      'Stopped and started again',
      'Two instances, one refresh',
      'Three processes, one Redis',
      'Signing out',
    ]);
    expect(shown).toContain('12 scenes, 14 token requests,');
  });

  it('has three processes refresh once, in its own Redis server', () => {
    expect(shown).toMatch(/(Redis|Valkey) \d+\.\d+\.\d+, started for this scene\n/);
    expect(shown).toMatch(/others +2 adopt [0-9a-f]{4}\n.+1 refresh, 0 rejected; GET \/v4\/me: 200, 200, 200\n/);
  });

  it('fits a terminal of 80 columns, and has no colours unless it prints to a terminal', () => {
    expect(shown.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(shown).not.toContain('\u001B');
  });

  it('prints no token, code or secret of the server', () => {
    // Tokens look like a JWT with a fictional signature; codes and client secrets say that they are fictional.
    expect(shown).not.toMatch(/eyJ|\.fictional[.-]/);
    // States and code verifiers are long runs of base64url.
    expect(shown).not.toMatch(/[\w-]{32,}/);
  });
});

it('uses the Redis of REDIS_URL, and leaves nothing there', async () => {
  await using redis = await startRedis();
  const { code, stdout, stderr } = await run([], { REDIS_URL: redis.url });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('the server of REDIS_URL\n');
  expect(stdout).toContain('12 scenes, 14 token requests,');
  expect(await redisCommand(redis.url, 'DBSIZE')).toBe(0);
});

it.each([
  {
    where: 'there is none',
    env: { PATH: '', REDIS_SERVER: '' },
    sentence: /This machine has none\. To see this scene,/,
  },
  {
    where: 'no server answers',
    env: { REDIS_URL: 'redis://127.0.0.1:1' },
    sentence: /No server answers at REDIS_URL\.\n/,
  },
])('says how to see the scene with Redis where $where, and shows the others', async ({ env, sentence }) => {
  const { code, stdout, stderr } = await run([], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(sentence);
  expect(stdout).toContain('12 scenes, 12 token requests,');
});

it('stops as soon as a check fails', async () => {
  const { code, stdout, stderr } = await run([], {}, [askingTwice]);
  expect(code).toBe(1);
  expect(stderr).toBe('\nThe demo stops, because a check failed: expected 1, found 2.\n');
  expect(stdout).not.toContain('1 token request');
});

it('talks to the real Adobe IMS and Frame.io when it is given credentials', async () => {
  await using server = await startAuthorizationServer();
  const { clientId, clientSecret } = server.clients.serverToServer;
  const standIn = preload(`
    const { fetch } = globalThis;
    const real = /^https:\\/\\/(ims-na1-stg1\\.adobelogin\\.com|api\\.frame\\.io)(?=\\/)/;
    globalThis.fetch = (url, init) => fetch(String(url).replace(real, '${server.origin}'), init);
  `);
  const env = { FRAMEIO_CLIENT_ID: clientId, FRAMEIO_CLIENT_SECRET: clientSecret, FRAMEIO_IMS_ENVIRONMENT: 'stage' };
  const { code, stdout, stderr } = await run([], env, [withoutNetwork, standIn]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/server +https:\/\/ims-na1-stg1\.adobelogin\.com\n/);
  expect(stdout).toMatch(/GET \/v4\/accounts: 200\n$/);
  expect(server.requests.map(({ endpoint, status }) => [endpoint, status])).toEqual([
    ['token', 200],
    ['api', 200],
  ]);
  expect(server.secrets().filter((secret) => stdout.includes(secret))).toEqual([]);
});

it('prints its usage', async () => {
  const { code, stdout } = await run(['--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: npm run demo\n/);
});

const FRAMEIO_CLIENT_ID = 'nightly-ingest.fictional';
const FRAMEIO_CLIENT_SECRET = 'client-secret.fictional.nightly-ingest';

it.each([
  {
    when: 'it gets an unknown argument',
    args: ['--fast'],
    env: {},
    sentence: 'The demo has no argument "--fast". Run it without arguments, or with --help.',
  },
  {
    when: 'a client ID is set without its secret',
    args: [],
    env: { FRAMEIO_CLIENT_ID },
    sentence:
      'FRAMEIO_CLIENT_SECRET is not set. Set both for the real Adobe IMS, or neither for a server on this machine.',
  },
  {
    when: 'Adobe has no such environment',
    args: [],
    env: { FRAMEIO_CLIENT_ID, FRAMEIO_CLIENT_SECRET, FRAMEIO_IMS_ENVIRONMENT: 'moon' },
    sentence: 'FRAMEIO_IMS_ENVIRONMENT must be "production" or "stage"; the default is production.',
  },
  {
    when: 'there is no network to the real Adobe IMS',
    args: [],
    env: { FRAMEIO_CLIENT_ID, FRAMEIO_CLIENT_SECRET },
    sentence:
      'The host name in ims-na1.adobelogin.com could not be resolved (ENOTFOUND). Check its spelling and the DNS.',
  },
])('ends with one clear sentence when $when', async ({ args, env, sentence }) => {
  const { code, stderr } = await run(args, env);
  expect({ code, stderr }).toEqual({ code: 1, stderr: `\n${sentence}\n` });
});
