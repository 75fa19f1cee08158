import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandError } from '../command-error.mjs';
import { ensurePrograms, type ProgramName } from '../programs.mjs';

let folder: string;
let env: NodeJS.ProcessEnv;

// The PATH has only the programs that a test writes there.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frameio-auth-programs-'));
  env = { PATH: folder };
});

afterEach(() => rm(folder, { recursive: true }));

async function writeProgram(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

const says = (version: string) => `echo '${version} sha=00000000:0 malloc=libc bits=64 build=0'`;
const redis = says('Redis server v=7.0.15');
const chromium = "echo 'Chromium 156.0.8078.79 built on Debian GNU/Linux'";

const root = { platform: 'linux', uid: 0 };

/** Ensures the programs, and returns the titles of the steps. */
async function ensure(host = root, names: readonly ProgramName[] = ['redis']): Promise<string[]> {
  const steps: string[] = [];
  const step = (what: string, work: () => Promise<void>) => {
    steps.push(what);
    return work();
  };
  await ensurePrograms(names, env, step, host);
  return steps;
}

/** Writes an apt-get that logs its arguments, and runs the script `install`. */
function writeAptGet(install: string): Promise<string> {
  return writeProgram(
    'apt-get',
    `[ "$1" = --version ] && exit 0
echo "$DEBIAN_FRONTEND $RUNLEVEL $*" >> '${folder}/log'
[ "$1" = update ] && { : > '${folder}/updated'; exit 0; }
${install}`,
  );
}

const log = () => readFile(join(folder, 'log'), 'utf8');

const installation = 'noninteractive 1 install -y --no-install-recommends redis-server\n';
const writes = (name = 'redis-server', script = redis) =>
  `printf '#!/bin/sh\\n%s\\n' "${script}" > '${folder}/${name}'; /bin/chmod +x '${folder}/${name}'`;

describe('a Redis server', () => {
  it.each([
    ['redis-server', redis],
    ['redis-server', says('Redis server v=8.2.1')],
    ['valkey-server', says('Valkey server v=9.0.0')],
    ['valkey-server', says('Valkey server v=10.0.0')],
  ])('is used: %s (%s)', async (name, script) => {
    await writeProgram(name, script);

    expect(await ensure()).toEqual([]);
  });

  it('is used if REDIS_SERVER names it', async () => {
    env['REDIS_SERVER'] = await writeProgram('mine', redis);

    expect(await ensure()).toEqual([]);
  });
});

describe('Chromium', () => {
  it.each([
    ['chromium-headless-shell', "echo 'Chromium 156.0.8078.79'"],
    ['chromium', `echo 'launcher: a remark' >&2; ${chromium}`],
    ['chromium-browser', "echo 'Chromium 120.0.6099.71 snap'"],
    ['google-chrome', "echo 'Google Chrome 156.0.8078.79 '"],
    ['google-chrome-stable', "echo 'Google Chrome 156.0.8078.79 '"],
  ])('is used: %s (%s)', async (name, script) => {
    await writeProgram(name, script);

    expect(await ensure(root, ['chromium'])).toEqual([]);
  });

  it('is used if CHROMIUM names it', async () => {
    env['CHROMIUM'] = await writeProgram('mine', chromium);

    expect(await ensure(root, ['chromium'])).toEqual([]);
  });
});

describe('programs that are missing', () => {
  it('are installed together', async () => {
    await writeAptGet(`${writes()}; ${writes('chromium-headless-shell', chromium)}`);

    expect(await ensure(root, ['redis', 'chromium'])).toEqual(['Installing redis-server and chromium-headless-shell']);
    expect(await log()).toBe(`${installation.trim()} chromium-headless-shell\n`);
  });

  it('are installed without those that the machine has', async () => {
    await writeProgram('redis-server', redis);
    await writeAptGet(writes('chromium-headless-shell', chromium));

    expect(await ensure(root, ['redis', 'chromium'])).toEqual(['Installing chromium-headless-shell']);
  });

  it('are named, each in one sentence', async () => {
    await expect(ensure(root, ['redis', 'chromium'])).rejects.toThrow(
      /^This needs a Redis server.*\nThis needs Chromium or Chrome: install chromium-headless-shell, chromium or google-chrome, or set CHROMIUM to the program, and run the command again\.$/,
    );
  });
});

describe('a Redis server that is missing', () => {
  it('is installed by root on Debian, without questions and without a service', async () => {
    await writeAptGet(writes());

    expect(await ensure()).toEqual(['Installing redis-server']);
    expect(await log()).toBe(installation);
  });

  it('is installed after an update if there are no package lists', async () => {
    await writeAptGet(`[ -e '${folder}/updated' ] || exit 100\n${writes()}`);

    expect(await ensure()).toEqual(['Installing redis-server']);
    expect(await log()).toBe(`${installation}noninteractive 1 update\n${installation}`);
  });
});

describe('one sentence says what to install', () => {
  const sentence =
    'This needs a Redis server, 7.0 or newer: install redis-server or valkey-server, 7.0 or newer, or set REDIS_SERVER to the program, and run the command again.';

  it('after the output of the package manager, if that fails', async () => {
    await writeAptGet('echo "E: Unable to locate package redis-server"; exit 100');

    const error = await ensure().catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ message: sentence, output: 'E: Unable to locate package redis-server' });
  });

  it.each([
    ['if the user is not root', { platform: 'linux', uid: 1000 }],
    ['on another system', { platform: 'darwin', uid: 0 }],
  ])('%s', async (_to, host) => {
    await writeAptGet('exit 1');

    await expect(ensure(host)).rejects.toThrow(new CommandError(sentence));
    await expect(log()).rejects.toThrow('ENOENT');
  });

  it('if there is no apt-get', async () => {
    await expect(ensure()).rejects.toThrow(new CommandError(sentence));
  });

  it('if the server is too old', async () => {
    await writeProgram('redis-server', says('Redis server v=6.2.14'));

    await expect(ensure()).rejects.toThrow(new CommandError(sentence));
  });

  it.each(['/nowhere/redis-server', 'something-else'])('if REDIS_SERVER is %s, and installs nothing', async (named) => {
    await writeProgram('something-else', 'echo something else');
    await writeAptGet(writes());
    env['REDIS_SERVER'] = named;

    await expect(ensure()).rejects.toThrow(
      new CommandError(
        `REDIS_SERVER is ${named}, which is not a Redis server, 7.0 or newer: ${sentence.slice(sentence.indexOf('install'))}`,
      ),
    );
    await expect(log()).rejects.toThrow('ENOENT');
  });
});
