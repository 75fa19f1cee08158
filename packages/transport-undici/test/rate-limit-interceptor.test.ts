import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import { ConfigurationError, RateLimitError } from '@frameio-auth/core';
import { type Clock, systemClock } from '@frameio-auth/core/adapter';
import { manualClock } from '@frameio-auth/testing';
import {
  authInterceptor,
  type RateLimitInterceptorOptions,
  rateLimitInterceptor,
} from '@frameio-auth/transport-undici';
import { Agent, Client, type Dispatcher, fetch, interceptors, request, upgrade } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ScriptedApi, startScriptedApi } from './scripted-api.js';

const NOW = Date.UTC(2026, 0, 1);

let api: ScriptedApi;
let clock: ReturnType<typeof manualClock>;
/** The paths of what was sent, in order: on several connections, requests may arrive in another one. */
let sent: string[];
/** How many responses undici has read to their end. */
let ended: number;
const countEnd = () => {
  ended += 1;
};
const agents: Agent[] = [];

beforeEach(async () => {
  api = await startScriptedApi();
  clock = manualClock({ now: NOW });
  sent = [];
  ended = 0;
  subscribe('undici:request:trailers', countEnd);
});

afterEach(async () => {
  unsubscribe('undici:request:trailers', countEnd);
  await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
  await api.close();
});

/** Waits are not spread: chance always says 0. */
function throttled(
  options: RateLimitInterceptorOptions = {},
  ...inner: Dispatcher.DispatcherComposeInterceptor[]
): Dispatcher {
  const agent = new Agent();
  agents.push(agent);
  const noting: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (request, handler) => {
    sent.push(request.path);
    return dispatch(request, handler);
  };
  return agent.compose(
    noting,
    ...inner,
    rateLimitInterceptor({ origins: [api.origin], clock, random: () => 0, ...options }),
  );
}

/** A handler that does nothing, to be changed where something matters. */
const SILENT = {
  onRequestStart() {},
  onResponseStart() {},
  onResponseData() {},
  onResponseEnd() {},
  onResponseError() {},
} satisfies Dispatcher.DispatchHandler;

type Init = Omit<Parameters<typeof request>[1] & object, 'dispatcher'>;

/** Makes a request and reads the complete response. */
async function call(dispatcher: Dispatcher, path: string, init: Init = {}): Promise<string> {
  const { statusCode, body } = await request(api.origin + path, { dispatcher, ...init });
  return `${statusCode} ${await body.text()}`.trimEnd();
}

function left(remaining: number, limit = 10, window = 60_000): Record<string, string> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-window': String(window),
  };
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('It was to fail.');
    },
    (error: unknown) => error,
  );
}

/** When the next request may be sent, in milliseconds from the start. */
function waits(): number[] {
  return clock.pendingTimers.map((deadline) => deadline - NOW);
}

