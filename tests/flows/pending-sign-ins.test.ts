import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { describe, expect, it } from 'vitest';
import { errorOf, idle, MINUTE, startWorld } from '../session/world.js';

/** A storage that knows under which names sign-ins were kept, and how many still are. */
function countedStorage(world: Parameters<typeof memoryStorage>[0]) {
  const inner = memoryStorage(world);
  const names = new Set<string>();
  const storage: TokenStorage = {
    ...inner,
    commit(key, request) {
      if (key.includes('/authorization/')) names.add(key);
      return inner.commit(key, request);
    },
  };
  const count = async () => {
    const readings = await Promise.all([...names].map((name) => inner.read(name)));
    return readings.filter(({ record }) => record !== undefined).length;
  };
  return { storage, count };
}

describe('sign-ins that are begun and not completed', () => {
  it('are kept in a limited number: the oldest gives way, and the newest can be completed', async () => {
    const { server, clock, portal } = await startWorld();
    const { storage, count } = countedStorage({ clock });
    const auth = portal({ storage, maxPendingSignIns: 3 });
    const callbacks: string[] = [];
    for (const user of ['a', 'b', 'c', 'd', 'e']) {
      const { url } = await auth.session(user).getAuthorizationUrl();
      callbacks.push(await server.signIn(url));
    }
    await idle();
    expect(await count()).toBe(3);
    for (const callback of callbacks.slice(0, 2)) {
      expect(await errorOf(auth.handleCallback(callback))).toMatchObject({ code: 'state_unknown' });
    }
    for (const callback of callbacks.slice(2)) await auth.handleCallback(callback);
    expect(await count()).toBe(3);
    expect(await errorOf(auth.handleCallback(callbacks[4] ?? ''))).toMatchObject({ code: 'state_used' });
  });

  it('are counted with those that were completed, which are kept to tell of a second use', async () => {
    const { server, clock, portal } = await startWorld();
    const { storage, count } = countedStorage({ clock });
    const auth = portal({ storage, maxPendingSignIns: 2 });
    for (let sequence = 0; sequence < 5; sequence += 1) {
      const { url } = await auth.getAuthorizationUrl();
      await auth.handleCallback(await server.signIn(url));
    }
    await idle();
    expect(await count()).toBe(2);
  });

  it('make room when their ten minutes are over', async () => {
    const { server, clock, portal } = await startWorld();
    const { storage, count } = countedStorage({ clock });
    const auth = portal({ storage, maxPendingSignIns: 2 });
    for (let sequence = 0; sequence < 2; sequence += 1) await auth.getAuthorizationUrl();
    await clock.advance(11 * MINUTE);
    const { url } = await auth.getAuthorizationUrl();
    await auth.getAuthorizationUrl();
    expect(await count()).toBe(2);
    await auth.handleCallback(await server.signIn(url));
  });

  it('that another instance completed are left alone', async () => {
    const { server, clock, portal } = await startWorld();
    const { storage } = countedStorage({ clock });
    const [auth, other] = [portal({ storage, maxPendingSignIns: 1 }), portal({ storage })];
    const callback = await server.signIn((await auth.getAuthorizationUrl()).url);
    await other.handleCallback(callback);
    await auth.getAuthorizationUrl();
    await idle();
    expect(await errorOf(other.handleCallback(callback))).toMatchObject({ code: 'state_used' });
  });

  it('are rejected when they would take too much space', async () => {
    const { portal } = await startWorld();
    const auth = portal();
    const [long, longer] = ['k'.repeat(17_000), 's'.repeat(4_097)];
    const tooLarge = { name: 'ConfigurationError', code: 'sign_in_too_large' };
    expect(await errorOf(auth.session(long).getAuthorizationUrl())).toMatchObject(tooLarge);
    const scopes = Array.from({ length: 1_000 }, (_, index) => `scope-number-${index}`);
    expect(await errorOf(auth.getAuthorizationUrl({ scopes }))).toMatchObject(tooLarge);
    expect(await errorOf(auth.getAuthorizationUrl({ state: longer }))).toMatchObject({ code: 'invalid_option' });
  });
});
