import { once } from 'node:events';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { StaticTokenAuth } from '@frameio-auth/core';
import type { BearerPolicyOptions, TokenSource } from '@frameio-auth/core/adapter';
import {
  Agent,
  BalancedPool,
  Client,
  cacheStores,
  type Dispatcher,
  FormData,
  fetch,
  interceptors,
  Pool,
  request,
} from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { authInterceptor } from '../src/auth-interceptor.js';
import { type Api, NEW, OLD, onlyTheNew, startApi } from './api.js';

const ending: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

async function api(...args: Parameters<typeof startApi>): Promise<Api> {
  const started = await startApi(...args);
  ending.push(() => started.close());
  return started;
}

/** Gives the tokens in turn; the last one for ever. */
function tokens(...given: string[]) {
  const getToken = vi.fn<TokenSource['getToken']>(async () => (given.length > 1 ? given.shift() : given[0]) as string);
  return { getToken } satisfies TokenSource;
}

function agent(options: Agent.Options = {}): Agent {
  const made = new Agent(options);
  ending.push(() => made.destroy());
  return made;
}

function dispatcherFor(auth: TokenSource, server: Api, options: BearerPolicyOptions = {}): Dispatcher {
  return agent().compose(authInterceptor(auth, { allowedOrigins: [server.origin], ...options }));
}

const authorizations = (server: Api) => server.requests.map(({ headers }) => headers.authorization);

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('was expected to reject'),
    (error) => error,
  );
}