describe('places', () => {
  it('sends as many at once as there are places, and the others in the order of their arrival', async () => {
    const dispatcher = throttled({ concurrency: 2 });
    const paths = [1, 2, 3, 4, 5, 6].map((n) => `/v4/item?n=${n}`);
    const calls = paths.map((path) => call(dispatcher, path));
    await api.arrival(1);
    for (const index of paths.keys()) {
      const { line, answer } = await api.arrival(index);
      answer(200, {}, line);
    }
    expect(await Promise.all(calls)).toEqual(paths.map((path) => `200 GET ${path}`));
    expect(sent).toEqual(paths);
    expect(api.mostAtOnce).toBe(2);
  });

  it('leaves requests to other origins alone', async () => {
    const dispatcher = throttled({ concurrency: 1, origins: ['https://api.example'] });
    const calls = [call(dispatcher, '/one'), call(dispatcher, '/two')];
    (await api.arrival(1)).answer(200);
    (await api.arrival(0)).answer(200);
    expect(await Promise.all(calls)).toEqual(['200', '200']);
    expect(api.mostAtOnce).toBe(2);
  });

  it('counts the requests of a Client by the origin that it is connected to', async () => {
    const client = new Client(api.origin, { pipelining: 2 });
    const dispatcher = client.compose(rateLimitInterceptor({ origins: [api.origin], concurrency: 1, clock }));
    const calls = ['/one', '/two'].map((path) => dispatcher.request({ method: 'GET', path }));
    for (const index of [0, 1]) {
      (await api.arrival(index)).answer(200);
      await (await calls[index])?.body.dump();
    }
    expect(api.mostAtOnce).toBe(1);
    await client.close();
  });

  const endings: Record<string, (answer: Dispatcher.ResponseData) => Promise<unknown>> = {
    'is read': ({ body }) => body.text(),
    'is dumped': ({ body }) => body.dump(),
    'is destroyed': ({ body }) => new Promise((resolve) => body.on('error', resolve).destroy()),
    'is a stream that its consumer stops reading': async ({ body }) => {
      for await (const _ of body) break;
    },
    'breaks off': async ({ body }) => {
      const failed = rejection(body.text());
      api.arrivals[0]?.response.destroy();
      expect(await failed).toMatchObject({ code: 'UND_ERR_SOCKET' });
    },
  };
  for (const [how, end] of Object.entries(endings)) {
    it(`keeps the place until the answer has ended, be it that it ${how}`, async () => {
      const dispatcher = throttled({ concurrency: 1 });
      const first = request(`${api.origin}/first`, { dispatcher });
      const second = call(dispatcher, '/second');
      const { response } = await api.arrival(0);
      response.writeHead(200).write('the beginning');
      const answer = await first;
      expect(api.arrivals).toHaveLength(1);
      if (how === 'is read' || how === 'is dumped') response.end();
      await end(answer);
      (await api.arrival(1)).answer(200);
      expect(await second).toBe('200');
      expect(api.mostAtOnce).toBe(1);
    });
  }

  it('keeps the slot of a response that is not read, and lets the consumer slow down the server', async () => {
    const dispatcher = throttled({ concurrency: 1 });
    const first = request(`${api.origin}/first`, { dispatcher });
    const second = call(dispatcher, '/second');
    const size = 32 * 2 ** 20;
    const { response } = await api.arrival(0);
    response.writeHead(200).end(Buffer.alloc(size));
    const { body } = await first;
    while (body.readableLength < body.readableHighWaterMark) await turnOfTheEventLoop();
    expect(response.writableFinished).toBe(false);
    expect(api.arrivals).toHaveLength(1);
    expect((await body.bytes()).length).toBe(size);
    (await api.arrival(1)).answer(200);
    expect(await second).toBe('200');
  });

  it('gives the place back when there is no connection', async () => {
    const agent = new Agent({ connect: (_target, callback) => callback(new Error('no way there'), null) });
    agents.push(agent);
    const dispatcher = agent.compose(rateLimitInterceptor({ origins: [api.origin], concurrency: 1, clock }));
    const failures = await Promise.all(['/one', '/two'].map((path) => rejection(call(dispatcher, path))));
    expect(failures.map((error) => (error as Error).message)).toEqual(['no way there', 'no way there']);
  });

  it('hands on that undici is busy, as long as requests do not wait here', async () => {
    const client = new Client(api.origin, { pipelining: 1 });
    const dispatcher = client.compose(rateLimitInterceptor({ origins: [api.origin], concurrency: 2, clock }));
    let answers = 0;
    const busy = [1, 2, 3].map(() => {
      const onResponseEnd = () => {
        answers += 1;
      };
      return !dispatcher.dispatch({ path: '/v4/me', method: 'GET' }, { ...SILENT, onResponseEnd });
    });
    expect(busy).toEqual([true, true, false]);
    for (const index of busy.keys()) (await api.arrival(index)).answer(200);
    await until(() => answers === 3);
    await client.close();
  });

  it('fails those that wait when the dispatcher is closed, however many they are', async () => {
    const dispatcher = throttled({ concurrency: 1 });
    const first = call(dispatcher, '/first');
    const failures = Array.from({ length: 3_000 }, () => rejection(call(dispatcher, '/next')));
    const { answer } = await api.arrival(0);
    const closed = dispatcher.close();
    answer(200);
    expect(await first).toBe('200');
    const codes = (await Promise.all(failures)).map((error) => (error as NodeJS.ErrnoException).code);
    expect(new Set(codes)).toEqual(new Set(['UND_ERR_CLOSED']));
    await closed;
  });
});

describe('giving up', () => {
  it('removes a request from the queue as soon as it is aborted, and never sends it', async () => {
    const dispatcher = throttled({ concurrency: 1 });
    const first = call(dispatcher, '/first');
    const byRequest = new AbortController();
    const byFetch = new AbortController();
    const aborted = [
      rejection(call(dispatcher, '/aborted', { signal: byRequest.signal })),
      rejection(fetch(`${api.origin}/aborted`, { dispatcher, signal: byFetch.signal })),
      rejection(call(dispatcher, '/aborted', { signal: AbortSignal.abort(new Error('before it began')) })),
    ];
    const last = call(dispatcher, '/last');
    await api.arrival(0);
    byRequest.abort(new Error('not wanted'));
    byFetch.abort(new Error('not wanted either'));
    const errors = await Promise.all(aborted);
    expect(errors.map((error) => (error as Error).message)).toEqual([
      'not wanted',
      'not wanted either',
      'before it began',
    ]);
    for (const index of [0, 1]) (await api.arrival(index)).answer(200);
    expect(await Promise.all([first, last])).toEqual(['200', '200']);
    expect(api.arrivals.map(({ line }) => line)).toEqual(['GET /first', 'GET /last']);
  });

  it('gives the place back at once when a request is aborted that was sent', async () => {
    const dispatcher = throttled({ concurrency: 1 });
    const abortion = new AbortController();
    const first = rejection(call(dispatcher, '/first', { signal: abortion.signal }));
    const second = call(dispatcher, '/second');
    await api.arrival(0);
    abortion.abort(new Error('not wanted'));
    expect(await first).toMatchObject({ message: 'not wanted' });
    (await api.arrival(1)).answer(200);
    expect(await second).toBe('200');
  });

  it('never sends a request that is aborted while an interceptor still prepares it', async () => {
    const waiting: ((token: string) => void)[] = [];
    const auth = { getToken: () => new Promise<string>((resolve) => waiting.push(resolve)) };
    const dispatcher = throttled({ concurrency: 1 }, authInterceptor(auth, { allowedOrigins: [api.origin] }));
    const abortion = new AbortController();
    const first = rejection(call(dispatcher, '/first', { signal: abortion.signal }));
    const second = call(dispatcher, '/second');
    abortion.abort(new Error('not wanted'));
    expect(await first).toMatchObject({ message: 'not wanted' });
    for (const give of waiting) give('fictional-token');
    const { line, answer } = await api.arrival(0);
    expect(line).toBe('GET /second');
    answer(200);
    expect(await second).toBe('200');
  });

  it('fails a request if its body fails while it waits, and no other', async () => {
    const dispatcher = throttled({ concurrency: 1 });
    const first = call(dispatcher, '/first');
    const body = new Readable({ read() {} });
    const second = rejection(call(dispatcher, '/second', { method: 'PUT', body }));
    const third = call(dispatcher, '/third');
    body.destroy(new Error('the disk is gone'));
    expect(await second).toMatchObject({ message: 'the disk is gone' });
    for (const index of [0, 1]) (await api.arrival(index)).answer(200);
    expect(await Promise.all([first, third])).toEqual(['200', '200']);
  });
});

