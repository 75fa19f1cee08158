/** What a session means for the process it runs in: real child processes, on the built packages. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type AuthorizationServer, fault, startAuthorizationServer } from '@frameio-auth/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Scripts run in the folder of the package that has their dependencies. */
const HERE = fileURLToPath(new URL('../', import.meta.url));

let server: AuthorizationServer;

beforeAll(async () => {
  // Where the packages are built already, this changes nothing.
  const build = await node(ROOT, ['node_modules/typescript/bin/tsc', '-b', 'packages/transport-fetch']);
  expect(build).toEqual({ code: 0, output: '', errors: '' });
  server = await startAuthorizationServer();
});
beforeEach(() => {
  server.faults.clear();
  server.clearRequests();
});
afterAll(() => server.close());

interface Ending {
  /** 13, when a script waits at its top level for what will never come. */
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

function node(cwd: string, parameters: readonly string[]): Promise<Ending> {
  return new Promise((resolve, reject) => {
    // What keeps a process for longer than this keeps it for ever.
    const child = spawn(process.execPath, parameters, { cwd, timeout: 120_000 });
    const said = { output: '', errors: '' };
    child.stdout.on('data', (data) => {
      said.output += data;
    });
    child.stderr.on('data', (data) => {
      said.errors += data;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...said }));
  });
}

/** Runs a script that has an `auth` for the local server, with the longest possible delays. */
function script(lines: string): Promise<Ending> {
  const { clientId, clientSecret } = server.clients.serverToServer;
  const program = `
    import { adobeIms, ServerToServerAuth } from '@frameio-auth/core';
    import { fetchTransport } from '@frameio-auth/transport-fetch';
    const auth = new ServerToServerAuth({
      ...${JSON.stringify({ clientId, clientSecret })},
      server: adobeIms({ origin: ${JSON.stringify(server.origin)} }),
      transport: fetchTransport(),
      entropy: (length) => new Uint8Array(length).fill(255),
    });
    ${lines}`;
  return node(HERE, ['--input-type=module', '--eval', program]);
}

it('lets a script end that is done, although the timer of the next refresh runs', async () => {
  const ending = await script('const token = await auth.getToken(); console.log(token.length > 20);');
  expect(ending).toEqual({ code: 0, output: 'true\n', errors: '' });
});

it('keeps a script that waits for a token, although nothing but a break is in progress', async () => {
  server.faults.next('token', fault.status(503));
  const ending = await script('const token = await auth.getToken(); console.log(token.length > 20);');
  expect(ending).toEqual({ code: 0, output: 'true\n', errors: '' });
  expect(server.count({ endpoint: 'token' })).toBe(2);
});

it('lets a script end that is not waiting any more, although a break is in progress', async () => {
  server.faults.always('token', fault.status(503));
  const ending = await script(`
    const abortion = new AbortController();
    auth.subscribe(({ step }) => step.endsWith('backingOff') && abortion.abort());
    console.log(await auth.getToken({ signal: abortion.signal }).catch(({ name }) => name), auth.snapshot.step);`);
  expect(ending).toEqual({ code: 0, output: 'AbortError authorizing.backingOff\n', errors: '' });
  expect(server.count({ endpoint: 'token' })).toBe(1);
});

it('lets a script end that closed its session, with all that waited rejected', async () => {
  server.faults.always('token', fault.status(503));
  const ending = await script(`
    const waiting = auth.getToken().catch(({ code }) => code);
    auth.subscribe(({ step }) => step.endsWith('backingOff') && auth.close());
    console.log(await waiting);`);
  expect(ending).toEqual({ code: 0, output: 'session_closed\n', errors: '' });
});

it('lets a script with sessions that are kept alive end, before the first check and after it', async () => {
  const { clientId, clientSecret, redirectUri } = server.clients.webApp;
  const program = (line: string) => `
    import { adobeIms, WebAppAuth } from '@frameio-auth/core';
    let looks = 0;
    const auth = new WebAppAuth({
      ...${JSON.stringify({ clientId, clientSecret, redirectUri })},
      server: { ...adobeIms(), refreshTokenLifetime: 10 },
      transport: fetch,
      keepAlive: true,
      storage: {
        lease: async () => { looks += 1; throw new Error('away'); },
        ...Object.fromEntries(['read', 'renew', 'release', 'commit', 'due', 'watch'].map((name) => [name, () => {}])),
      },
      entropy: (length) => new Uint8Array(length),
    });
    ${line}`;
  const run = (line: string) => node(HERE, ['--input-type=module', '--eval', program(line)]);
  expect(await run("console.log('done')")).toEqual({ code: 0, output: 'done\n', errors: '' });
  const wait = "while (looks === 0) await new Promise((resolve) => setTimeout(resolve, 20)); console.log('looked');";
  expect(await run(wait)).toEqual({ code: 0, output: 'looked\n', errors: '' });
});