describe('a request', () => {
  it('carries the token (RFC 6750 §2.1), and is the caller’s in all else', async () => {
    const server = await api();
    const dispatcher = dispatcherFor(tokens(NEW), server);
    const { statusCode, headers, body } = await request(`${server.origin}/v4/things?page=2`, {
      dispatcher,
      method: 'PUT',
      headers: { 'content-type': 'text/plain', 'x-own': '1' },
      body: 'a thing',
    });
    expect([statusCode, headers['x-request-id'], await body.text()]).toEqual([200, 'req-1', 'hello']);
    expect(server.requests).toMatchObject([
      {
        method: 'PUT',
        path: '/v4/things?page=2',
        headers: { authorization: `Bearer ${NEW}`, 'content-type': 'text/plain', 'x-own': '1' },
        body: 'a thing',
      },
    ]);
  });

  it.each<[string, Dispatcher.DispatchOptions['headers']]>([
    ['an object', { Authorization: 'Bearer other', 'X-Own': '1' }],
    ['names and values in turn', ['AUTHORIZATION', 'Bearer other', 'X-Own', '1']],
    [
      'a Map',
      new Map([
        ['authorization', 'Bearer other'],
        ['x-own', '1'],
      ]),
    ],
    ['Headers', new Headers({ authorization: 'Bearer other', 'x-own': '1' })],
    ['an object with several values', { authorization: ['Bearer other', 'Bearer more'], 'x-own': ['1'] }],
  ])('carries the token of the auth object alone when the caller gives headers as %s', async (_, headers) => {
    const server = await api();
    const source = { ...tokens(NEW), requestHeaders: { 'X-Frameio-Legacy-Token-Auth': 'true' } };
    await (
      await request(server.origin, { dispatcher: dispatcherFor(source, server), headers: headers ?? {} })
    ).body.dump();
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${NEW}`,
      'x-own': '1',
      'x-frameio-legacy-token-auth': 'true',
    });
  });

  it('may be one of fetch, of a Pool, of a Client, or of a session', async () => {
    const server = await api();
    const auth = new StaticTokenAuth(NEW);
    const options = { allowedOrigins: [server.origin] };
    const [pool, client] = [new Pool(server.origin), new Client(server.origin)];
    ending.push(
      () => pool.destroy(),
      () => client.destroy(),
    );
    expect((await fetch(server.origin, { dispatcher: dispatcherFor(auth, server) })).status).toBe(200);
    for (const own of [pool, client]) {
      const composed = own.compose(authInterceptor(auth, options));
      const { statusCode, body } = await composed.request({ path: '/', method: 'GET' });
      expect([statusCode, await body.text()]).toEqual([200, 'hello']);
    }
  });

  it('fails with what getToken rejects with, and is not sent', async () => {
    const server = await api();
    const auth = { getToken: () => Promise.reject(new Error('sign in again')) };
    await expect(request(server.origin, { dispatcher: dispatcherFor(auth, server) })).rejects.toThrow('sign in again');
    expect(server.requests).toEqual([]);
  });

  it('does not wait for a token once its caller has given up', async () => {
    const server = await api();
    const getToken: TokenSource['getToken'] = (options) =>
      new Promise((_, reject) => {
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
      });
    const abortion = new AbortController();
    const answer = request(server.origin, { dispatcher: dispatcherFor({ getToken }, server), signal: abortion.signal });
    abortion.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    expect(server.requests).toEqual([]);
  });

  it('is refused with a token that no header can carry, which is not in the error', async () => {
    const server = await api();
    const error = await rejection(request(server.origin, { dispatcher: dispatcherFor(tokens(`x\n${NEW}`), server) }));
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_token' });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(NEW);
  });
});

describe('to any other origin', () => {
  it('a request is refused before a token is asked for', async () => {
    const server = await api();
    const auth = tokens(NEW);
    const dispatcher = agent().compose(authInterceptor(auth));
    for (const url of [
      server.origin,
      'http://api.frame.io/',
      'https://api.frame.io.example.com/',
      'https://api.frame.io:444',
    ]) {
      expect(await rejection(request(url, { dispatcher }))).toMatchObject({ code: 'origin_not_allowed' });
    }
    expect(auth.getToken).not.toHaveBeenCalled();
    expect(server.requests).toEqual([]);
  });

  it('a request passes without the token when it is to', async () => {
    const server = await api();
    const auth = tokens(NEW);
    const dispatcher = agent().compose(authInterceptor(auth, { otherOrigins: 'pass' }));
    const { statusCode, body } = await request(server.origin, { dispatcher, headers: { 'x-own': '1' } });
    expect([statusCode, await body.text()]).toEqual([401, 'not you']);
    expect(authorizations(server)).toEqual([undefined]);
    expect(auth.getToken).not.toHaveBeenCalled();
  });

  it('a Client or Pool of that origin does not carry the token, whatever origin the request names', async () => {
    const server = await api();
    for (const own of [new Client(server.origin), new Pool(server.origin)]) {
      ending.push(() => own.destroy());
      const claim = { origin: 'https://api.frame.io', path: '/v4/me', method: 'GET' as const };
      const refusing = own.compose(authInterceptor(tokens(NEW)));
      expect(await rejection(refusing.request(claim))).toMatchObject({ code: 'origin_not_allowed' });
      const passing = own.compose(authInterceptor(tokens(NEW), { otherOrigins: 'pass' }));
      await (await passing.request(claim)).body.dump();
    }
    expect(authorizations(server)).toEqual([undefined, undefined]);
  });

  it('a dispatcher that chooses the origin by itself is refused at once', async () => {
    const server = await api();
    const balanced = new BalancedPool([server.origin]);
    ending.push(() => balanced.destroy());
    expect(() => balanced.compose(authInterceptor(tokens(NEW)))).toThrow(
      expect.objectContaining({ code: 'origin_not_allowed' }),
    );
  });

  it('a request through an allowed origin that is meant for another one is refused', async () => {
    const server = await api();
    const dispatcher = dispatcherFor(tokens(NEW), server);
    const proxied = dispatcher.request({ origin: server.origin, path: 'https://example.com/v4/me', method: 'GET' });
    expect(await rejection(proxied)).toMatchObject({ code: 'origin_not_allowed' });
    const tunnel = dispatcher.connect({ origin: server.origin, path: 'example.com:443' });
    expect(await rejection(tunnel)).toMatchObject({ code: 'origin_not_allowed' });
    expect(server.requests).toEqual([]);
  });

  it('a redirect is followed without the token, and its 401 says nothing about the token', async () => {
    const other = await api();
    const server = await api((_, response) => response.writeHead(302, { location: `${other.origin}/elsewhere` }).end());
    const auth = tokens(NEW);
    const dispatcher = agent().compose(
      interceptors.redirect({ maxRedirections: 3 }),
      authInterceptor(auth, { allowedOrigins: [server.origin] }),
    );
    const { statusCode, body } = await request(server.origin, { dispatcher });
    await body.dump();
    expect(statusCode).toBe(401);
    expect(authorizations(server)).toEqual([`Bearer ${NEW}`]);
    expect(authorizations(other)).toEqual([undefined]);
    expect(auth.getToken).toHaveBeenCalledOnce();
  });

  it('of a write is not made again: what redirected may have carried it out', async () => {
    const server = await api(({ method }, response) => {
      if (method === 'POST') response.writeHead(303, { location: '/view' }).end();
      else response.writeHead(401).end('not you');
    });
    const auth = tokens(OLD, NEW);
    const dispatcher = agent().compose(
      interceptors.redirect({ maxRedirections: 3 }),
      authInterceptor(auth, { allowedOrigins: [server.origin] }),
    );
    const { statusCode, body } = await request(server.origin, { dispatcher, method: 'POST', body: 'one' });
    expect([statusCode, await body.text()]).toEqual([401, 'not you']);
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(auth.getToken).toHaveBeenLastCalledWith({ rejected: OLD });
  });

  it('followed from outside keeps headers of several values', async () => {
    const server = await api(({ path }, response) => {
      if (path === '/') response.writeHead(302, { location: '/next' }).end();
      else response.end('hello');
    });
    const dispatcher = agent().compose(
      authInterceptor(tokens(NEW), { allowedOrigins: [server.origin] }),
      interceptors.redirect({ maxRedirections: 3 }),
    );
    const headers = { 'x-many': ['a', 'b'], 'x-own': '1' };
    await (await request(server.origin, { dispatcher, headers })).body.dump();
    expect(server.requests).toMatchObject([
      { headers: { 'x-many': 'a, b', 'x-own': '1' } },
      { path: '/next', headers: { 'x-many': 'a, b', 'x-own': '1', authorization: `Bearer ${NEW}` } },
    ]);
  });

  it('nor does a 401 that comes after a detour by another origin', async () => {
    const other = await api((_, response) => response.writeHead(302, { location: `${server.origin}/back` }).end());
    const server = await api(({ path }, response) => {
      if (path === '/back') response.writeHead(401).end();
      else response.writeHead(302, { location: other.origin }).end();
    });
    const auth = tokens(NEW);
    const dispatcher = agent().compose(
      interceptors.redirect({ maxRedirections: 3 }),
      authInterceptor(auth, { allowedOrigins: [server.origin] }),
    );
    expect((await request(server.origin, { dispatcher })).statusCode).toBe(401);
    expect(authorizations(server)).toEqual([`Bearer ${NEW}`, undefined]);
    expect(auth.getToken).toHaveBeenCalledOnce();
  });

  it.each(['refuse', 'pass'] as const)(
    'a redirect followed from outside is a request of its own: %s',
    async (otherOrigins) => {
      const other = await api();
      const server = await api((_, response) =>
        response.writeHead(302, { location: `${other.origin}/elsewhere` }).end(),
      );
      const dispatcher = agent().compose(
        authInterceptor(tokens(NEW), { allowedOrigins: [server.origin], otherOrigins }),
        interceptors.redirect({ maxRedirections: 3 }),
      );
      const outcome = await request(server.origin, { dispatcher }).catch((error: unknown) => error);
      expect(outcome).toMatchObject(otherOrigins === 'pass' ? { statusCode: 401 } : { code: 'origin_not_allowed' });
      expect(authorizations(other)).toEqual(otherOrigins === 'pass' ? [undefined] : []);
    },
  );
});

describe('after a 401', () => {
  it('the request is made once more with the next token, and the 401 read, so that its connection can be used again', async () => {
    const server = await api();
    const auth = tokens(OLD, NEW);
    const single = agent({ connections: 1 }).compose(authInterceptor(auth, { allowedOrigins: [server.origin] }));
    const { statusCode, body } = await request(`${server.origin}/v4/me`, {
      dispatcher: single,
      method: 'POST',
      body: 'a thing',
    });
    expect([statusCode, await body.text()]).toEqual([200, 'hello']);
    expect(server.requests).toMatchObject([
      { path: '/v4/me', method: 'POST', body: 'a thing', headers: { authorization: `Bearer ${OLD}` } },
      { path: '/v4/me', method: 'POST', body: 'a thing', headers: { authorization: `Bearer ${NEW}` } },
    ]);
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 0]);
    expect(auth.getToken.mock.calls).toEqual([[], [{ rejected: OLD }]]);
  });

  it('the 401 is the answer when the token stays the same, with its headers and body', async () => {
    const server = await api();
    const { statusCode, headers, body } = await request(server.origin, {
      dispatcher: dispatcherFor(tokens(OLD), server),
    });
    expect([statusCode, headers['x-request-id'], await body.text()]).toEqual([401, 'req-1', 'not you']);
    expect(server.requests).toHaveLength(1);
  });

  it('a second 401 is the answer', async () => {
    const server = await api((_, response) => response.writeHead(401).end(`no. ${server.requests.length}`));
    const { body } = await request(server.origin, { dispatcher: dispatcherFor(tokens(OLD, NEW, 'more'), server) });
    expect(await body.text()).toBe('no. 2');
    expect(server.requests).toHaveLength(2);
  });

  it.each([400, 403, 407, 429, 500])(
    'it is different from after a %i, which says nothing about the token',
    async (status) => {
      const server = await api((_, response) => response.writeHead(status).end('no'));
      const auth = tokens(OLD, NEW);
      expect((await request(server.origin, { dispatcher: dispatcherFor(auth, server) })).statusCode).toBe(status);
      expect(auth.getToken).toHaveBeenCalledOnce();
    },
  );

  it.each<[string, () => Dispatcher.DispatchOptions['body'], string]>([
    ['text', () => 'one', 'one'],
    ['bytes', () => Buffer.from('one'), 'one'],
    ['a view', () => new Uint8Array([111, 110, 101]), 'one'],
    ['parts', () => ['o', 'ne'] as never, 'one'],
    ['a Blob', () => new Blob(['one']) as never, 'one'],
    ['nothing', () => null, ''],
  ])('%s is sent again', async (_, body, seen) => {
    const server = await api();
    const answer = await request(server.origin, {
      dispatcher: dispatcherFor(tokens(OLD, NEW), server),
      method: 'POST',
      body: body() ?? null,
    });
    expect([answer.statusCode, await answer.body.text()]).toEqual([200, 'hello']);
    expect(server.requests.map((each) => each.body)).toEqual([seen, seen]);
  });

  it('headers that can be read only once are sent again', async () => {
    const server = await api();
    const dispatcher = dispatcherFor(tokens(OLD, NEW), server);
    const headers = new Headers({ 'x-own': '1' }).entries();
    expect((await request(server.origin, { dispatcher, headers })).statusCode).toBe(200);
    expect(server.requests.map((each) => each.headers['x-own'])).toEqual(['1', '1']);
  });

  it('a handler that gives up at the head of the answer hears nothing after the error', async () => {
    const server = await api();
    const received: string[] = [];
    const ended = new Promise<void>((resolve) => {
      dispatcherFor(tokens(OLD), server).dispatch(
        { origin: server.origin, path: '/', method: 'GET' },
        {
          onRequestStart: () => {},
          onResponseStart: (controller, status) => {
            received.push(`head ${status}`);
            controller.abort(new Error('enough'));
          },
          onResponseData: () => received.push('data'),
          onResponseEnd: () => received.push('end'),
          onResponseError: (_controller, error) => {
            received.push(`error ${error.message}`);
            setImmediate(resolve);
          },
        },
      );
    });
    await ended;
    expect(received).toEqual(['head 401', 'error enough']);
  });

  it('a form is sent again', async () => {
    const server = await api();
    const form = new FormData();
    form.set('name', 'Robin Example');
    const dispatcher = dispatcherFor(tokens(OLD, NEW), server);
    const { statusCode } = await request(server.origin, { dispatcher, method: 'POST', body: form });
    expect(statusCode).toBe(200);
    expect(server.requests.map(({ body }) => body.includes('Robin Example'))).toEqual([true, true]);
  });

  it.each<[string, () => unknown]>([
    ['a stream', () => Readable.from(['one'])],
    [
      'an iterator',
      () =>
        (function* () {
          yield 'one';
        })(),
    ],
    [
      'an async iterable',
      () => ({
        async *[Symbol.asyncIterator]() {
          yield 'one';
        },
      }),
    ],
  ])('%s is not sent again: the 401 is the answer, and the next request has the next token', async (_, body) => {
    const server = await api();
    let current = OLD;
    const getToken: TokenSource['getToken'] = async (options) => {
      if (options?.rejected === current) current = NEW;
      return current;
    };
    const auth: TokenSource = { getToken };
    const dispatcher = dispatcherFor(auth, server);
    const first = await request(server.origin, { dispatcher, method: 'POST', body: body() as never });
    expect([first.statusCode, await first.body.text()]).toEqual([401, 'not you']);
    expect((await request(server.origin, { dispatcher })).statusCode).toBe(200);
    expect(authorizations(server)).toEqual([`Bearer ${OLD}`, `Bearer ${NEW}`]);
  });

  it('fetch repeats what has no body, and passes the 401 on for what has one', async () => {
    const server = await api();
    const dispatcher = dispatcherFor(tokens(OLD, NEW), server);
    expect(await (await fetch(server.origin, { dispatcher })).text()).toBe('hello');
    const other = dispatcherFor(tokens(OLD, NEW), server);
    const posted = await fetch(server.origin, { dispatcher: other, method: 'POST', body: 'one' });
    expect([posted.status, posted.headers.get('x-request-id'), await posted.text()]).toEqual([401, 'req-1', 'not you']);
  });

  it('the failure to get another token is the outcome', async () => {
    const server = await api();
    const getToken = vi
      .fn<TokenSource['getToken']>()
      .mockResolvedValueOnce(OLD)
      .mockRejectedValue(new Error('signed out'));
    await expect(request(server.origin, { dispatcher: dispatcherFor({ getToken }, server) })).rejects.toThrow(
      'signed out',
    );
  });

  it('a long 401 is not read to its end before the repetition, and is passed on whole when it is the answer', async () => {
    const long = 'x'.repeat(3_000_000);
    const server = await api(({ headers }, response) => {
      if (headers.authorization === `Bearer ${NEW}`) response.end('hello');
      else response.writeHead(401).end(long);
    });
    const repeated = await request(server.origin, { dispatcher: dispatcherFor(tokens(OLD, NEW), server) });
    expect(await repeated.body.text()).toBe('hello');
    const passed = await request(server.origin, { dispatcher: dispatcherFor(tokens(OLD), server) });
    expect(await passed.body.text()).toBe(long);
  });

  it('a 401 that never ends delays neither the retry nor its response', async () => {
    const server = await api(({ headers }, response) => {
      if (headers.authorization === `Bearer ${NEW}`) response.end('hello');
      else response.writeHead(401).write('not');
    });
    const repeated = await request(server.origin, { dispatcher: dispatcherFor(tokens(OLD, NEW), server) });
    expect(await repeated.body.text()).toBe('hello');
    const passed = await request(server.origin, { dispatcher: dispatcherFor(tokens(OLD), server) });
    expect([passed.statusCode, String((await once(passed.body, 'data'))[0])]).toEqual([401, 'not']);
    passed.body.destroy();
    passed.body.on('error', () => {});
  });

  it('a 401 that never ends loses its connection, if the retry needs it', async () => {
    const server = await api(({ headers }, response) => {
      if (headers.authorization === `Bearer ${NEW}`) response.end('hello');
      else response.writeHead(401).write('not');
    });
    const auth = tokens(OLD, NEW);
    const single = agent({ connections: 1 }).compose(authInterceptor(auth, { allowedOrigins: [server.origin] }));
    expect(await (await request(server.origin, { dispatcher: single })).body.text()).toBe('hello');
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 1]);
  });

  it('a 401 that breaks off is repeated all the same, or passed on with its end', async () => {
    const server = await api(({ headers }, response) => {
      if (headers.authorization === `Bearer ${NEW}`) response.end('hello');
      else response.writeHead(401, { 'content-length': 100 }).write('not', () => response.destroy());
    });
    let give: (token: string) => void = () => {};
    const getToken: TokenSource['getToken'] = async (options) =>
      options?.rejected === undefined ? OLD : new Promise((resolve) => (give = resolve));
    for (const [next, outcome] of [
      [NEW, 'hello'],
      [OLD, 'broken'],
    ] as const) {
      const dispatcher = dispatcherFor({ getToken }, server);
      const answer = request(server.origin, { dispatcher });
      await expect.poll(() => server.requests.at(-1)?.headers.authorization).toBe(`Bearer ${OLD}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      give(next);
      const { body } = await answer;
      expect(await body.text().catch(() => 'broken')).toBe(outcome);
    }
  });

  it('a caller that aborts during the refresh gets its error at once, and nothing is retried', async () => {
    for (const answer of [onlyTheNew, ((_, response) => response.writeHead(401).write('not')) as typeof onlyTheNew]) {
      const server = await api(answer);
      let give: ((token: string) => void) | undefined;
      const getToken: TokenSource['getToken'] = async (options) => {
        if (options?.rejected === undefined) return OLD;
        // It does not listen to the signal, so that the token comes too late.
        return new Promise((resolve) => {
          give = resolve;
        });
      };
      const abortion = new AbortController();
      const outcome = request(server.origin, {
        dispatcher: dispatcherFor({ getToken }, server),
        signal: abortion.signal,
      });
      await expect.poll(() => give).toBeTypeOf('function');
      abortion.abort(new Error('enough'));
      await expect(outcome).rejects.toThrow('enough');
      give?.(NEW);
      await new Promise((resolve) => setImmediate(resolve));
      expect(server.requests).toHaveLength(1);
    }
  });
});

