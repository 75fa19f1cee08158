// Installs the packed packages and Next.js in a temporary folder, builds and starts a small application there, and signs a
// user in and out. Run it by hand after a build, because it takes a minute: npm run dev -- node tests/next/check.ts
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startAuthorizationServer } from '@frameio-auth/testing';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = await mkdtemp(join(tmpdir(), 'frameio-auth-next-'));

/** Runs a command to its end. */
async function run(command: string, args: readonly string[], cwd = home): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: 'inherit', env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } });
  assert.deepEqual(await once(child, 'exit'), [0, null], `${command} ${args[0]}`);
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

await cp(join(root, 'tests/next/application'), home, { recursive: true });
for (const name of ['core', 'sign-in', 'transport-fetch']) {
  await run('pnpm', ['pack', '--pack-destination', join(home, 'packed')], join(root, 'packages', name));
}
const packed = (await readdir(join(home, 'packed'))).map((name) => `./packed/${name}`);
const flags = ['--no-audit', '--no-fund', '--loglevel=error'];
await run('npm', ['install', ...flags, ...packed]);

// Without any of the variables, because nothing may be read when a module loads.
await run('npx', ['next', 'build']);

const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const server = await startAuthorizationServer();
const { clientId, clientSecret } = server.clients.webApp;
const next = join(home, 'node_modules/next/dist/bin/next');
const running = spawn(process.execPath, [next, 'start', '--hostname', '127.0.0.1', '--port', String(port)], {
  cwd: home,
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    PATH: process.env['PATH'],
    API: server.origin,
    CLIENT_ID: clientId,
    CLIENT_SECRET: String(clientSecret),
    REDIRECT_URI: `${origin}/auth/frameio/callback`,
    COOKIE_KEY: randomBytes(32).toString('base64'),
    NEXT_TELEMETRY_DISABLED: '1',
  } as NodeJS.ProcessEnv,
});
try {
  await new Promise<void>((resolve, reject) => {
    // Read to its end, because Next.js could not write its log otherwise.
    running.stdout.on('data', (text) => String(text).includes('Ready') && resolve());
    running.once('exit', (code) => reject(new Error(`next start ended with code ${code}.`)));
  });

  const cookies = new Map<string, string>();
  const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' };
  const ask = async (address: string, method = 'GET', headers: Record<string, string> = page) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    // Not by `fetch`, which sends a `Sec-Fetch-Mode` of its own.
    const sent = request(new URL(address, origin), { method, headers: { cookie, ...headers }, agent: false }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    for (const set of response.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (set.includes('Max-Age=0')) cookies.delete(name);
      else cookies.set(name, value);
    }
    return { status: response.statusCode, location: response.headers.location ?? '', text: await text(response) };
  };

  assert.match((await ask('/')).text, /Welcome</);
  const guarded = await ask('/guarded?page=2');
  assert.equal(new URL(guarded.location, origin).href, `${origin}/auth/frameio/login?returnTo=%2Fguarded%3Fpage%3D2`);
  assert.equal((await ask('/guarded', 'GET', { accept: '*/*' })).status, 401);
  assert.equal((await ask('/reviews')).location, '/auth/frameio/login?returnTo=%2Freviews');
  assert.equal((await ask('/auth/frameio/login', 'HEAD')).status, 204);
  assert.equal((await ask('/auth/frameio/other')).status, 404);

  const login = await ask(guarded.location);
  const callback = await server.signIn(login.location);
  const kept = new Map(cookies);
  cookies.clear();
  assert.equal((await ask(callback)).status, 401, 'a callback is for the browser that began');
  for (const [name, value] of kept) cookies.set(name, value);
  assert.equal((await ask(callback)).location, '/guarded?page=2');
  assert.match((await ask('/guarded')).text, /Behind the proxy/);
  assert.match((await ask('/reviews')).text, /Reviews of Mara/);
  assert.match((await ask('/')).text, /Welcome back/);

  const foreign = await ask('/auth/frameio/logout', 'POST', { ...page, 'sec-fetch-site': 'cross-site' });
  assert.equal(foreign.status, 403);
  assert.equal((await ask('/auth/frameio/logout', 'POST')).location, '/');
  assert.equal((await ask('/reviews')).location, '/auth/frameio/login?returnTo=%2Freviews');
  console.log('Next.js: built, started, signed in, and signed out');
} finally {
  running.kill();
  await server.close();
  await rm(home, { recursive: true });
}
