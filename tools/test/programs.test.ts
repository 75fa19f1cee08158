import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bringPrograms, type ProgramName } from '../programs.mjs';
import { Trouble } from '../trouble.mjs';

let folder: string;
let env: NodeJS.ProcessEnv;

// A machine with nothing on its PATH but what a test lays there.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frameio-auth-programs-'));
  env = { PATH: folder };
});

afterEach(() => rm(folder, { recursive: true }));

async function lay(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

const says = (version: string) => `echo '${version} sha=00000000:0 malloc=libc bits=64 build=0'`;
const redis = says('Redis server v=7.0.15');
const chromium = "echo 'Chromium 156.0.8078.79 built on Debian GNU/Linux'";

const root = { platform: 'linux', uid: 0 };

/** Brings the programs, and gives the names of the steps that it took. */
async function bring(host = root, names: readonly ProgramName[] = ['redis']): Promise<string[]> {
  const steps: string[] = [];
  const step = (what: string, work: () => Promise<void>) => {
    steps.push(what);
    return work();
  };
  await bringPrograms(names, env, step, host);
  return steps;
}

/** A stand-in for apt-get, which notes what it is told and then does as `install` says. */
function layAptGet(install: string): Promise<string> {
  return lay(
    'apt-get',
    `[ "$1" = --version ] && exit 0
echo "$DEBIAN_FRONTEND $RUNLEVEL $*" >> '${folder}/told'
[ "$1" = update ] && { : > '${folder}/updated'; exit 0; }
${install}`,
  );
}

const told = () => readFile(join(folder, 'told'), 'utf8');

const installation = 'noninteractive 1 install -y --no-install-recommends redis-server\n';
const lays = (name = 'redis-server', script = redis) =>
  `printf '#!/bin/sh\\n%s\\n' "${script}" > '${folder}/${name}'; /bin/chmod +x '${folder}/${name}'`;

describe('a Redis server that is there', () => {
  it.each([
    ['redis-server', redis],
    ['redis-server', says('Redis server v=8.2.1')],
    ['valkey-server', says('Valkey server v=9.0.0')],
    ['valkey-server', says('Valkey server v=10.0.0')],
  ])('is used: %s (%s)', async (name, script) => {
    await lay(name, script);

    expect(await bring()).toEqual([]);
  });

  it('is used where REDIS_SERVER names it', async () => {
    env['REDIS_SERVER'] = await lay('mine', redis);

    expect(await bring()).toEqual([]);
  });
});

describe('a Chromium that is there', () => {
  it.each([
    ['chromium-headless-shell', "echo 'Chromium 156.0.8078.79'"],
    ['chromium', `echo 'launcher: a remark' >&2; ${chromium}`],
    ['chromium-browser', "echo 'Chromium 120.0.6099.71 snap'"],
    ['google-chrome', "echo 'Google Chrome 156.0.8078.79 '"],
    ['google-chrome-stable', "echo 'Google Chrome 156.0.8078.79 '"],
  ])('is used: %s (%s)', async (name, script) => {
    await lay(name, script);

    expect(await bring(root, ['chromium'])).toEqual([]);
  });

  it('is used where CHROMIUM names it', async () => {
    env['CHROMIUM'] = await lay('mine', chromium);

    expect(await bring(root, ['chromium'])).toEqual([]);
  });
});

describe('programs that are missing', () => {
  it('are installed together', async () => {
    await layAptGet(`${lays()}; ${lays('chromium-headless-shell', chromium)}`);

    expect(await bring(root, ['redis', 'chromium'])).toEqual(['Installing redis-server and chromium-headless-shell']);
    expect(await told()).toBe(`${installation.trim()} chromium-headless-shell\n`);
  });

  it('are installed without those that are there', async () => {
    await lay('redis-server', redis);
    await layAptGet(lays('chromium-headless-shell', chromium));

    expect(await bring(root, ['redis', 'chromium'])).toEqual(['Installing chromium-headless-shell']);
  });

  it('are named, each in a sentence', async () => {
    await expect(bring(root, ['redis', 'chromium'])).rejects.toThrow(
      /^It takes a Redis server .*\nIt takes a Chromium or Chrome, and this machine has none: install chromium-headless-shell, chromium or google-chrome, or name the program in the environment variable CHROMIUM, and run it again\.$/,
    );
  });
});

describe('a Redis server that is missing', () => {
  it('is installed by root on Debian, without questions and without a service', async () => {
    await layAptGet(lays());

    expect(await bring()).toEqual(['Installing redis-server']);
    expect(await told()).toBe(installation);
  });

  it('is installed with fresh lists of packages where there are none', async () => {
    await layAptGet(`[ -e '${folder}/updated' ] || exit 100\n${lays()}`);

    expect(await bring()).toEqual(['Installing redis-server']);
    expect(await told()).toBe(`${installation}noninteractive 1 update\n${installation}`);
  });
});

describe('one sentence says what to install', () => {
  const sentence =
    'It takes a Redis server of 7.0 or newer, and this machine has none: install redis-server or valkey-server, 7.0 or newer, or name the program in the environment variable REDIS_SERVER, and run it again.';

  it('when the package manager fails, after what that one said', async () => {
    await layAptGet('echo "E: Unable to locate package redis-server"; exit 100');

    const trouble = await bring().catch((error: unknown) => error);

    expect(trouble).toBeInstanceOf(Trouble);
    expect(trouble).toMatchObject({ message: sentence, output: 'E: Unable to locate package redis-server' });
  });

  it.each([
    ['to somebody who is not root', { platform: 'linux', uid: 1000 }],
    ['on another system', { platform: 'darwin', uid: 0 }],
  ])('%s', async (_to, host) => {
    await layAptGet('exit 1');

    await expect(bring(host)).rejects.toThrow(new Trouble(sentence));
    await expect(told()).rejects.toThrow('ENOENT');
  });

  it('where there is no apt-get', async () => {
    await expect(bring()).rejects.toThrow(new Trouble(sentence));
  });

  it('when the server is too old', async () => {
    await lay('redis-server', says('Redis server v=6.2.14'));

    await expect(bring()).rejects.toThrow(new Trouble(sentence));
  });

  it.each(['/nowhere/redis-server', 'something-else'])(
    'when REDIS_SERVER is %s, and installs nothing',
    async (wish) => {
      await lay('something-else', 'echo something else');
      await layAptGet(lays());
      env['REDIS_SERVER'] = wish;

      await expect(bring()).rejects.toThrow(
        new Trouble(
          `REDIS_SERVER names ${wish}, which is not a Redis server of 7.0 or newer: ${sentence.slice(sentence.indexOf('install'))}`,
        ),
      );
      await expect(told()).rejects.toThrow('ENOENT');
    },
  );
});
