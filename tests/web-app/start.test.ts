import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Mistake, requestOf } from '../../examples/web-app/src/command-line.js';

// The application starts as `npm start` in its folder starts it: by Node alone, on the built packages.
const main = fileURLToPath(new URL('../../examples/web-app/src/main.ts', import.meta.url));

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const { NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    env: { NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill());
  return child;
}

/** Reads the first two lines of a program that continues to run, with its address and its sign-in address. */
async function placesOf(child: ChildProcess): Promise<{ home: string; server: string }> {
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    if (said.push(line) === 2) break;
  }
  const [home = '', server = ''] = said.map((line) => line.replace(/^.* at /, ''));
  return { home, server };
}

async function redirectOf(address: string): Promise<string | undefined> {
  const [answer] = await once(request(address, { rejectUnauthorized: false, agent: false }).end(), 'response');
  answer.resume();
  return answer.headers.location;
}

const account = {
  FRAMEIO_CLIENT_ID: 'review-portal.fictional',
  FRAMEIO_CLIENT_SECRET: 'client-secret.fictional.review-portal',
  FRAMEIO_REDIRECT_URI: 'https://localhost:0/callback',
};

describe('the web application', () => {
  it('starts with a server on this machine when nothing is configured', async () => {
    const { home, server } = await placesOf(start(['--port', '0']));

    expect(server).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await redirectOf(`${home}/login`)).toContain(`${server}/ims/authorize/v2?`);
  });

  it('signs in at the real Adobe IMS with an account, and comes back to its redirect URI', async () => {
    const { home, server } = await placesOf(start(['--framework', 'hono'], account));

    expect(server).toBe('https://ims-na1.adobelogin.com');
    const { origin, searchParams } = new URL((await redirectOf(`${home}/login`)) ?? '');
    expect(origin).toBe(server);
    expect(searchParams.get('client_id')).toBe(account.FRAMEIO_CLIENT_ID);
    expect(searchParams.get('redirect_uri')).toBe(`${home}/callback`);
  });

  it('says that its port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;

    const child = start(['--port', String(port)]);
    const [stderr, [code]] = await Promise.all([text(child.stderr as NodeJS.ReadableStream), once(child, 'close')]);

    expect(stderr).toBe(`Port ${port} is in use: end what uses it, or choose another one.\n`);
    expect(code).toBe(1);
  });

  it('is Express at port 8443 unless something else is asked for', () => {
    expect(requestOf([], {})).toEqual({ framework: 'express', redirectUri: 'https://localhost:8443/callback' });
  });

  it.each([
    {
      when: 'the framework is one that it does not have',
      args: ['--framework', 'koa'],
      env: {},
      sentence: 'There is no application for "koa": express, fastify, hono.',
    },
    {
      when: 'the port is none',
      args: ['--port', '99999'],
      env: {},
      sentence: '"99999" is not a port. Give a number up to 65535, or 0 for a free one.',
    },
    {
      when: 'half of an account is set',
      args: [],
      env: { FRAMEIO_CLIENT_ID: account.FRAMEIO_CLIENT_ID },
      sentence:
        'Set FRAMEIO_CLIENT_SECRET and FRAMEIO_REDIRECT_URI too, for the real Adobe IMS. Or none of FRAMEIO_CLIENT_ID, FRAMEIO_CLIENT_SECRET, FRAMEIO_REDIRECT_URI, for a server on this machine.',
    },
    {
      when: 'the redirect URI is somewhere else',
      args: [],
      env: { ...account, FRAMEIO_REDIRECT_URI: 'https://portal.example/callback' },
      sentence:
        'FRAMEIO_REDIRECT_URI must be an https address of this machine with the path /callback, such as https://localhost:8443/callback.',
    },
    {
      when: 'there are two ports',
      args: ['--port', '8443'],
      env: account,
      sentence: 'Leave --port out: FRAMEIO_REDIRECT_URI says the port.',
    },
  ])('says in one sentence what to do when $when', ({ args, env, sentence }) => {
    expect(() => requestOf(args, env)).toThrow(new Mistake(sentence));
  });
});
