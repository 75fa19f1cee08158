import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;

const parts = ['tools', 'package.json'];

// A repository with only the tools, on a machine with an empty PATH.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frameio-auth-toolchain-'));
  for (const part of parts) await cp(join(root, part), join(folder, part), { recursive: true });
});

afterEach(async () => {
  const others = (await readdir(folder)).filter((name) => !parts.includes(name));
  await Promise.all(others.map((name) => rm(join(folder, name), { recursive: true })));
});

afterAll(() => rm(folder, { recursive: true }));

function start(
  args: string[],
  env: NodeJS.ProcessEnv,
  flags: string[] = [],
): { child: ChildProcess; run: Promise<Run> } {
  const child = spawn(process.execPath, [...flags, join(folder, 'tools/run.mjs'), ...args], {
    env: { PATH: '', HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const run = Promise.all([ended, text(child.stdout), text(child.stderr)]).then(([code, stdout, stderr]) => ({
    code,
    stdout,
    stderr,
  }));
  return { child, run };
}

const dev = ['--tools', 'pnpm', '--version'];

/** Writes an npm that runs the script `body`, and counts its runs. */
async function npmThat(body: string): Promise<NodeJS.ProcessEnv> {
  const program = join(folder, 'npm-cli.js');
  await writeFile(join(folder, 'runs'), '');
  await writeFile(
    program,
    `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
    appendFileSync(${JSON.stringify(join(folder, 'runs'))}, 'run ');
    ${body}`,
  );
  return { npm_execpath: program };
}

/** Writes a program where pnpm's package has one. */
const installs = `
  const spec = process.argv.at(-1);
  const home = process.argv[process.argv.indexOf('--prefix') + 1] + '/node_modules/' + spec.slice(0, spec.lastIndexOf('@'));
  mkdirSync(home, { recursive: true });
  writeFileSync(home + '/pnpm', '#!/bin/sh\\necho from the registry', { mode: 0o755 });
`;

const runs = () => readFile(join(folder, 'runs'), 'utf8');

describe('a missing tool', () => {
  it('is fetched once, and then used without the registry', async () => {
    const env = await npmThat(installs);

    const first = await start(dev, env).run;
    const second = await start(dev, env).run;

    expect(first.stdout).toBe('from the registry\n');
    expect(first.stderr).toMatch(/^Fetching pnpm \S+ \(first run only\) … \d+\.\d s\n$/);
    expect(second).toEqual({ code: 0, stdout: 'from the registry\n', stderr: '' });
    expect(await runs()).toBe('run ');
  });

  it('is fetched once when two runs start at once', async () => {
    const env = await npmThat(installs);

    const both = await Promise.all([start(dev, env).run, start(dev, env).run]);

    expect(both.map(({ stdout }) => stdout)).toEqual(['from the registry\n', 'from the registry\n']);
    expect(await runs()).toBe('run ');
  });

  it('is fetched again after an interruption', async () => {
    const slow = await npmThat(`${installs} setInterval(() => {}, 1000);`);
    const { child, run } = start(dev, slow);
    await expect.poll(runs).toBe('run ');
    child.kill('SIGTERM');
    const interrupted = await run;

    expect(interrupted.code).toBe(143);
    expect(interrupted.stderr).toMatch(/failed\nInterrupted\.\n$/);
    expect(await readdir(join(folder, '.toolchain'))).toEqual([]);
    expect((await start(dev, await npmThat(installs)).run).stdout).toBe('from the registry\n');
  });

  it('is fetched although a dead run left its lock', async () => {
    const { child, run } = start([], {});
    await run;
    await mkdir(join(folder, '.toolchain'));
    await writeFile(join(folder, '.toolchain/lock'), String(child.pid));

    expect((await start(dev, await npmThat(installs)).run).stdout).toBe('from the registry\n');
  });
});

describe('one sentence says what to do', () => {
  it('if the registry does not answer', async () => {
    const server = createServer();
    const port = await new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    await new Promise((resolve) => server.close(resolve));
    await writeFile(join(folder, 'pnpm'), '#!/bin/sh\necho 1.0.0\n', { mode: 0o755 });
    const env = {
      PATH: `${folder}:${process.env['PATH']}`,
      npm_config_cache: join(folder, 'cache'),
      npm_config_fetch_retries: '0',
      npm_config_registry: `http://127.0.0.1:${port}/`,
    };

    const { code, stdout, stderr } = await start(dev, env).run;

    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^Fetching .* … failed\nThe package registry cannot be reached: check .* run the command again\.\n$/,
    );
  });

  const failures = [
    ['the disk is full', 'npm error code ENOSPC', 'The disk is full: make room'],
    ['the folder is not writable', "npm error code EACCES mkdir '/x'", 'A file or folder is not writable'],
    ['the registry lacks the version', 'npm error code ETARGET', 'The package registry of your npm settings lacks'],
  ] as const;

  it.each(failures)('if %s', async (_what, output, advice) => {
    const env = await npmThat(`console.error(${JSON.stringify(output)}); process.exitCode = 1;`);

    const { code, stderr } = await start(dev, env).run;

    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^Fetching .* … failed\\n${advice}.* run the command again\\.\\n$`));
  });

  it('if the tool of the registry does not run on this machine', async () => {
    const env = await npmThat(installs.replace('#!/bin/sh', '#!/nowhere'));

    const { code, stderr } = await start(dev, env).run;

    expect(code).toBe(1);
    expect(stderr).toMatch(/\nThe registry's pnpm does not run here: install Node 24 and pnpm 12 yourself .*\n$/);
  });

  it('if there is no npm', async () => {
    const { code, stderr } = await start(dev, {}).run;

    expect(code).toBe(1);
    expect(stderr).toMatch(
      /failed\nThere is no command npm\.\n\nnpm could not install pnpm .* run the command again\.\n$/,
    );
  });

  it('if Node is too old', async () => {
    const old = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"18.20.0"}})';

    expect(await start(dev, {}, ['--import', old]).run).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Node 18.20.0 is too old. Install Node 20 or newer, and run the command again.\n',
    });
  });

  it('if there is no such command', async () => {
    const { code, stderr } = await start(['--tools', 'tset'], await npmThat(installs)).run;

    expect(code).toBe(127);
    expect(stderr).toMatch(/\nThere is no command tset\.\n$/);
  });

  it('if there is no command', async () => {
    expect(await start(['--tools'], {}).run).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Name a command: `npm run dev -- <command>`.\n',
    });
  });
});

describe('a command that runs in the toolchain', () => {
  it('passes on its exit code', async () => {
    const env = await npmThat(installs);

    expect((await start(['--tools', process.execPath, '-e', 'process.exit(5)'], env).run).code).toBe(5);
  });

  it('gets the signal, and decides how it ends', async () => {
    const listens = 'process.on("SIGINT", () => process.exit(7)); console.log("ready"); setInterval(() => {}, 1000)';
    const { child, run } = start(['--tools', process.execPath, '-e', listens], await npmThat(installs));
    await new Promise((resolve) => child.stdout?.once('data', resolve));

    child.kill('SIGINT');

    expect((await run).code).toBe(7);
  });
});
