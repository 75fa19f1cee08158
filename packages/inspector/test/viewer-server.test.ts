import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ConfigurationError } from '@frameio-auth/core';
import { type LocalInspector, localInspector, type StatelyInspector, statelyInspector } from '@frameio-auth/inspector';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { admitted, ask, streamOf } from './page-request.js';

let stately: StatelyInspector;
let origin: string;
let cookie: string;

beforeEach(async () => {
  stately = statelyInspector();
  ({ origin, cookie } = await admitted(await stately.url()));
});
afterEach(() => stately.close());

const PAGES = ['/', '/events', '/machine.json', '/viewer/bridge.js'];

describe('a link', () => {
  it('is exchanged for a cookie of this browser, which no other site can use', async () => {
    const { status, headers, body } = await ask(await stately.url());
    expect(status).toBe(200);
    const { port } = new URL(origin);
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(new RegExp(`^frameio-inspector-${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`)),
    ]);
    // The page itself immediately continues to one without the token.
    expect(body).toContain('<meta http-equiv="refresh" content="0; url=/">');
    expect(headers['referrer-policy']).toBe('no-referrer');
  });

  it('works once, and rejects the second use', async () => {
    const link = await stately.url();
    expect((await ask(link)).status).toBe(200);
    const second = await ask(link);
    expect(second.status).toBe(403);
    expect(second.headers['set-cookie']).toBe(undefined);
  });

  it('is another one each time, and each works', async () => {
    const links = [await stately.url(), await stately.url()];
    expect(new Set(links).size).toBe(2);
    expect(await Promise.all(links.map(async (link) => (await ask(link)).status))).toEqual([200, 200]);
  });

  it('is rejected when its token is wrong', async () => {
    const link = await stately.url();
    const wrong = ['', 'wrong', link.slice(-43, -1), `${link.slice(-43)}A`];
    for (const token of wrong) {
      const { status, headers } = await ask(`${origin}/?token=${token}`, { headers: { cookie } });
      expect([token, status, headers['set-cookie']]).toEqual([token, 403, undefined]);
    }
    expect((await ask(link)).status).toBe(200);
  });

  it('may be followed from a page of another site, since its token tells who was given it', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask(await stately.url(), { headers })).status).toBe(200);
  });
});

