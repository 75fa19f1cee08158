/** What may happen to a session between the listing of those that are due and the look at it. */
import type { WebAppAuthOptions } from '@frameio-auth/core';
import { fault } from '@frameio-auth/testing';
import { expect, it } from 'vitest';
import { errorOf, idle, MINUTE, observedStorage, reaches, SECOND, startWorld } from './world.js';

/** The time of the first look, with the chance that the world has. */
const LOOK = MINUTE;

/** Starts an instance that keeps sessions alive, and gets each session reported as due, whether it is or not. */
async function startPlace() {
  const world = await startWorld();
  const observed = observedStorage(world);
  const listed = new Set<string>();
  const leased: string[] = [];
  const storage: typeof observed = {
    ...observed,
    commit(key, request) {
      if (key.includes('/session/')) listed.add(key);
      return observed.commit(key, request);
    },
    lease(key, request) {
      leased.push(key);
      return observed.lease(key, request);
    },
    due: async () => ({ keys: [...listed], now: world.clock.now() }),
  };
  return {
    ...world,
    observed,
    storage,
    keeper: (options?: Partial<WebAppAuthOptions>) => world.portal({ storage, keepAlive: true, ...options }),
    /** How often an instance asked for the work. */
    looks: () => leased.filter((key) => key.endsWith('/keep-alive')).length,
    refreshes: () => world.server.count({ grantType: 'refresh_token' }),
  };
}

it('does not refresh a session that was refreshed since it was listed', async () => {
  const { clock, keeper, signIn, looks, refreshes } = await startPlace();
  const auth = keeper();
  await signIn(auth.session('mara'));
  await clock.advance(LOOK);
  await idle();
  expect([looks(), refreshes()]).toEqual([1, 0]);
});

it('does not refresh a session after a new sign-in without a refresh token since it was listed', async () => {
  const { clock, keeper, signIn, looks, refreshes } = await startPlace();
  const auth = keeper({ scopes: ['openid', 'email', 'profile', 'additional_info.roles'] });
  await signIn(auth.session('mara'));
  await clock.advance(LOOK);
  await idle();
  expect([looks(), refreshes()]).toEqual([1, 0]);
});

it('leaves a session in its pause after a recent failed refresh', async () => {
  const { clock, server, keeper, signIn, looks, refreshes } = await startPlace();
  const session = keeper().session('mara');
  await signIn(session);
  await clock.advance(LOOK - SECOND);
  server.faults.always('token', fault.error('unauthorized_client'));
  await errorOf(session.refresh());
  expect(session.snapshot.step).toBe('refreshing.backingOff');
  await clock.advance(2 * SECOND);
  await idle();
  expect([looks(), refreshes()]).toEqual([1, 1]);
});

it('lets a session go that the application closes while its record is being read', async () => {
  const { clock, observed, storage, portal, keeper, signIn, looks, refreshes } = await startPlace();
  const earlier = portal({ storage });
  await signIn(earlier.session('mara'));
  await earlier.close();
  const auth = keeper();
  const session = auth.session('mara');
  await clock.advance(LOOK - SECOND);
  let answer = () => {};
  observed.before = (operation) =>
    operation === 'read' &&
    new Promise<void>((resolve) => {
      answer = resolve;
    });
  await clock.advance(2 * SECOND);
  await reaches(session, 'restoring.reading');
  const closed = session.close();
  answer();
  await closed;
  await auth.close();
  expect([looks(), refreshes()]).toEqual([1, 0]);
  expect(clock.pendingTimers).toEqual([]);
});

it('does not even look while the server wants the client to wait', async () => {
  const { clock, server, keeper, signIn, looks, refreshes } = await startPlace();
  const session = keeper().session('mara');
  await signIn(session);
  server.faults.next('token', fault.status(429, { retryAfter: 10 * 60 }));
  await errorOf(session.refresh());
  await clock.advance(LOOK);
  await idle();
  expect([looks(), refreshes()]).toEqual([0, 1]);
});
