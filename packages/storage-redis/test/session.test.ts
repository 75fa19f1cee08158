import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { adobeIms, ServerToServerAuth, WebAppAuth, type WebAppAuthOptions } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { type AuthorizationServer, manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { seededEntropy } from '../../../tests/seeds.js';
import { connect, open, until } from './redis-fixture.js';

let redis: RedisServer;
let server: AuthorizationServer;
beforeAll(async () => {
  [redis, server] = await Promise.all([startRedis(), startAuthorizationServer()]);
});
afterAll(() => Promise.all([redis.stop(), server.close()]));

/** Records everything that Redis runs from now on, for clients and scripts, as MONITOR shows it. */
async function monitor() {
  const monitoring = await connect(redis).monitor();
  onTestFinished(() => monitoring.disconnect());
  const seen: string[][] = [];
  monitoring.on('monitor', (_time: string, args: string[]) => seen.push(args));
  const asking = connect(redis);
  return {
    seen,
    /** Resolves when all earlier commands have been seen. */
    async settled(): Promise<void> {
      const mark = randomUUID();
      await asking.echo(mark);
      await until('MONITOR shows it', () => seen.some((args) => args.includes(mark)));
    },
    /** Returns what clients sent since the last call, without commands of scripts. */
    async asked(): Promise<string[]> {
      await this.settled();
      return seen
        .splice(0)
        .map(([command = '']) => command.toLowerCase())
        .filter((command) => ['evalsha', 'eval'].includes(command));
    },
  };
}

function place(wrap = (storage: TokenStorage): TokenStorage => storage) {
  const keyPrefix = `${randomUUID()}:`;
  const common = () => ({
    server: adobeIms({ origin: server.origin }),
    transport: fetch,
    storage: wrap(open({ client: connect(redis), keyPrefix })),
  });
  return {
    webApp: (more: Partial<WebAppAuthOptions> = {}) =>
      new WebAppAuth({ ...server.clients.webApp, ...common(), ...more }),
    service: () => new ServerToServerAuth({ ...server.clients.serverToServer, ...common() }),
  };
}

describe('round trips', () => {
  it('of a refresh are two for its holder, and one for an instance that only learns of it', async () => {
    const { webApp } = place();
    const auth = webApp();
    const { url } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await server.signIn(url));
    await auth.refresh(); // Loads the scripts into Redis.
    const monitoring = await monitor();

    await monitoring.asked();
    await auth.refresh();
    expect(await monitoring.asked()).toEqual(['evalsha', 'evalsha']);

    const other = webApp();
    const token = await other.getToken();
    await monitoring.asked(); // The commands of an instance's start are not about refreshes.
    await until('a hint reaches the other', async () => {
      await auth.refresh();
      return other.peekToken() !== token;
    });
    const latest = await auth.getToken();
    await until('the other has the latest', () => other.peekToken() === latest);
    await monitoring.asked();
    await auth.refresh();
    const renewed = await auth.getToken();
    await until('the other has learned of it', () => other.peekToken() === renewed);
    expect((await other.getToken()) === renewed).toBe(true);
    expect(await monitoring.asked()).toEqual(['evalsha', 'evalsha', 'evalsha']);
    await Promise.all([auth.close(), other.close()]);
  });

  it('of a refresh are two for its holder also when it says when it is due', async () => {
    const { webApp } = place();
    // The latest possible time: no check for due sessions comes in between.
    const seeded = seededEntropy();
    const entropy = (length: number) => (length === 4 ? new Uint8Array(4).fill(255) : seeded(length));
    const auth = webApp({ keepAlive: true, entropy });
    const { url } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await server.signIn(url));
    await auth.refresh();
    const monitoring = await monitor();
    await auth.refresh();
    await monitoring.settled();
    expect(monitoring.seen.map(([command = '']) => command.toLowerCase())).toContain('zadd');
    expect(await monitoring.asked()).toEqual(['evalsha', 'evalsha']);
    await auth.close();
  });

  it("of a service's renewal are two as well", async () => {
    const { service } = place();
    const auth = service();
    await auth.getToken();
    const monitoring = await monitor();
    await auth.refresh();
    expect(await monitoring.asked()).toEqual(['evalsha', 'evalsha']);
    await auth.close();
  });
});

