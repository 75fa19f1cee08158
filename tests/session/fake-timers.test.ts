/** Sessions with no clock of their own, under the fake timers of vitest, which are those of sinon and Jest as well. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { adobeIms, ServerToServerAuth } from '@frameio-auth/core';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const HOUR = 3_600_000;

/** What sockets need stays real. */
const KEPT = ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const;

let server: Server;
let issued = 0;
let failing = 0;
const auths: ServerToServerAuth[] = [];

beforeEach(async () => {
  [issued, failing] = [0, 0];
  server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    if (failing-- > 0) response.writeHead(503).end();
    else response.end(JSON.stringify({ access_token: `token-${++issued}`, token_type: 'bearer', expires_in: 3600 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await Promise.all(auths.splice(0).map((auth) => auth.close()));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function service(): ServerToServerAuth {
  const { port } = server.address() as AddressInfo;
  const auth = new ServerToServerAuth({
    clientId: 'client.fictional',
    clientSecret: 'secret.fictional',
    server: adobeIms({ origin: `http://127.0.0.1:${port}` }),
    transport: fetchTransport(),
    entropy: (length) => new Uint8Array(length).fill(16), // Pauses are a sixteenth of the longest.
  });
  auths.push(auth);
  return auth;
}

/** Resolves when the session takes the step. */
async function reaches(auth: ServerToServerAuth, step: string): Promise<void> {
  while (auth.snapshot.step !== step) await new Promise((resolve) => setImmediate(resolve));
}

describe('a session that was made before the timers were faked', () => {
  it('sees the time that fake timers let pass', async () => {
    const auth = service();
    expect(await auth.getToken()).toBe('token-1');
    vi.useFakeTimers({ now: Date.now(), toNotFake: [...KEPT] });
    await vi.advanceTimersByTimeAsync(2 * HOUR);
    expect(await auth.getToken()).toBe('token-2');
  });

  it('sees a time that is set', async () => {
    const auth = service();
    await auth.getToken();
    vi.useFakeTimers({ now: Date.now(), toNotFake: [...KEPT] });
    vi.setSystemTime(Date.now() + 2 * HOUR);
    expect(auth.peekToken()).toBeUndefined();
    expect(await auth.getToken()).toBe('token-2');
  });

  it('sees a time that a spy shows', async () => {
    const auth = service();
    await auth.getToken();
    const later = Date.now() + 2 * HOUR;
    vi.spyOn(Date, 'now').mockReturnValue(later);
    expect(await auth.getToken()).toBe('token-2');
    expect(await auth.getToken()).toBe('token-2');
  });
});

describe('a session that was made under fake timers', () => {
  it('continues in the real time, once that is back', async () => {
    vi.useFakeTimers({ now: Date.UTC(2020, 0, 1), toNotFake: [...KEPT] });
    const auth = service();
    expect(await auth.getToken()).toBe('token-1');
    vi.useRealTimers();
    expect(await auth.getToken()).toBe('token-2');
    expect(auth.snapshot.expiresAt).toBeGreaterThan(Date.now());
  });

  it('refreshes in the background when its time comes', async () => {
    vi.useFakeTimers({ toNotFake: [...KEPT] });
    const auth = service();
    await auth.getToken();
    await vi.advanceTimersByTimeAsync(HOUR - 150_000);
    await reaches(auth, 'valid.fresh');
    expect(auth.peekToken()).toBe('token-2');
  });

  it('waits through a pause that the test lets pass', async () => {
    vi.useFakeTimers({ toNotFake: [...KEPT] });
    failing = 1;
    const auth = service();
    const answer = auth.getToken();
    await reaches(auth, 'authorizing.backingOff');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await answer).toBe('token-1');
  });
});

describe('where only a part of the time is faked', () => {
  it.each([
    ['Date alone, which stands still', () => vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] })],
    ['Date alone, which stands still in the past', () => vi.useFakeTimers({ now: 0, toFake: ['Date'] })],
    ['Date by a spy, which stands still', () => vi.spyOn(Date, 'now').mockReturnValue(Date.UTC(2030, 0, 1))],
    ['Date and performance', () => vi.useFakeTimers({ now: 0, toFake: ['Date', 'performance'] })],
  ])('a pause ends: %s', async (_, fake) => {
    fake();
    failing = 1;
    expect(await service().getToken()).toBe('token-1');
  });

  it.each([
    ['setTimeout and clearTimeout', ['setTimeout', 'clearTimeout'] as const],
    ['these and performance', ['setTimeout', 'clearTimeout', 'performance'] as const],
    ['these and Date', ['setTimeout', 'clearTimeout', 'Date'] as const],
  ])('timers fire when they are told to, and a token ends: %s', async (_, toFake) => {
    vi.useFakeTimers({ toFake: [...toFake] });
    const auth = service();
    expect(await auth.getToken()).toBe('token-1');
    await vi.advanceTimersByTimeAsync(HOUR);
    await reaches(auth, 'valid.fresh');
    expect(await auth.getToken()).toBe('token-2');
  });
});
