import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { fileStorage } from '@frameio-auth/storage-file';
import { describe, expect, it } from 'vitest';
import { startProcess } from './process.js';
import { scratch } from './scratch.js';

const KEY = 'fictional-session';

/** Returns the versions that a watcher receives, one after the other. */
function hints(storage: TokenStorage): () => Promise<number> {
  const onChange: number[] = [];
  let wake = () => {};
  storage.watch(KEY, (version) => {
    onChange.push(version);
    wake();
  });
  return async () => {
    while (onChange.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return onChange.shift() ?? 0;
  };
}

describe('a hint', () => {
  it('of what one process commits or releases reaches another, which watched before there was anything', async () => {
    const { directory } = await scratch();
    const here = fileStorage({ directory });
    const other = await startProcess();
    const there = other.storage(directory);
    const next = hints(here);
    // A hint that comes before the system watches may be lost, so the first write is repeated.
    let version = 0;
    for (let onChange = 0; onChange === 0; ) {
      const reply = await there.commit(KEY, { value: 'value', expectedVersion: version });
      version = reply.outcome === 'committed' ? reply.version : version;
      onChange = await Promise.race([next(), there.read('another').then(() => 0)]);
    }
    const reply = await there.lease(KEY, { owner: 'one', ttl: 60_000, ifVersion: version });
    if (reply.outcome !== 'granted') throw new Error('The lease was free.');
    await there.release(reply.lease);
    for (let onChange = 0; onChange !== version; ) onChange = await next();
    await here.close();
    await other.kill();
  });
});

describe('a script that is done', () => {
  it('ends, though its storage is open and watched', async () => {
    const { directory } = await scratch();
    const { code, output } = await script(`
      const storage = fileStorage({ directory: ${JSON.stringify(directory)} });
      storage.watch('fictional-session', () => {});
      const { outcome } = await storage.commit('fictional-session', { value: 'value', expectedVersion: 0 });
      console.log(outcome);
    `);
    expect({ code, output }).toStrictEqual({ code: 0, output: 'committed\n' });
  });
});

describe('without a directory', () => {
  const commit = `
    const platform = process.argv[1];
    Object.defineProperty(process, 'platform', { value: platform });
    await fileStorage().commit('fictional-session', { value: 'value', expectedVersion: 0 }).then(
      ({ outcome }) => console.log(outcome),
      ({ name, code, message }) => console.log(name, code, message),
    );
  `;

  it.each([
    ['linux', 'data', '.local/share/frameio-auth', {}],
    ['linux', 'XDG_DATA_HOME', 'elsewhere/frameio-auth', { XDG_DATA_HOME: 'elsewhere' }],
    ['darwin', 'Library', 'Library/Application Support/frameio-auth', {}],
    ['win32', 'LOCALAPPDATA', 'Local/frameio-auth/Data', { LOCALAPPDATA: 'Local' }],
  ])('on %s, by its %s, files are in %s', async (platform, _, place, places) => {
    const { root } = await scratch();
    const absolute = Object.fromEntries(Object.entries(places).map(([name, path]) => [name, join(root, path)]));
    const { output } = await script(commit, [platform], { HOME: root, XDG_DATA_HOME: '', ...absolute });
    expect(output).toBe('committed\n');
    expect((await readdir(join(root, place))).filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(1);
  });

  it('a place that is no absolute path is refused, and none is guessed', async () => {
    const { output } = await script(commit, ['linux'], { XDG_DATA_HOME: 'relative' });
    expect(output).toContain('StorageError no_default_directory');
    expect(output).toContain('fileStorage({ directory })');
  });
});

/** Runs a program with the built package to its end. */
async function script(code: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const program = `import { fileStorage } from '@frameio-auth/storage-file';\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, '--', ...args], {
    cwd: new URL('.', import.meta.url),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code: exitCode as number, output };
}
