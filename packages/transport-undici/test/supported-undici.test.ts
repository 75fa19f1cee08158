import { ConfigurationError } from '@frameio-auth/core';
import type { TokenSource } from '@frameio-auth/core/adapter';
import { authInterceptor, rateLimitInterceptor, undiciTransport } from '@frameio-auth/transport-undici';
import * as undici from 'undici';
import * as undici6 from 'undici-6';
import * as undici7 from 'undici-7';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Api, NEW, startApi } from './api.js';

let api: Api;
const agents: undici.Agent[] = [];
const getToken = vi.fn<TokenSource['getToken']>(async () => NEW);

beforeEach(async () => {
  api = await startApi();
  getToken.mockClear();
});

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
  await api.close();
});

const INTERCEPTORS = {
  authInterceptor: () => authInterceptor({ getToken }, { allowedOrigins: [api.origin] }),
  'authInterceptor, for another origin': () => authInterceptor({ getToken }, { otherOrigins: 'pass' }),
  rateLimitInterceptor: () => rateLimitInterceptor({ origins: [api.origin] }),
  'rateLimitInterceptor, for another origin': () => rateLimitInterceptor(),
};

function composed(name: keyof typeof INTERCEPTORS): undici.Dispatcher {
  const agent = new undici.Agent();
  agents.push(agent);
  return agent.compose(INTERCEPTORS[name]());
}

type Ask = (dispatcher: undici.Dispatcher, method: string) => Promise<unknown>;

const body = (method: string) => (method === 'POST' ? { body: 'a write' } : {});

/** Each version of undici has types of its own for what looks alike. */
const foreign = (dispatcher: undici.Dispatcher) => dispatcher as never;

const OTHERS: Record<string, Ask> = {
  'the fetch of this Node': (dispatcher, method) =>
    fetch(api.origin, { method, dispatcher: foreign(dispatcher), ...body(method) } as RequestInit),
  'the fetch of undici 7': (dispatcher, method) =>
    undici7.fetch(api.origin, { method, dispatcher: foreign(dispatcher), ...body(method) }),
  'the fetch of undici 6, which Node 22 has': (dispatcher, method) =>
    undici6.fetch(api.origin, { method, dispatcher: foreign(dispatcher), ...body(method) }),
  'the request of undici 7': (dispatcher, method) =>
    undici7.request(api.origin, { method: method as 'GET', dispatcher: foreign(dispatcher), ...body(method) }),
  'the request of undici 6': (dispatcher, method) =>
    undici6.request(api.origin, { method: method as 'GET', dispatcher: foreign(dispatcher), ...body(method) }),
};

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail('was expected to reject'),
    (error) => error,
  );
}

describe.each(Object.keys(INTERCEPTORS) as (keyof typeof INTERCEPTORS)[])('a dispatcher with %s', (name) => {
  it.each(Object.entries(OTHERS))('refuses %s before a token is asked for or anything is sent', async (_, ask) => {
    for (const method of ['GET', 'DELETE', 'POST']) {
      const error = await rejection(ask(composed(name), method));
      const reason = error instanceof ConfigurationError ? error : error.cause;
      expect(reason).toBeInstanceOf(ConfigurationError);
      expect(reason).toMatchObject({ code: 'unsupported_undici', message: expect.stringContaining("from 'undici'") });
    }
    expect(getToken).not.toHaveBeenCalled();
    expect(api.requests).toEqual([]);
  });

  it.each(['onRequestStart', 'onResponseStart', 'onResponseData', 'onResponseEnd', 'onResponseError'] as const)(
    'refuses a handler without %s, as undici does',
    (missing) => {
      const whole: undici.Dispatcher.DispatchHandler = {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData() {},
        onResponseEnd() {},
        onResponseError() {},
      };
      const { [missing]: _, ...handler } = whole;
      const dispatch = () =>
        composed(name).dispatch({ origin: api.origin, path: '/', method: 'GET' }, handler as typeof whole);
      expect(dispatch).toThrow(expect.objectContaining({ code: 'unsupported_undici' }));
      expect(dispatch).toThrow(`${missing}()`);
    },
  );

  it('cannot be made of a dispatcher of another undici, or by handing on half of what compose() gives', () => {
    const interceptor = INTERCEPTORS[name]();
    for (const Foreign of [undici6.Agent, undici7.Agent]) {
      const foreignAgent = new Foreign() as unknown as undici.Agent;
      const compose = () => foreignAgent.compose(interceptor);
      expect(compose).toThrow(expect.objectContaining({ code: 'unsupported_undici' }));
    }
    const half = () => new undici.Agent().compose((dispatch) => interceptor(dispatch));
    expect(half).toThrow('both of its arguments');
    const whole: undici.Dispatcher.DispatcherComposeInterceptor = (...all) => interceptor(...all);
    expect(() => new undici.Agent().compose(whole)).not.toThrow();
  });
});

