import type { WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, startWorld } from '../session/world.js';

/** Two instances that both read a pending sign-in before either marks it as used. */
async function twoReaders() {
  const world = await startWorld();
  const shared = memoryStorage({ clock: world.clock });
  const begun = world.portal({ storage: shared });
  let readers = 0;
  let open = () => {};
  const bothHaveRead = new Promise<void>((resolve) => {
    open = resolve;
  });
  const storage: TokenStorage = {
    ...shared,
    async read(key) {
      const reading = await shared.read(key);
      if (!key.includes('/authorization/')) return reading;
      readers += 1;
      if (readers === 2) open();
      await bothHaveRead;
      return reading;
    },
  };
  const portals = [world.portal({ storage }), world.portal({ storage })];
  /** Resolves to the outcomes of the same call on both instances, the failure last. */
  const both = async (call: (auth: WebAppAuth) => Promise<unknown>) => {
    const outcomes = await Promise.allSettled(portals.map(call));
    return outcomes.sort((one, other) => one.status.localeCompare(other.status));
  };
  return { ...world, begun, both };
}

describe('two callbacks of one sign-in that cross', () => {
  it('are handled once: the other one is rejected, and its code is not sent', async () => {
    const { server, begun, both } = await twoReaders();
    const callback = await server.signIn((await begun.getAuthorizationUrl()).url);
    expect(await both((auth) => auth.handleCallback(callback))).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'state_used' } },
    ]);
    expect(server.count({ grantType: 'authorization_code' })).toBe(1);
  });

  it('say once that the user declined', async () => {
    const { server, begun, both } = await twoReaders();
    const callback = await server.signIn((await begun.getAuthorizationUrl()).url, { deny: true });
    const reasons = (await both((auth) => auth.handleCallback(callback))).map((outcome) =>
      outcome.status === 'rejected' ? outcome.reason.code : outcome.status,
    );
    expect(reasons.sort()).toEqual(['access_denied', 'state_used']);
  });

  it('exchange their code once, when the application takes it from them', async () => {
    const { server, begun, both } = await twoReaders();
    const { searchParams } = new URL(await server.signIn((await begun.getAuthorizationUrl()).url));
    const [code, state] = [searchParams.get('code') ?? '', searchParams.get('state') ?? ''];
    expect(await both((auth) => auth.exchangeCode({ code, state }))).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'state_used' } },
    ]);
    expect(server.count({ grantType: 'authorization_code' })).toBe(1);
  });
});

it.each(['begins', 'ends'])('a sign-in %s after a refresh that began while it was written down', async (which) => {
  const { clock, server, portal, signIn } = await startWorld();
  const shared = memoryStorage({ clock });
  const held = fault.heldAnswer();
  let refreshing: Promise<void> | undefined;
  let crosses = false;
  const storage: TokenStorage = {
    ...shared,
    async commit(key, request) {
      const reply = await shared.commit(key, request);
      // A version above 0 is expected of a sign-in that is marked as used.
      const isMeant = key.includes('/authorization/') && request.expectedVersion > 0 === (which === 'ends');
      if (crosses && isMeant) {
        server.faults.next('token', held);
        refreshing = auth.refresh();
        await held.reached;
      }
      return reply;
    },
  };
  const auth = portal({ storage });
  await signIn(auth);
  const first = await auth.getToken();
  crosses = which === 'begins';
  const begun = auth.getAuthorizationUrl();
  if (crosses) await held.reached;
  held.release();
  const callback = await server.signIn((await begun).url);
  crosses = which === 'ends';
  await auth.handleCallback(callback);
  await refreshing;
  expect(server.count({ grantType: 'authorization_code', outcome: 'granted' })).toBe(2);
  expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(1);
  const token = await auth.getToken();
  expect(token).not.toBe(first);
  expect(server.accessTokenIsLive(token)).toBe(true);
});

it('a callback stays valid when the record of its session cannot be read', async () => {
  const { clock, server, portal } = await startWorld();
  const shared = memoryStorage({ clock });
  let isDown = false;
  const storage: TokenStorage = {
    ...shared,
    read: (key) => (isDown && key.includes('/session/') ? Promise.reject(new Error('It is away.')) : shared.read(key)),
  };
  const auth = portal({ storage });
  const elsewhere = portal({ storage: shared });
  const callback = await server.signIn((await elsewhere.getAuthorizationUrl()).url);
  isDown = true;
  expect(await errorOf(auth.handleCallback(callback))).toMatchObject({ name: 'StorageError' });
  isDown = false;
  await auth.handleCallback(callback);
  expect(auth.isAuthenticated).toBe(true);
});
