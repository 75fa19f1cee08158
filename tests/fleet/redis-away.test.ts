import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from '@frameio-auth/core';
import { type ManualClock, manualClock } from '@frameio-auth/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { signIn, startFleet } from './fleet.js';

/** Milliseconds. */
const SECOND = 1_000;

/** How long each test's instances wait for Redis, in milliseconds; and the timeouts for which Redis is away. */
const [OF_USERS, OF_SERVICES] = [998, 999];
const away = new Set<number | undefined>();

beforeAll(() => {
  const startTimer = globalThis.setTimeout;
  const timer = (callback: () => void, ms?: number, ...more: []) =>
    startTimer(callback, away.has(ms) ? 0 : ms, ...more);
  const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(timer as typeof setTimeout);
  return () => spy.mockRestore();
});

describe.concurrent('while Redis is away', () => {
  it("a user's token is served to its last second, then the session fails, and it recovers by itself", async ({
    onTestFinished,
  }) => {
    const clock = manualClock({ now: Date.now() });
    const { redis, server, webApp } = await startFleet(
      { server: { clock, rotation: 'revoke-chain' }, redis: { persistence: 'always' }, timeout: OF_USERS },
      onTestFinished,
    );
    const auth = webApp({ clock });
    const token = await signIn(server, auth);
    const expiry = auth.snapshot.expiresAt ?? 0;
    await redis.kill();
    away.add(OF_USERS);

    while (clock.now() < expiry - SECOND) {
      await clock.advance(Math.min((expiry - clock.now()) / 2, expiry - SECOND - clock.now()));
      expect((await auth.getToken()) === token).toBe(true);
    }
    await clock.advance(2 * SECOND);
    const failure = await whileTimePasses(
      clock,
      auth.getToken().catch((error: unknown) => error),
    );
    expect(failure).toBeInstanceOf(StorageError);
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);

    away.delete(OF_USERS);
    await redis.start();
    const renewed = await untilServed(clock, () => auth.getToken());
    expect(server.accessTokenIsLive(renewed)).toBe(true);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
    await auth.close();
  });

  it('a service asks for tokens without it, and shares them again when it is back', async ({ onTestFinished }) => {
    const clock = manualClock({ now: Date.now() });
    const { redis, server, service } = await startFleet({ server: { clock }, timeout: OF_SERVICES }, onTestFinished);
    const [auth, other] = [service({ clock }), service({ clock })];
    const token = await auth.getToken();
    await other.getToken();
    expect(server.count({ grantType: 'client_credentials' })).toBe(1);
    await redis.kill();
    away.add(OF_SERVICES);
    await clock.advance((auth.snapshot.expiresAt ?? 0) - clock.now() + SECOND);

    const alone = await whileTimePasses(clock, auth.getToken());
    expect(alone === token).toBe(false);
    expect(server.accessTokenIsLive(alone)).toBe(true);
    expect(auth.snapshot.degraded).toBe(true);

    away.delete(OF_SERVICES);
    await redis.start();
    await untilServed(clock, async () => {
      if (auth.snapshot.degraded) throw new Error('It has not written its token yet.');
      return auth.getToken();
    });
    await Promise.all([auth.close(), other.close()]);
  });
});

/** Retries, like an application with returning users, until there is a token. */
async function untilServed(clock: ManualClock, ask: () => Promise<string>): Promise<string> {
  for (;;) {
    const token = await whileTimePasses(
      clock,
      ask().catch(() => undefined),
    );
    if (token !== undefined) return token;
    await clock.advance(SECOND);
    await delay(10);
  }
}

/** Lets time pass for the pauses between attempts, until there is a result: Redis' own time is a real one. */
async function whileTimePasses<Result>(clock: ManualClock, result: Promise<Result>): Promise<Result> {
  const over = new AbortController();
  const passing = (async () => {
    while (!over.signal.aborted) {
      await clock.advance(SECOND);
      await delay(10);
    }
  })();
  try {
    return await result;
  } finally {
    over.abort();
    await passing;
  }
}
