import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from '@frameio-auth/core';
import { describe, expect, it } from 'vitest';
import { signIn, startFleet } from './fleet.js';

/** Seconds. */
const LIFETIME = 2;

describe.concurrent('while Redis is away', () => {
  it("a user's token is served to its last second, then the session fails, and it recovers by itself", async ({
    onTestFinished,
  }) => {
    const { redis, server, webApp } = await startFleet(
      {
        server: { accessTokenLifetime: LIFETIME, rotation: 'revoke-chain' },
        redis: { persistence: 'always' },
        timeout: 1_000,
      },
      onTestFinished,
    );
    const auth = webApp();
    const token = await signIn(server, auth);
    const expiry = auth.snapshot.expiresAt ?? 0;
    await redis.kill();

    let served = 0;
    while (Date.now() < expiry - 200) {
      expect((await auth.getToken()) === token).toBe(true);
      served += 1;
      await delay(25);
    }
    expect(served).toBeGreaterThan(0);
    await delay(expiry - Date.now() + 50);
    const failure = await auth.getToken().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StorageError);
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);

    await redis.start();
    const renewed = await untilServed(() => auth.getToken());
    expect(server.accessTokenIsLive(renewed)).toBe(true);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
    await auth.close();
  });

  it('a service asks for tokens without it, and shares them again when it is back', async ({ onTestFinished }) => {
    const { redis, server, service } = await startFleet(
      { server: { accessTokenLifetime: LIFETIME }, timeout: 1_000 },
      onTestFinished,
    );
    const [auth, other] = [service(), service()];
    const token = await auth.getToken();
    await other.getToken();
    expect(server.count({ grantType: 'client_credentials' })).toBe(1);
    await redis.kill();
    await delay(LIFETIME * 1_000);

    const alone = await auth.getToken();
    expect(alone === token).toBe(false);
    expect(server.accessTokenIsLive(alone)).toBe(true);
    expect(auth.snapshot.degraded).toBe(true);

    await redis.start();
    await untilServed(async () => {
      if (auth.snapshot.degraded) throw new Error('It has not written its token yet.');
      return auth.getToken();
    });
    await Promise.all([auth.close(), other.close()]);
  });
});

/** Asks again, as an application does whose users come back, until there is a token. */
async function untilServed(ask: () => Promise<string>): Promise<string> {
  for (;;) {
    const token = await ask().catch(() => undefined);
    if (token !== undefined) return token;
    await delay(50);
  }
}
