import { fault } from '@frameio-auth/testing';
import { expect, it } from 'vitest';
import { DUE, idle, LIFETIME, MINUTE, observedStorage, reaches, startWorld } from './world.js';

it('serves a fresh token without asking the server, the storage or the machine', async () => {
  const { server, clock, service } = await startWorld();
  const storage = observedStorage({ clock });
  const events: string[] = [];
  const auth = service({ storage, inspect: ({ type }) => events.push(type) });
  const token = await auth.getToken();
  const [asked, inspected] = [storage.calls.length, events.length];
  expect(inspected).toBeGreaterThan(0);

  for (let call = 0; call < 1000; call += 1) expect(await auth.getToken()).toBe(token);
  expect(await auth.getToken({})).toBe(token);
  expect(auth.peekToken()).toBe(token);

  expect(storage.calls).toHaveLength(asked);
  expect(events).toHaveLength(inspected);
  expect(server.count()).toBe(1);
});

it('serves the same resolved promise as long as the token is fresh', async () => {
  const { clock, service } = await startWorld();
  const auth = service();
  await auth.getToken();
  const served = auth.getToken();
  expect(auth.getToken()).toBe(served);
  await clock.advance(DUE - 1);
  expect(auth.getToken()).toBe(served);
});

it('serves 200 cold concurrent callers with one request', async () => {
  const { server, service } = await startWorld();
  const auth = service();
  const tokens = await Promise.all(Array.from({ length: 200 }, () => auth.getToken()));
  expect(new Set(tokens).size).toBe(1);
  expect(server.count({ endpoint: 'token' })).toBe(1);
});

it('serves callers of all kinds from one request: with options, bound, by session and by refresh()', async () => {
  const { server, service } = await startWorld();
  const auth = service();
  const { getToken } = auth;
  const signal = new AbortController().signal;
  const tokens = await Promise.all([
    getToken(),
    getToken({ signal }),
    getToken({ rejected: 'a-token-of-yesterday.fictional' }),
    auth.session('default').getToken(),
    auth.refresh().then(() => auth.getToken()),
  ]);
  expect(new Set(tokens).size).toBe(1);
  expect(server.count({ endpoint: 'token' })).toBe(1);
});

it('serves the old token inside the refresh window at once, and refreshes it once in the background', async () => {
  const { server, clock, service } = await startWorld();
  const auth = service();
  const old = await auth.getToken();
  clock.setNow(clock.now() + LIFETIME - MINUTE);

  const served = await Promise.all(Array.from({ length: 50 }, () => auth.getToken()));
  expect(new Set(served)).toEqual(new Set([old]));
  await reaches(auth, 'valid.fresh');
  expect(server.count({ endpoint: 'token' })).toBe(2);
  const renewed = await auth.getToken();
  expect(renewed).not.toBe(old);
  expect(server.accessTokenIsLive(renewed)).toBe(true);
});

it('does not wait for the background refresh even when the server does not answer', async () => {
  const { server, clock, service } = await startWorld();

  const auth = service();
  const old = await auth.getToken();
  const held = fault.held();
  server.faults.next('token', held);
  clock.setNow(clock.now() + LIFETIME - MINUTE);
  expect(await auth.getToken()).toBe(old);
  await held.reached;
  expect(await auth.getToken()).toBe(old);
  expect(auth.peekToken()).toBe(old);
  held.release();
  await reaches(auth, 'valid.fresh');
  expect(await auth.getToken()).not.toBe(old);
});

it('waits for the new token once the old one has expired', async () => {
  const { server, clock, service } = await startWorld();
  const auth = service();
  const old = await auth.getToken();
  clock.setNow(clock.now() + LIFETIME);
  expect(auth.peekToken()).toBeUndefined();
  const tokens = await Promise.all(Array.from({ length: 50 }, () => auth.getToken()));
  expect(new Set(tokens).size).toBe(1);
  expect(tokens[0]).not.toBe(old);
  expect(server.count({ endpoint: 'token' })).toBe(2);
});

it('touches neither server nor storage before it is used', async () => {
  const { server, clock, service, portal } = await startWorld();
  const storage = observedStorage({ clock });
  const auth = service({ storage });
  const users = portal({ storage });
  users.session('mara');
  expect([auth.peekToken(), auth.isAuthenticated, auth.snapshot.state]).toEqual([undefined, false, 'restoring']);
  await idle();
  expect(storage.calls).toEqual([]);
  expect(server.count()).toBe(0);
  expect(clock.pendingTimers).toEqual([]);
});

it('asks the storage twice for a renewal: for the lease, and for the write', async () => {
  const { clock, service } = await startWorld();
  const storage = observedStorage({ clock });
  const auth = service({ storage });
  await auth.getToken();
  // The first session also checks whether the server asked the whole fleet to back off.
  expect(storage.calls).toEqual(['read', 'read', 'lease', 'commit']);
  await auth.refresh();
  expect(storage.calls.slice(4)).toEqual(['lease', 'commit']);
});
