import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, idle, startWorld } from '../session/world.js';

const REPEAT = { allowRepeat: true };

/** Two instances over one storage, and a callback of a sign-in that one of them began for a user. */
async function fleet() {
  const world = await startWorld();
  const whole = memoryStorage({ clock: world.clock });
  let written = 0;
  const storage: TokenStorage = {
    ...whole,
    async commit(key, request) {
      const reply = await whole.commit(key, request);
      if (key.includes('/authorization/')) written += 1;
      return reply;
    },
  };
  /** Waits for writes in the background: of a sign-in, its beginning, its callback and its outcome are written. */
  const settled = (writes = 3) => expect.poll(() => written, { interval: 5 }).toBeGreaterThanOrEqual(writes);
  const [one, other] = [world.portal({ storage }), world.portal({ storage })];
  const { url } = await one.session('mara').getAuthorizationUrl();
  const callback = await world.server.signIn(url);
  const exchanges = () => world.server.count({ grantType: 'authorization_code' });
  return { ...world, one, other, storage, settled, callback, url, exchanges };
}

describe('a callback that comes again, where that is allowed', () => {
  it('resolves to the session that it signed in, on any instance, and exchanges its code once', async () => {
    const { one, other, callback, exchanges, settled } = await fleet();
    const session = await one.handleCallback(callback, REPEAT);
    await settled();
    for (const auth of [one, other]) {
      expect(await auth.handleCallback(callback, REPEAT)).toBe(auth.session('mara'));
      expect(await auth.session('mara').handleCallback(callback, REPEAT)).toBe(auth.session('mara'));
    }
    expect(await other.session('mara').getToken()).toBe(await session.getToken());
    expect(exchanges()).toBe(1);
  });

  it('waits for the first one that is in progress, on any instance', async () => {
    const { one, other, callback, clock, exchanges } = await fleet();
    const all = Promise.all([one, other, one, other].map((auth) => auth.handleCallback(callback, REPEAT)));
    const ended = all.then(() => true);
    while (!(await Promise.race([ended, idle().then(() => false)]))) await clock.advance(100);
    expect((await all).map(({ key }) => key)).toEqual(['mara', 'mara', 'mara', 'mara']);
    expect(exchanges()).toBe(1);
  });

  it('is rejected with another code, so an attacker who planted the cookie of a sign-in would have to guess it', async () => {
    const { one, other, callback, exchanges, settled } = await fleet();
    await one.handleCallback(callback, REPEAT);
    await settled();
    const guessed = new URL(callback);
    guessed.searchParams.set('code', 'guessed.fictional');
    for (const auth of [one, other]) {
      expect(await errorOf(auth.handleCallback(guessed, REPEAT))).toMatchObject({ code: 'state_used' });
    }
    expect(await errorOf(one.session('ode').handleCallback(callback, REPEAT))).toMatchObject({ code: 'state_used' });
    expect(exchanges()).toBe(1);
  });

  it('is taken with another code by the session that it signed in: its user went back and allowed it once more', async () => {
    const { one, other, callback, url, server, exchanges, settled } = await fleet();
    await one.session('mara').handleCallback(callback, REPEAT);
    await settled();
    const again = await server.signIn(url);
    expect(again).not.toBe(callback);
    expect(await other.session('mara').handleCallback(again, REPEAT)).toBe(other.session('mara'));
    expect(exchanges()).toBe(1);
  });

  it('is rejected when its user has signed out', async () => {
    const { one, other, callback, settled } = await fleet();
    await (await one.handleCallback(callback, REPEAT)).revoke();
    await settled();
    for (const auth of [one, other]) {
      expect(await errorOf(auth.handleCallback(callback, REPEAT))).toMatchObject({ code: 'state_used' });
    }
  });

  it('is rejected when the first one failed, and says again that the user declined', async () => {
    const { one, callback, server, settled } = await fleet();
    const bad = new URL(callback);
    bad.searchParams.set('code', 'guessed.fictional');
    expect(await errorOf(one.handleCallback(bad, REPEAT))).toMatchObject({ code: 'invalid_grant' });
    await settled();
    expect(await errorOf(one.handleCallback(bad, REPEAT))).toMatchObject({ code: 'state_used' });

    const { url } = await one.session('mara').getAuthorizationUrl();
    const declined = await server.signIn(url, { deny: true });
    for (let time = 0; time < 2; time += 1) {
      expect(await errorOf(one.handleCallback(declined, REPEAT))).toMatchObject({ code: 'access_denied' });
      await settled(5); // A sign-in that the user declined has no outcome to write.
    }
  });

  it('is rejected at once when the first one was not to be repeated', async () => {
    const { one, callback } = await fleet();
    await one.handleCallback(callback);
    expect(await errorOf(one.handleCallback(callback, REPEAT))).toMatchObject({ code: 'state_used' });
  });

  it.each<[string, (storage: TokenStorage) => TokenStorage['commit']]>([
    ['is gone', () => () => Promise.reject(new Error('This process is gone.'))],
    [
      'could not write what came of it',
      (storage) => (key, request) => storage.commit(key, { ...request, expectedVersion: 0 }),
    ],
  ])('is rejected after half a minute when the instance that took the first one %s', async (_what, lastCommit) => {
    const { portal, other, storage, server, clock } = await fleet();
    let writes = 0;
    const ends: TokenStorage = {
      ...storage,
      commit(key, request) {
        if (key.includes('/authorization/')) writes += 1;
        return writes > 2 ? lastCommit(storage)(key, request) : storage.commit(key, request);
      },
    };
    const one = portal({ storage: ends });
    const callback = await server.signIn((await one.session('ode').getAuthorizationUrl()).url);
    await one.handleCallback(callback, REPEAT);
    await expect.poll(() => writes, { interval: 5 }).toBe(3);

    const second = errorOf(other.handleCallback(callback, REPEAT));
    const ended = second.then(() => true);
    let waited = 0;
    while (!(await Promise.race([ended, idle().then(() => false)]))) {
      await clock.advance(1_000);
      waited += 1_000;
    }
    expect(await second).toMatchObject({ code: 'state_used' });
    expect(waited).toBeGreaterThanOrEqual(30_000);
  });

  it('is rejected when the sign-in gave way to newer ones meanwhile', async () => {
    const { portal, server, storage, settled } = await fleet();
    const one = portal({ storage, maxPendingSignIns: 1 });
    const callback = await server.signIn((await one.session('ode').getAuthorizationUrl()).url);
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const first = one.handleCallback(callback, REPEAT);
    await held.reached;
    await one.session('pim').getAuthorizationUrl();
    held.release();
    await first;
    await settled(5); // With the beginnings of three sign-ins, and the end of the oldest.
    expect(await errorOf(one.handleCallback(callback, REPEAT))).toMatchObject({ code: 'state_unknown' });
  });

  it('says that the storage failed, and is good again afterwards', async () => {
    const { portal, storage, callback } = await fleet();
    let fails = true;
    const failing: TokenStorage = {
      ...storage,
      read: (key) => (fails ? Promise.reject(new Error('It is away.')) : storage.read(key)),
    };
    const auth = portal({ storage: failing });
    expect(await errorOf(auth.handleCallback(callback, REPEAT))).toMatchObject({ name: 'StorageError' });
    fails = false;
    expect((await auth.handleCallback(callback, REPEAT)).isAuthenticated).toBe(true);
  });

  it('is not understood when it is allowed by anything but true or false', async () => {
    const { one, callback } = await fleet();
    const error = await errorOf(one.handleCallback(callback, { allowRepeat: 'yes' as unknown as boolean }));
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' });
    expect(error.message).toContain('allowRepeat');
  });
});