describe('a limit that is used up', () => {
  const FILE = '/v4/accounts/00000000-0000-4000-8000-0000000000a1/files/00000000-0000-4000-8000-0000000000f1';
  const OTHER_FILE = FILE.replace(/1$/, '2');

  /** Has one request answered with these headers. */
  async function received(dispatcher: Dispatcher, headers: Record<string, string>, path = FILE): Promise<void> {
    const index = api.arrivals.length;
    const answered = call(dispatcher, path);
    (await api.arrival(index)).answer(200, headers);
    await answered;
  }

  it('lets the next request wait until there is one again', async () => {
    const dispatcher = throttled();
    await received(dispatcher, left(0, 10, 60_000));
    const next = call(dispatcher, OTHER_FILE);
    expect(waits()).toEqual([6_000]);
    await clock.advance(5_999);
    expect(api.arrivals).toHaveLength(1);
    await clock.advance(1);
    (await api.arrival(1)).answer(200, left(0));
    expect(await next).toBe('200');
    expect(waits()).toEqual([]);
  });

  it('lets it wait for the whole window where the server gives back everything at once', async () => {
    const dispatcher = throttled({ refill: 'at_once' });
    await received(dispatcher, left(0, 10, 30_000));
    const next = call(dispatcher, FILE);
    expect(waits()).toEqual([30_000]);
    await clock.advance(30_000);
    (await api.arrival(1)).answer(200);
    expect(await next).toBe('200');
  });

  it('spreads the wait by chance, so that a fleet does not come back at once', async () => {
    const dispatcher = throttled({ random: () => 0.5 });
    await received(dispatcher, left(0, 10, 60_000));
    const abortion = new AbortController();
    const next = rejection(call(dispatcher, FILE, { signal: abortion.signal }));
    expect(waits()).toEqual([6_300]);
    abortion.abort(new Error('seen enough'));
    await next;
    expect(waits()).toEqual([]);
  });

  it('holds up neither another method nor another endpoint', async () => {
    const dispatcher = throttled();
    await received(dispatcher, left(0));
    const held = call(dispatcher, FILE);
    const others = [call(dispatcher, `${FILE}/copies?page=2`), call(dispatcher, FILE, { method: 'DELETE' })];
    for (const index of [1, 2]) (await api.arrival(index)).answer(200);
    expect(await Promise.all(others)).toEqual(['200', '200']);
    await clock.advance(6_000);
    (await api.arrival(3)).answer(200);
    expect(await held).toBe('200');
  });

  it('is the one that the application names, where it knows better', async () => {
    const dispatcher = throttled({ limitKey: ({ origin, method }) => `${origin} ${method}` });
    await received(dispatcher, left(0), '/v4/one');
    const held = call(dispatcher, '/v4/other');
    expect(waits()).toEqual([6_000]);
    await clock.advance(6_000);
    (await api.arrival(1)).answer(200);
    expect(await held).toBe('200');
  });

  it('starts again with one request; its response says how many may follow', async () => {
    const dispatcher = throttled();
    await received(dispatcher, left(0));
    const calls = [1, 2, 3, 4].map(() => call(dispatcher, FILE));
    await clock.advance(6_000);
    const probe = await api.arrival(1);
    await clock.advance(0);
    expect(api.arrivals).toHaveLength(2);
    probe.answer(200, left(2));
    await api.arrival(3);
    await clock.advance(0);
    expect(api.arrivals).toHaveLength(4);
    api.arrivals[2]?.answer(200, left(9));
    api.arrivals[3]?.answer(200, left(9));
    (await api.arrival(4)).answer(200, left(9));
    expect(await Promise.all(calls)).toEqual(['200', '200', '200', '200']);
    expect(waits()).toEqual([]);
  });

  it('begins with one more each second while the first has no answer', async () => {
    const dispatcher = throttled();
    await received(dispatcher, left(0));
    const calls = [1, 2, 3].map(() => call(dispatcher, FILE));
    await clock.advance(6_000);
    await api.arrival(1);
    await clock.advance(1_000);
    await api.arrival(2);
    expect(api.arrivals).toHaveLength(3);
    await clock.advance(1_000);
    await api.arrival(3);
    for (const { answer } of api.arrivals.slice(1)) answer(200);
    expect(await Promise.all(calls)).toEqual(['200', '200', '200']);
  });

  it('has no more requests unanswered than it has left', async () => {
    const dispatcher = throttled();
    await received(dispatcher, left(2));
    const calls = [1, 2, 3, 4, 5].map(() => call(dispatcher, FILE));
    await api.arrival(2);
    for (const [index, remaining] of [1, 2, 2, 2, 2].entries()) {
      (await api.arrival(index + 1)).answer(200, left(remaining));
    }
    expect(await Promise.all(calls)).toHaveLength(5);
    expect(api.mostAtOnce).toBe(2);
  });

  it('does not count a request that was lost as one that waits for its answer', async () => {
    const dispatcher = throttled();
    await received(dispatcher, left(1));
    const lost = rejection(call(dispatcher, FILE));
    (await api.arrival(1)).response.destroy();
    expect(await lost).toMatchObject({ code: 'UND_ERR_SOCKET' });
    const next = call(dispatcher, FILE);
    expect(waits()).toEqual([]);
    (await api.arrival(2)).answer(200);
    expect(await next).toBe('200');
  });

  it('lets those go first that have waited for it, also when there was no place for them', async () => {
    const dispatcher = throttled({ concurrency: 1 });
    await received(dispatcher, left(0));
    const held = call(dispatcher, `${FILE}?held`);
    const other = call(dispatcher, '/other');
    await api.arrival(1);
    await clock.advance(6_000);
    const late = call(dispatcher, `${FILE}?late`);
    for (const index of [1, 2, 3]) (await api.arrival(index)).answer(200);
    expect(await Promise.all([held, other, late])).toEqual(['200', '200', '200']);
    expect(sent.slice(1)).toEqual(['/other', `${FILE}?held`, `${FILE}?late`]);
  });

  it('forgets how many were left when the window has passed', async () => {
    const dispatcher = throttled();
    await received(dispatcher, left(1, 10, 60_000));
    clock.pause(60_000);
    const calls = [1, 2, 3].map(() => call(dispatcher, FILE));
    await api.arrival(3 - 1);
    await api.arrival(3);
    for (const { answer } of api.arrivals.slice(1)) answer(200);
    expect(await Promise.all(calls)).toEqual(['200', '200', '200']);
    expect(waits()).toEqual([]);
  });

  it('takes no time from an answer that names none', async () => {
    const dispatcher = throttled();
    await received(dispatcher, { 'x-ratelimit-remaining': '0' });
    const next = call(dispatcher, FILE);
    (await api.arrival(1)).answer(200);
    expect(await next).toBe('200');
  });

  it('does not believe an answer that is older than the word that nothing is left', async () => {
    const dispatcher = throttled();
    const early = call(dispatcher, FILE);
    await api.arrival(0);
    await received(dispatcher, left(0));
    api.arrivals[0]?.answer(200, left(9));
    expect(await early).toBe('200');
    const next = call(dispatcher, FILE);
    expect(waits()).toEqual([6_000]);
    await clock.advance(6_000);
    (await api.arrival(2)).answer(200);
    expect(await next).toBe('200');
  });

  it('holds up those that wait for longer when another answer says so, and never for less', async () => {
    const dispatcher = throttled({ methods: [] });
    const slow = [call(dispatcher, FILE), call(dispatcher, FILE)];
    await api.arrival(1);
    await received(dispatcher, left(0));
    const next = call(dispatcher, FILE);
    expect(waits()).toEqual([6_000]);
    for (const [index, retryAfter] of ['9', '2'].entries()) {
      api.arrivals[index]?.answer(429, { 'retry-after': retryAfter });
      await until(() => ended === index + 2);
      expect(waits()).toEqual([9_000]);
    }
    expect(await Promise.all(slow)).toEqual(['429', '429']);
    await clock.advance(9_000);
    (await api.arrival(3)).answer(200);
    expect(await next).toBe('200');
  });

  it('does not count as a wait for it what is a wait for a place', async () => {
    const dispatcher = throttled({ concurrency: 1, maxWait: 10_000 });
    await received(dispatcher, left(0));
    const calls = [1, 2].map(() => call(dispatcher, FILE));
    await clock.advance(6_000);
    await api.arrival(1);
    await clock.advance(20_000);
    for (const index of [1, 2]) (await api.arrival(index)).answer(200, left(5));
    expect(await Promise.all(calls)).toEqual(['200', '200']);
  });

  it('fails a request that would wait for too long, at once and without sending it', async () => {
    const dispatcher = throttled({ maxWait: 5_000 });
    await received(dispatcher, left(0, 10, 60_000));
    const error = await rejection(call(dispatcher, FILE));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ code: 'rate_limited', retryAfter: 6 });
    expect(String(error)).toContain('was not carried out');
    expect(api.arrivals).toHaveLength(1);
    expect(waits()).toEqual([]);
  });

  it('fails those that wait when it turns out that they would wait for too long', async () => {
    const dispatcher = throttled({ maxWait: 10_000 });
    await received(dispatcher, left(0, 10, 60_000));
    const first = call(dispatcher, FILE);
    const second = rejection(call(dispatcher, FILE));
    await clock.advance(6_000);
    (await api.arrival(1)).answer(200, left(0, 10, 60_000));
    expect(await first).toBe('200');
    expect(await second).toMatchObject({ code: 'rate_limited', retryAfter: 6 });
  });

  it('keeps no request waiting for a server that does not answer for longer than `maxWait`', async () => {
    const dispatcher = throttled({ maxWait: 1_500 });
    await received(dispatcher, left(1));
    const calls = [1, 2].map(() => call(dispatcher, FILE));
    const late = rejection(call(dispatcher, FILE));
    await api.arrival(1);
    await clock.advance(1_000);
    await api.arrival(2);
    await clock.advance(1_000);
    const error = await late;
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).not.toHaveProperty('retryAfter');
    for (const { answer } of api.arrivals.slice(1)) answer(200);
    expect(await Promise.all(calls)).toEqual(['200', '200']);
  });

  it('is asked again after an hour at the latest, whatever an answer said', async () => {
    const dispatcher = throttled({ maxWait: 2 ** 40 });
    await received(dispatcher, left(0, 1, 999_999_999_999));
    const next = call(dispatcher, FILE);
    expect(waits()).toEqual([3_600_000]);
    await clock.advance(3_600_000);
    (await api.arrival(1)).answer(200);
    expect(await next).toBe('200');
  });

  it('is the same for all queued requests, even if it was forgotten meanwhile', async () => {
    const dispatcher = throttled({ concurrency: 1, limitKey: ({ path }) => path });
    const first = call(dispatcher, '/first');
    const abortion = new AbortController();
    const calls = [call(dispatcher, '/same')];
    const many = Array.from({ length: 300 }, (_, n) =>
      rejection(call(dispatcher, `/${n}`, { signal: abortion.signal })),
    );
    calls.push(call(dispatcher, '/same'));
    abortion.abort(new Error('not wanted'));
    await Promise.all(many);
    (await api.arrival(0)).answer(200);
    (await api.arrival(1)).answer(200, left(0));
    expect(await Promise.all([first, calls[0]])).toEqual(['200', '200']);
    expect(waits()).toEqual([6_000]);
    await clock.advance(6_000);
    (await api.arrival(2)).answer(200);
    expect(await calls[1]).toBe('200');
  });

  it('is forgotten when nothing is known of it, and only then', async () => {
    const dispatcher = throttled({ limitKey: ({ path }) => path });
    await received(dispatcher, left(0), '/held');
    for (let n = 0; n < 600; n += 1) await received(dispatcher, {}, `/v4/${n}`);
    const next = call(dispatcher, '/held');
    expect(waits()).toEqual([6_000]);
    await clock.advance(6_000);
    (await api.arrival(601)).answer(200);
    expect(await next).toBe('200');
  });
});