describe('the answer', () => {
  it('reaches no other user, even with a shared cache, if that is named before', async () => {
    const server = await api(({ headers }, response) => {
      response.writeHead(200, { 'cache-control': 'max-age=60' }).end(headers.authorization);
    });
    const cache = interceptors.cache({ store: new cacheStores.MemoryCacheStore() });
    for (const token of [OLD, NEW]) {
      const own = authInterceptor(tokens(token), { allowedOrigins: [server.origin] });
      const { body } = await request(server.origin, { dispatcher: agent().compose(cache, own) });
      expect(await body.text()).toBe(`Bearer ${token}`);
    }
  });

  it('comes at the pace of its reader', async () => {
    const server = await api((_, response) => {
      for (let part = 0; part < 64; part += 1) response.write('x'.repeat(65_536));
      response.end();
    });
    const { body } = await request(server.origin, { dispatcher: dispatcherFor(tokens(NEW), server) });
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(size).toBe(64 * 65_536);
  });

  it('can be given up in the middle', async () => {
    const server = await api((_, response) => response.writeHead(200).write('some'));
    const { body } = await request(server.origin, { dispatcher: dispatcherFor(tokens(NEW), server) });
    await once(body, 'data');
    const failed = once(body, 'error');
    body.destroy(new Error('enough'));
    expect(String((await failed)[0])).toContain('enough');
  });

  it('is over for a handler that gives up, though an interceptor inside reads on to the end', async () => {
    const server = await api();
    const dispatcher = agent().compose(
      interceptors.dump(),
      authInterceptor(tokens(NEW), { allowedOrigins: [server.origin] }),
    );
    const received: string[] = [];
    await new Promise<void>((resolve) => {
      dispatcher.dispatch(
        { origin: server.origin, path: '/', method: 'GET' },
        {
          onRequestStart: () => {},
          onResponseStart: (controller) => controller.abort(new Error('enough')),
          onResponseData: () => received.push('data'),
          onResponseEnd: () => received.push('end'),
          onResponseError: (_controller, error) => {
            received.push(`error ${error.message}`);
            setImmediate(resolve);
          },
        },
      );
    });
    expect(received).toEqual(['error enough']);
  });

  it('may be an upgrade', async () => {
    const server = await api();
    const upgrade = dispatcherFor(tokens(NEW), server).upgrade({ path: '/', protocol: 'websocket' } as never);
    await expect(upgrade).rejects.toThrow();
  });
});