describe('a hint of a version that is not there, such as that of another database', () => {
  it('costs one read when it comes, and one after the next refresh', async () => {
    const { webApp } = place();
    const auth = webApp();
    const { url } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await server.signIn(url));
    const monitoring = await monitor();
    const notified = () =>
      monitoring.seen.find(
        ([command = '', , message = '']) => /^publish$/i.test(command) && message.includes('/session/'),
      );
    await until('a hint is seen', async () => {
      await auth.refresh();
      await monitoring.settled();
      return notified() !== undefined;
    });
    const [, channel = '', message = ''] = notified() ?? [];
    await monitoring.asked();
    const publisher = connect(redis);
    await until('the hint is followed', async () => {
      await publisher.publish(channel, message.replace(/^\d+/, String(Number.MAX_SAFE_INTEGER)));
      return (await monitoring.asked()).length > 0;
    });
    await monitoring.asked();
    await auth.refresh();
    await auth.refresh();
    await delay(100);
    const asked = await monitoring.asked();
    expect(asked.length).toBeGreaterThanOrEqual(4);
    expect(asked.length).toBeLessThanOrEqual(6);
    await auth.close();
  });
});

describe('what MONITOR shows of a sign-in, a refresh and a revocation', () => {
  const KEYS = { fictional: new Uint8Array(32).fill(7) };

  async function wholeLife(
    wrap?: (storage: TokenStorage) => TokenStorage,
  ): Promise<{ shown: string; tokens: string[] }> {
    const known = new Set(server.secrets());
    const monitoring = await monitor();
    const { webApp } = place(wrap);
    const auth = webApp();
    const { url, codeVerifier } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await server.signIn(url));
    await auth.refresh();
    await auth.refresh();
    await auth.revoke();
    await auth.close();
    await monitoring.settled();
    const tokens = [codeVerifier, ...server.secrets().filter((secret) => !known.has(secret))];
    return { shown: JSON.stringify(monitoring.seen), tokens };
  }

  it('is each token in clear, without encryption', async () => {
    const { shown, tokens } = await wholeLife();
    expect(tokens.filter((token) => shown.includes(token)).length).toBeGreaterThanOrEqual(7);
  });

  it('is no token, no code and no verifier when encryptedStorage wraps the storage', async () => {
    const { shown, tokens } = await wholeLife((storage) =>
      encryptedStorage(storage, { keys: KEYS, current: 'fictional' }),
    );
    expect(tokens.length).toBeGreaterThanOrEqual(7);
    expect(shown.length).toBeGreaterThan(1000);
    expect(tokens.filter((token) => shown.includes(token)).length).toBe(0);
  });
});

describe('unused sessions', () => {
  it('live on in Redis, each renewed by one of two instances', async () => {
    const clock = manualClock();
    await using brief = await startAuthorizationServer({ clock, refreshTokenLifetime: 6 });
    const { webApp } = place();
    const profile = { ...adobeIms({ origin: brief.origin }), refreshTokenLifetime: 6 };
    const seeded = seededEntropy();
    // The earliest possible time: a tenth of a second after each token, on the clock of Redis.
    const entropy = (length: number) => (length === 4 ? new Uint8Array(4) : seeded(length));
    const kept = { ...brief.clients.webApp, server: profile, keepAlive: { before: 5.9 }, entropy };
    const first = webApp(kept);
    const names = ['mara', 'ilya', 'noor'];
    for (const name of names) {
      const { url } = await first.session(name).getAuthorizationUrl();
      await first.session(name).handleCallback(await brief.signIn(url));
    }
    await first.close();
    await clock.advance(3_000);
    const renewed = new Set<string>();
    const onTokenRefreshed = (_: unknown, name: string) => void renewed.add(name);
    const instances = [webApp({ ...kept, onTokenRefreshed }), webApp({ ...kept, onTokenRefreshed })];
    await until('each session is renewed', () => names.every((name) => renewed.has(name)));
    await clock.advance(3_500); // The refresh tokens of the sign-ins have expired.
    expect(brief.count({ grantType: 'refresh_token' })).toBeGreaterThanOrEqual(names.length);
    for (const name of names) await instances[0]?.session(name).refresh();
    expect(brief.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(
      brief.count({ grantType: 'refresh_token' }),
    );
    await Promise.all(instances.map((auth) => auth.close()));
  });
});