describe('the server', () => {
  it('shows the page, the chart and the stream to a browser with the cookie', async () => {
    const page = await ask(origin, { headers: { cookie, 'sec-fetch-site': 'none' } });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const chart = await ask(`${origin}/machine.json`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    expect(JSON.parse(chart.body).id).toBe('session');
    const first = await streamOf(await stately.url()).next();
    expect(first.value).toMatchObject({ event: 'hello', data: { instance: stately.instance } });
  });

  it.each([
    ['no cookie', {}],
    ['an empty cookie', { cookie: '' }],
    ['a wrong cookie', { cookie: `frameio-inspector-0=${'A'.repeat(43)}` }],
  ])('shows nothing to a browser with %s', async (_what, headers) => {
    for (const page of PAGES) expect([page, (await ask(origin + page, { headers })).status]).toEqual([page, 403]);
  });

  it('shows nothing to a browser with the cookie of another inspector', async () => {
    await using other = statelyInspector();
    const { cookie: foreign } = await admitted(await other.url());
    const value = foreign.split('=')[1];
    const renamed = `${cookie.split('=')[0]}=${value}`;
    for (const page of PAGES) {
      expect((await ask(origin + page, { headers: { cookie: renamed } })).status).toBe(403);
    }
  });

  it.each([
    ['a name that was made to point here', 'rebound.example'],
    ['the same, with the port', 'rebound.example:PORT'],
    ['another port', '127.0.0.1:1'],
    ['no port', '127.0.0.1'],
    ['another address of this machine', '0.0.0.0:PORT'],
    ['a name that begins like this machine', 'localhost.example:PORT'],
  ])('rejects requests with the Host %s, even with cookie and token', async (_what, name) => {
    const host = name.replace('PORT', new URL(origin).port);
    for (const page of PAGES) {
      expect((await ask(origin + page, { headers: { cookie, host } })).status).toBe(421);
    }
    const link = await stately.url();
    expect((await ask(link, { headers: { host } })).status).toBe(421);
    expect((await ask(link)).status).toBe(200);
  });

  it.each([
    ['another site', 'https://elsewhere.example'],
    ["Stately's site", 'https://stately.ai'],
    ['another port of this machine', 'http://127.0.0.1:1'],
    ['no site that it would name', 'null'],
    ['this address, but over TLS', 'https://127.0.0.1:PORT'],
  ])('rejects requests of pages of %s, and allows them nothing', async (_what, page) => {
    const from = page.replace('PORT', new URL(origin).port);
    for (const path of PAGES) {
      const { status, headers } = await ask(origin + path, { headers: { cookie, origin: from } });
      expect([status, headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
    const preflight = await ask(`${origin}/events`, {
      method: 'OPTIONS',
      headers: {
        origin: from,
        'access-control-request-method': 'GET',
        'access-control-request-private-network': 'true',
      },
    });
    expect(preflight.status).toBe(403);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each(['cross-site', 'same-site'])('rejects requests that a browser calls %s', async (site) => {
    for (const page of PAGES) {
      expect((await ask(origin + page, { headers: { cookie, 'sec-fetch-site': site } })).status).toBe(403);
    }
  });

  it('listens on 127.0.0.1, and at no other address of this machine', async () => {
    const external = Object.values(networkInterfaces()).flatMap((all = []) => all.filter(({ internal }) => !internal));
    // On Linux, all of 127.0.0.0/8 is this machine.
    const further = ['::1', ...(process.platform === 'linux' ? ['127.0.0.2'] : [])];
    const addresses = [...further, ...external.filter(({ scopeid }) => !scopeid).map(({ address }) => address)];
    const reachableAt = async (port: number) => {
      const answers = await Promise.all(addresses.map(async (address) => [address, await isReachable(address, port)]));
      return answers.filter(([, reachable]) => reachable);
    };

    const everywhere = createServer((socket) => socket.end()).listen(0);
    await once(everywhere, 'listening');
    expect((await reachableAt((everywhere.address() as AddressInfo).port)).length).toBeGreaterThan(0);
    everywhere.close();
    expect(await reachableAt(Number(new URL(origin).port))).toEqual([]);
  });

  it('lets the page load nothing from elsewhere, and no other page show it', async () => {
    const { headers } = await ask(origin, { headers: { cookie } });
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
        "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; frame-src https://stately.ai",
    );
    expect(headers).toMatchObject({
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
  });

  it('does nothing but show: other methods, other paths', async () => {
    expect((await ask(origin, { method: 'POST', headers: { cookie } })).status).toBe(405);
    for (const path of ['/viewer/', '/viewer/bridge', '/viewer/constructor', '//viewer/bridge.js']) {
      expect([path, (await ask(origin, { path, headers: { cookie } })).status]).toEqual([path, 404]);
    }
    for (const path of ['http://elsewhere.example/', '*']) {
      expect([path, (await ask(origin, { path, headers: { cookie } })).status]).toEqual([path, 400]);
    }
  });
});

describe('a page of its own', () => {
  let local: LocalInspector;
  beforeEach(() => {
    local = localInspector();
  });
  afterEach(() => local.close());

  it('reaches no file beside those of the viewer', async () => {
    const here = await admitted(await local.url());
    const outside = ['/viewer/../package.json', '/viewer/%2e%2e/package.json', '/viewer/..%2fpackage.json'];
    for (const path of [
      ...outside,
      '/package.json',
      '/viewer/.hidden.js',
      '/viewer//etc/passwd',
      '/viewer/no-such.js',
    ]) {
      const { status } = await ask(here.origin, { path, headers: { cookie: here.cookie } });
      expect([path, status]).toEqual([path, 404]);
    }
  });

  it('takes messages with the token for posting, which shows nothing', async () => {
    const address = new URL(await local.postingUrl());
    const token = address.searchParams.get('token') ?? '';
    const post = (headers: Record<string, string>, body = '{"instance":"far","dropped":0,"messages":[]}') =>
      ask(`${address.origin}/messages`, { method: 'POST', headers, body });
    const authorization = `Bearer ${token}`;
    expect((await post({ authorization })).status).toBe(204);
    expect((await post({})).status).toBe(403);
    expect((await post({ authorization: `Bearer ${token}A` })).status).toBe(403);
    expect((await post({ authorization, origin: address.origin })).status).toBe(403);
    expect((await post({ authorization, host: 'rebound.example' })).status).toBe(421);
    expect((await post({ authorization }, 'no JSON')).status).toBe(400);
    expect((await post({ authorization }, '{"instance":"a/b","dropped":0,"messages":[]}')).status).toBe(400);
    expect((await post({ authorization }, ' '.repeat(2 ** 21 + 1))).status).toBe(413);
    for (const page of PAGES) {
      expect((await ask(`${address.origin}${page}?token=${token}`, { headers: { authorization } })).status).toBe(403);
    }
    const { cookie: looking } = await admitted(await local.url());
    expect((await post({ cookie: looking })).status).toBe(403);
  });

  it('takes none where there is no such token', async () => {
    const headers = { cookie, authorization: 'Bearer ' };
    expect((await ask(`${origin}/messages`, { method: 'POST', headers, body: '{}' })).status).toBe(403);
  });
});

describe('an inspector', () => {
  it('rejects url() if its port is taken', async () => {
    await using second = statelyInspector({ port: Number(new URL(origin).port) });
    await expect(second.url()).rejects.toThrow(ConfigurationError);
    await expect(second.url()).rejects.toThrow('Choose another `port`');
  });

  it.each([
    () => statelyInspector({ port: -1 }),
    () => localInspector({ port: 65_536 }),
    () => localInspector({ instance: 'two words' }),
    () => localInspector({ postingToken: 'too short' }),
    () => localInspector({ viewer: 'no address' }),
    () => localInspector({ viewer: 'http://127.0.0.1:1/messages' }),
    () => localInspector({ viewer: 'http://viewer.example/messages?token=token.fictional' }),
  ])('rejects an option that cannot work, and does not quote it (%#)', (make) => {
    expect(make).toThrow(ConfigurationError);
    expect(make).not.toThrow('token.fictional');
  });

  it('ends its streams and its port when it is closed, and lets the sessions continue', async () => {
    const stream = streamOf(await stately.url());
    await stream.next();
    await stately.close();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    await expect(ask(origin)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(() => stately.next({ type: '@xstate.actor' } as never)).not.toThrow();
  });
});

/** Whether a server accepts connections there. */
function isReachable(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
