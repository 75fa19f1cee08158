// The program of `npm test`: starts the application as `npm start` does, signs a user in over HTTPS, and signs her out.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startAuthorizationServer } from '@frameio-auth/testing';

/** The parts of a browser that are needed: keeps cookies, and says where its requests come from. */
class Browser {
  readonly #home: string;
  readonly #cookies = new Map<string, string>();

  constructor(home: string) {
    this.#home = home;
  }

  async open(address: string, method = 'GET'): Promise<{ status: number; location: string; content: string }> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { cookie, accept: 'text/html,*/*', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' };
    const options = { method, headers, agent: false, rejectUnauthorized: false };
    const [answer] = (await once(request(new URL(address, this.#home), options).end(), 'response')) as [
      IncomingMessage,
    ];
    for (const set of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*);/.exec(set) ?? [];
      this.#cookies.set(name, value);
    }
    return { status: answer.statusCode ?? 0, location: answer.headers.location ?? '', content: await text(answer) };
  }
}

/** Resolves to a free port. */
async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

/** Resolves to the application's address, once it is printed. */
async function homeOf(application: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: application.stdout as NodeJS.ReadableStream })) {
    const [, home] = /^The application is at (\S+),/.exec(line) ?? [];
    if (home !== undefined) return home;
  }
  throw new Error('The application did not start.');
}

const local = await startAuthorizationServer({ allowHttpRedirects: false });
const { clientId, clientSecret } = local.clients.webApp;
const application = spawn(process.execPath, [fileURLToPath(new URL('main.js', import.meta.url))], {
  env: {
    PORT: String(await freePort()),
    FRAMEIO_CLIENT_ID: clientId,
    FRAMEIO_CLIENT_SECRET: clientSecret,
    FRAMEIO_LOCAL: local.origin,
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = once(application, 'close');
try {
  const home = await homeOf(application);
  application.stdout?.resume();
  const mara = new Browser(home);
  assert.match((await mara.open('/')).content, /Sign in with Adobe/);
  const { location: login } = await mara.open('/profile');
  const callback = await local.signIn((await mara.open(login)).location);

  assert.equal((await new Browser(home).open(callback)).status, 401, 'the callback is worth nothing elsewhere');
  assert.equal((await mara.open(callback)).location, '/profile');
  assert.match((await mara.open('/profile')).content, /Hello, Mara Editor.+Studio Example/s);
  console.log('signed in');

  assert.equal(JSON.parse((await mara.open('/health')).content).status, 'ok');
  assert.ok('/api/profile' in JSON.parse((await mara.open('/docs-json')).content).paths);
  console.log('healthy, and described');

  assert.equal((await mara.open('/auth/frameio/logout', 'POST')).location, '/');
  assert.equal((await mara.open('/profile')).status, 303);
  console.log('signed out');
} finally {
  application.kill();
  await ended;
  await local.close();
}