describe('a 429', () => {
  it('is the answer to a write that was redirected: what redirected may have carried it out', async () => {
    const dispatcher = throttled({}, interceptors.redirect({ maxRedirections: 3 }));
    const answer = call(dispatcher, '/', { method: 'PUT', body: 'one' });
    (await api.arrival(0)).answer(303, { location: '/view' });
    (await api.arrival(1)).answer(429, { 'retry-after': '1' }, 'refused');
    expect(await answer).toBe('429 refused');
    expect(api.arrivals.map(({ line }) => line)).toEqual(['PUT /', 'GET /view']);
  });

  it('delays no request because of a body that never ends', async () => {
    const answer = call(throttled({ concurrency: 1, clock: systemClock() }), '/');
    (await api.arrival(0)).response.writeHead(429, { 'retry-after': '1' }).write('ref');
    (await api.arrival(1)).answer(200, {}, 'hello');
    expect(await answer).toBe('200 hello');
  });

  it('is retried after Retry-After, unnoticed by the caller (RFC 9110 §10.2.3)', async () => {
    const dispatcher = throttled();
    const answer = call(dispatcher, '/v4/me', { method: 'PUT', body: '{"a":1}' });
    (await api.arrival(0)).answer(429, { 'retry-after': '7' }, 'refused');
    await until(() => waits().length === 1);
    expect(waits()).toEqual([7_000]);
    await clock.advance(7_000);
    const { line, body, answer: reply } = await api.arrival(1);
    expect([line, body]).toEqual(['PUT /v4/me', '{"a":1}']);
    reply(200, {}, 'done');
    expect(await answer).toBe('200 done');
    expect(api.connections).toBe(1);
  });

  const dates: [string, Record<string, string>][] = [
    [
      'by the clock of the server',
      { 'retry-after': 'Thu, 01 Jan 2026 12:00:09 GMT', date: 'Thu, 01 Jan 2026 12:00:00 GMT' },
    ],
    ['in another form', { 'retry-after': 'Thursday, 01-Jan-26 12:00:09 GMT', date: 'Thu Jan  1 12:00:00 2026' }],
  ];
  for (const [how, headers] of dates) {
    it(`is repeated at the date that Retry-After names, ${how}`, async () => {
      const dispatcher = throttled();
      const answer = call(dispatcher, '/v4/me');
      (await api.arrival(0)).answer(429, headers);
      await until(() => waits().length === 1);
      expect(waits()).toEqual([9_000]);
      await clock.advance(9_000);
      (await api.arrival(1)).answer(200);
      expect(await answer).toBe('200');
    });
  }

  it('is repeated after a second, and after up to twice as much each time, where no time is named', async () => {
    let chance = 0;
    const dispatcher = throttled({ random: () => chance });
    const answer = call(dispatcher, '/v4/me');
    let waited = 0;
    for (const [index, [random, wait]] of [
      [0, 1_000],
      [0.5, 2_500],
      [1, 8_000],
    ].entries()) {
      chance = random ?? 0;
      (await api.arrival(index)).answer(429, left(0));
      await until(() => waits().length === 1);
      waited += wait ?? 0;
      expect(waits()).toEqual([waited]);
      await clock.advance(wait ?? 0);
    }
    (await api.arrival(3)).answer(200);
    expect(await answer).toBe('200');
  });

  it('counts once with others that were under way together, and begins anew after an answer that is none', async () => {
    const dispatcher = throttled({ random: () => 0.999, retries: 1 });
    const calls = [1, 2, 3].map(() => call(dispatcher, '/v4/list'));
    await api.arrival(2);
    for (const { answer } of api.arrivals) answer(429);
    await until(() => ended === 3);
    await clock.advance(2_000);
    for (const index of [3, 4, 5]) (await api.arrival(index)).answer(200);
    expect(await Promise.all(calls)).toEqual(['200', '200', '200']);

    const next = call(dispatcher, '/v4/list');
    (await api.arrival(6)).answer(429);
    await until(() => waits().length === 1);
    await clock.advance(2_000);
    (await api.arrival(7)).answer(200);
    expect(await next).toBe('200');
  });

  it('is repeated after a second at the earliest, and after the window where that gives back everything', async () => {
    const dispatcher = throttled({ refill: 'at_once' });
    const answer = call(dispatcher, '/v4/me');
    for (const [index, headers, at] of [
      [0, { 'retry-after': '0' }, 1_000],
      [1, left(0, 10, 20_000), 21_000],
    ] as const) {
      (await api.arrival(index)).answer(429, headers);
      await until(() => waits().length === 1);
      expect(waits()).toEqual([at]);
      await clock.advanceTo(NOW + at);
    }
    (await api.arrival(2)).answer(200);
    expect(await answer).toBe('200');
  });

  it('lets all the others with the same limit wait, and go on one by one, the earliest first', async () => {
    const dispatcher = throttled();
    const calls = ['a', 'b', 'c'].map((name) => call(dispatcher, `/v4/list?${name}`));
    await api.arrival(2);
    for (const { answer } of api.arrivals.toReversed()) answer(429, { 'retry-after': '1' });
    await until(() => ended === 3);
    calls.push(call(dispatcher, '/v4/list?d'));
    await clock.advance(1_000);
    for (const index of [3, 4, 5, 6]) {
      const { answer } = await api.arrival(index);
      await clock.advance(0);
      expect(api.arrivals).toHaveLength(index + 1);
      answer(200, left(1));
    }
    expect(await Promise.all(calls)).toEqual(['200', '200', '200', '200']);
    expect(sent.slice(3)).toEqual(['/v4/list?a', '/v4/list?b', '/v4/list?c', '/v4/list?d']);
  });

  it('passes as it is when it was repeated often enough', async () => {
    const dispatcher = throttled({ retries: 1 });
    const answer = request(`${api.origin}/v4/me`, { dispatcher });
    (await api.arrival(0)).answer(429, { 'x-debug-id': 'first' }, 'refused');
    await until(() => waits().length === 1);
    await clock.advance(1_000);
    (await api.arrival(1)).answer(429, { 'x-debug-id': 'second' }, 'refused again');
    const { statusCode, headers, body } = await answer;
    expect([statusCode, headers['x-debug-id'], await body.text()]).toEqual([429, 'second', 'refused again']);
  });

  it('passes as it is when it asks for a longer wait than is agreed, and the next request is not sent', async () => {
    const dispatcher = throttled({ maxWait: 10_000 });
    const first = call(dispatcher, '/v4/me');
    (await api.arrival(0)).answer(429, { 'retry-after': '120' }, 'refused');
    expect(await first).toBe('429 refused');
    expect(await rejection(call(dispatcher, '/v4/me'))).toMatchObject({ code: 'rate_limited', retryAfter: 120 });
    expect(api.arrivals).toHaveLength(1);
  });

  const writes: [string, Init, RateLimitInterceptorOptions, boolean][] = [
    ['a POST', { method: 'POST', body: 'text' }, {}, false],
    ['a POST, if the methods say so', { method: 'POST', body: 'text' }, { methods: ['POST'] }, true],
    ['a POST that is said to be idempotent', { method: 'POST', body: 'text', idempotent: true }, {}, true],
    ['a GET that is said not to be', { method: 'GET', idempotent: false }, {}, false],
    ['a DELETE', { method: 'DELETE' }, {}, true],
    ['a PUT of bytes', { method: 'PUT', body: Buffer.from('bytes') }, {}, true],
    ['a PUT of a stream', { method: 'PUT', body: Readable.from(['stream']) }, {}, false],
    ['anything, if there are to be no repetitions', { method: 'GET' }, { retries: 0 }, false],
  ];
  for (const [what, init, options, repeated] of writes) {
    it(`is ${repeated ? '' : 'not '}repeated for ${what}`, async () => {
      const dispatcher = throttled(options);
      const answer = call(dispatcher, '/v4/me', init);
      const first = await api.arrival(0);
      first.answer(429, {}, 'refused');
      if (repeated) {
        await until(() => waits().length === 1);
        await clock.advance(1_000);
        const second = await api.arrival(1);
        expect(second.body).toBe(first.body);
        second.answer(200);
      }
      expect(await answer).toBe(repeated ? '200' : '429 refused');
      expect(waits()).toEqual([]);
    });
  }

  it('is repeated though its body breaks off, or has no end', async () => {
    const dispatcher = throttled();
    const answer = call(dispatcher, '/v4/me');
    (await api.arrival(0)).response.writeHead(429).write('refu', () => api.arrivals[0]?.response.destroy());
    await until(() => waits().length === 1);
    await clock.advance(1_000);
    (await api.arrival(1)).response.writeHead(429).write(Buffer.alloc(2 ** 20));
    await until(() => waits().length === 1);
    await clock.advance(2_000);
    (await api.arrival(2)).answer(200);
    expect(await answer).toBe('200');
  });

  it('is read for as long as it may be, each time anew, so that its connection is used again', async () => {
    const dispatcher = throttled();
    const answer = call(dispatcher, '/v4/me');
    for (const [index, wait] of [1_000, 1_000, 1_000].entries()) {
      (await api.arrival(index)).answer(429, {}, 'x'.repeat(60 * 1024));
      await until(() => waits().length === 1);
      await clock.advance(wait);
    }
    (await api.arrival(3)).answer(200);
    expect(await answer).toBe('200');
    expect(api.connections).toBe(1);
  });

  it('does not disturb a handler that paused before there was an answer', async () => {
    const heard: unknown[] = [];
    const dispatcher = throttled();
    const paused = new Promise<Dispatcher.DispatchController>((resolve) => {
      dispatcher.dispatch(
        { origin: api.origin, path: '/v4/me', method: 'GET' },
        {
          ...SILENT,
          onRequestStart: (controller) => controller.pause(),
          onResponseStart: (controller, status) => {
            heard.push(status);
            resolve(controller);
          },
          onResponseData: (_controller, chunk) => heard.push(String(chunk)),
          onResponseEnd: () => heard.push('end'),
        },
      );
    });
    (await api.arrival(0)).answer(429, {}, 'refused');
    await until(() => waits().length === 1);
    await clock.advance(1_000);
    (await api.arrival(1)).answer(200, {}, 'body');
    const controller = await paused;
    expect([controller.paused, heard]).toEqual([true, [200]]);
    controller.resume();
    await until(() => heard.length === 3);
    expect(heard).toEqual([200, 'body', 'end']);
  });

  it('is not told to a handler that was aborted because of it', async () => {
    const heard: unknown[] = [];
    const dispatcher = throttled({ maxWait: 10_000 });
    const known = call(dispatcher, '/v4/me');
    (await api.arrival(0)).answer(200, left(1));
    await known;
    const target = { origin: api.origin, path: '/v4/me', method: 'GET' };
    let first: Dispatcher.DispatchController | undefined;
    dispatcher.dispatch(target, {
      ...SILENT,
      onRequestStart: (controller) => {
        first = controller;
      },
      onResponseStart: (_controller, status) => heard.push(status),
      onResponseError: (_controller, error) => heard.push(error.message),
    });
    dispatcher.dispatch(target, { ...SILENT, onResponseError: () => first?.abort(new Error('both or none')) });
    (await api.arrival(1)).answer(429, { 'retry-after': '60' });
    await until(() => heard.length > 0);
    expect(heard).toEqual(['both or none']);
  });

  it('can be given up while its body is read, and while its repetition waits', async () => {
    const dispatcher = throttled({ concurrency: 1 });
    const reading = new AbortController();
    const first = rejection(call(dispatcher, '/v4/me', { signal: reading.signal }));
    (await api.arrival(0)).response.writeHead(429).write('refu');
    await new Promise((resolve) => api.arrivals[0]?.response.write('sed', resolve));
    reading.abort(new Error('not wanted'));
    expect(await first).toMatchObject({ message: 'not wanted' });

    const waiting = new AbortController();
    const second = rejection(call(dispatcher, '/v4/other', { signal: waiting.signal }));
    (await api.arrival(1)).answer(429);
    await until(() => waits().length === 1);
    waiting.abort(new Error('not wanted either'));
    expect(await second).toMatchObject({ message: 'not wanted either' });
    expect(waits()).toEqual([]);

    const third = call(dispatcher, '/v4/third');
    (await api.arrival(2)).answer(200);
    expect(await third).toBe('200');
  });

  it('is repeated with the token of the moment, where the token is inside', async () => {
    const tokens = ['fictional-token-1', 'fictional-token-2'];
    const auth = { getToken: async () => tokens.shift() ?? '' };
    const dispatcher = throttled({}, authInterceptor(auth, { allowedOrigins: [api.origin] }));
    const answer = call(dispatcher, '/v4/me');
    (await api.arrival(0)).answer(429);
    await until(() => waits().length === 1);
    await clock.advance(1_000);
    (await api.arrival(1)).answer(200);
    expect(await answer).toBe('200');
    expect(api.arrivals.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer fictional-token-1',
      'Bearer fictional-token-2',
    ]);
  });

  it('is the only answer that is repeated: no 5xx is, and no lost connection', async () => {
    const dispatcher = throttled();
    const failed = call(dispatcher, '/v4/me');
    (await api.arrival(0)).answer(503, { 'retry-after': '1' }, 'down');
    expect(await failed).toBe('503 down');
    const lost = rejection(call(dispatcher, '/v4/me'));
    (await api.arrival(1)).response.destroy();
    expect(await lost).toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(waits()).toEqual([]);
    expect(api.arrivals).toHaveLength(2);
  });

  it('keeps the process alive while a request waits, and not longer', async () => {
    const kept: unknown[] = [];
    const watched: Clock = {
      ...clock,
      setTimeout: (callback, delay, options) => {
        kept.push(options?.keepAlive);
        return clock.setTimeout(callback, delay, options);
      },
    };
    const dispatcher = throttled({ clock: watched });
    const answer = call(dispatcher, '/v4/me');
    (await api.arrival(0)).answer(429);
    await until(() => waits().length === 1);
    await clock.advance(1_000);
    expect(waits()).toEqual([]);
    (await api.arrival(1)).answer(200);
    expect(await answer).toBe('200');
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.every((keepAlive) => keepAlive === true)).toBe(true);
  });
});