describe("Node's own fetch", () => {
  it.each(['authInterceptor', 'rateLimitInterceptor'] as const)(
    'works through the wrapper of undici with %s',
    async (name) => {
      const dispatcher = foreign(
        new undici.Dispatcher1Wrapper(composed('authInterceptor').compose(INTERCEPTORS[name]())),
      );
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(api.origin, { method, dispatcher, ...body(method) } as RequestInit);
        expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
      }
    },
  );
});

describe('undiciTransport', () => {
  it.each([
    ['undici 6', new undici6.Agent()],
    ['undici 7', new undici7.Agent()],
    ['undici 7, composed', new undici7.Agent().compose(undici7.interceptors.retry() as never)],
    ['what only looks like undici', { dispatch: () => true }],
  ])('refuses a dispatcher of %s', (_, dispatcher) => {
    const make = () => undiciTransport({ dispatcher: dispatcher as never });
    expect(make).toThrow(expect.objectContaining({ code: 'unsupported_undici' }));
    expect(make).toThrow("from 'undici'");
  });

  it.each([
    ['an Agent', () => new undici.Agent()],
    ['a composed one', () => new undici.Agent().compose(undici.interceptors.dns())],
    ['a MockAgent', () => new undici.MockAgent()],
    ['a ProxyAgent', () => new undici.ProxyAgent('http://127.0.0.1:1')],
    ['a Pool', () => new undici.Pool('http://127.0.0.1:1')],
  ])('takes %s', async (_, make) => {
    const dispatcher = make();
    expect(() => undiciTransport({ dispatcher })).not.toThrow();
    await dispatcher.close();
  });
});

describe('a runtime', () => {
  afterEach(() => {
    vi.doUnmock('undici');
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('that has a stand-in for undici is told so by every function, before anything is sent', async () => {
    vi.resetModules();
    vi.doMock('undici', () => ({ Agent: class {}, EnvHttpProxyAgent: class {}, errors: {}, fetch: () => {} }));
    const { undiciTransport, authInterceptor, rateLimitInterceptor } = await import('../src/index.js');
    for (const make of [undiciTransport, () => authInterceptor({ getToken }), rateLimitInterceptor]) {
      expect(make).toThrow(expect.objectContaining({ code: 'unsupported_undici' }));
      expect(make).toThrow('@frameio-auth/transport-fetch');
    }
  });

  it.each([
    ['20.20.2', false],
    ['22.18.0', false],
    ['22.19.0', true],
    ['24.0.0', true],
  ])('that is Node %s is taken: %s', async (node, taken) => {
    vi.resetModules();
    vi.stubGlobal('process', { ...process, versions: { ...process.versions, node } });
    const loaded = import('../src/supported-node.js');
    if (taken) await expect(loaded).resolves.toBeDefined();
    else
      await expect(loaded).rejects.toMatchObject({ code: 'unsupported_node', message: expect.stringContaining(node) });
  });
});