describe('what passes through', () => {
  it('an upgrade, which needs no place any longer', async () => {
    api.onUpgrade((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: fictional\r\n\r\n');
      socket.on('data', (chunk) => socket.end(chunk)).on('error', () => {});
    });
    const dispatcher = throttled({ concurrency: 1 });
    const { socket } = await upgrade(`${api.origin}/socket`, { dispatcher, protocol: 'fictional' });
    const next = call(dispatcher, '/v4/me');
    (await api.arrival(0)).answer(200);
    expect(await next).toBe('200');
    socket.write('echo');
    const [chunk] = await once(socket, 'data');
    expect(String(chunk)).toBe('echo');
    socket.destroy();
  });

  it('trailers, what comes before an answer, and the redirects that led to it', async () => {
    const dispatcher = throttled({}, interceptors.redirect({ maxRedirections: 1 }));
    const hints: unknown[] = [];
    const answer = request(`${api.origin}/from`, {
      dispatcher,
      onInfo: ({ statusCode, headers }) => hints.push([statusCode, headers['link']]),
    });
    (await api.arrival(0)).answer(302, { location: '/to' });
    const { response } = await api.arrival(1);
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.writeHead(200, { trailer: 'x-checksum' });
    response.write('body');
    response.addTrailers({ 'x-checksum': 'fictional' });
    response.end();
    const { body, trailers, context } = await answer;
    expect(await body.text()).toBe('body');
    expect(trailers).toEqual({ 'x-checksum': 'fictional' });
    expect(hints).toEqual([[103, '</style.css>; rel=preload']]);
    expect((context as { history: URL[] }).history.map(({ pathname }) => pathname)).toEqual(['/from', '/to']);
  });

  it('the asynchronous context of its caller, even if the end of another request lets it begin', async () => {
    const user = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const dispatcher = throttled({ concurrency: 1 }, (dispatch) => (options, handler) => {
      seen.push(user.getStore());
      return dispatch(options, handler);
    });
    const calls = ['user-1', 'user-2'].map((name) => user.run(name, () => call(dispatcher, '/v4/me')));
    for (const index of [0, 1]) (await api.arrival(index)).answer(200);
    await Promise.all(calls);
    expect(seen).toEqual(['user-1', 'user-2']);
  });

  for (const event of ['onRequestStart', 'onResponseStart', 'onResponseData', 'onResponseEnd'] as const) {
    it(`what a handler throws in ${event}, and its place is free`, async () => {
      const dispatcher = throttled({ concurrency: 1 });
      const failure = new Error('the handler is broken');
      const received: unknown[] = [];
      const ended = new Promise<void>((resolve) => {
        const handler: Dispatcher.DispatchHandler = {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd() {},
          onResponseError: (_controller, error) => {
            received.push(error);
            resolve();
          },
          [event]: () => {
            throw failure;
          },
        };
        dispatcher.dispatch({ origin: api.origin, path: '/v4/broken', method: 'GET' }, handler);
      });
      if (event !== 'onRequestStart') (await api.arrival(0)).answer(200, {}, 'body');
      await ended;
      const next = call(dispatcher, '/v4/me');
      (await api.arrival(event === 'onRequestStart' ? 0 : 1)).answer(200);
      expect(await next).toBe('200');
      expect(received).toEqual([failure]);
    });
  }
});

describe('options', () => {
  it('leave it to undici to refuse a request that is none', async () => {
    const nothing = { origin: api.origin, method: 'GET' } as Dispatcher.RequestOptions;
    expect(await rejection(throttled().request(nothing))).toMatchObject({ code: 'UND_ERR_INVALID_ARG' });
  });

  const wrong: [string, unknown][] = [
    ['options', 'https://api.frame.io'],
    ['origins', { origins: 'https://api.frame.io' }],
    ['origins', { origins: ['https://api.frame.io/v4'] }],
    ['origins', { origins: ['api.frame.io'] }],
    ['concurrency', { concurrency: 0 }],
    ['concurrency', { concurrency: 1.5 }],
    ['retries', { retries: -1 }],
    ['methods', { methods: 'GET' }],
    ['methods', { methods: ['get'] }],
    ['maxWait', { maxWait: Number.POSITIVE_INFINITY }],
    ['maxWait', { maxWait: -1 }],
    ['refill', { refill: 'never' }],
    ['limitKey', { limitKey: 'path' }],
    ['clock', { clock: null }],
    ['clock', { clock: { ...manualClock(), monotonic: undefined } }],
    ['random', { random: 0.5 }],
  ];
  for (const [name, options] of wrong) {
    it(`refuses ${JSON.stringify(options)}, and says how ${name} should be`, () => {
      let error: unknown;
      try {
        rateLimitInterceptor(options as RateLimitInterceptorOptions);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({ code: 'invalid_option', message: expect.stringContaining(name) });
    });
  }

  it('takes an origin as people write it', async () => {
    const dispatcher = throttled({ concurrency: 1, origins: [`${api.origin.replace('http', 'HTTP')}/`] });
    const calls = [call(dispatcher, '/one'), call(dispatcher, '/two')];
    for (const index of [0, 1]) (await api.arrival(index)).answer(200);
    expect(await Promise.all(calls)).toEqual(['200', '200']);
    expect(api.mostAtOnce).toBe(1);
  });
});

/** Lets the network do its part, until something that it leads to has happened. */
async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await turnOfTheEventLoop();
}
