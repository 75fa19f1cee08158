import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { expect, it } from 'vitest';
import { isSettled, MINUTE, reaches, SECOND, startWorld } from './world.js';

it('refreshes a token that an API rejected, once for 200 concurrent callers', async () => {
  const { server, service } = await startWorld();
  const auth = service();
  const rejected = await auth.getToken();
  const tokens = await Promise.all(Array.from({ length: 200 }, () => auth.getToken({ rejected })));
  expect(new Set(tokens).size).toBe(1);
  expect(tokens[0]).not.toBe(rejected);
  expect(server.accessTokenIsLive(tokens[0] ?? '')).toBe(true);
  expect(server.count({ endpoint: 'token' })).toBe(2);
});

it('refreshes it once for callers that come while the refresh is in progress', async () => {
  const { server, signedIn } = await startWorld();
  const auth = await signedIn();
  const rejected = await auth.getToken();
  const held = fault.held();
  server.faults.next('token', held);
  const first = auth.getToken({ rejected });
  await held.reached;
  const second = auth.getToken({ rejected });
  expect(await isSettled(second)).toBe(false);
  held.release();
  expect(await first).toBe(await second);
  expect(server.count({ grantType: 'refresh_token' })).toBe(1);
});

it('answers a caller with an old rejected token with the current one, without a request', async () => {
  const { server, service } = await startWorld();
  const auth = service();
  const old = await auth.getToken();
  const current = await auth.getToken({ rejected: old });
  expect(await auth.getToken({ rejected: old })).toBe(current);
  expect(await auth.getToken({ rejected: 'an-unknown-token.fictional' })).toBe(current);
  expect(server.count({ endpoint: 'token' })).toBe(2);
});

it('serves a rejected token to no other caller during its refresh', async () => {
  const { server, signedIn } = await startWorld();
  const auth = await signedIn();
  const rejected = await auth.getToken();
  const held = fault.held();
  server.faults.next('token', held);
  const renewed = auth.getToken({ rejected });
  await held.reached;
  expect(auth.peekToken()).toBeUndefined();
  const others = [auth.getToken(), auth.getToken({})];
  expect(await Promise.all(others.map(isSettled))).toEqual([false, false]);
  held.release();
  expect(new Set(await Promise.all(others))).toEqual(new Set([await renewed]));
  expect(auth.peekToken()).toBe(await renewed);
});

it('forces no second refresh within a minute: the reason is not the token', async () => {
  const { server, clock, signedIn } = await startWorld();
  const auth = await signedIn();
  const second = await auth.getToken({ rejected: await auth.getToken() });
  await clock.advance(MINUTE - 1);
  expect(await auth.getToken({ rejected: second })).toBe(second);
  expect(await auth.getToken()).toBe(second);
  expect(auth.peekToken()).toBe(second);
  expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  await clock.advance(1);
  expect(await auth.getToken({ rejected: second })).not.toBe(second);
  expect(server.count({ grantType: 'refresh_token' })).toBe(2);
});

it('forces a second refresh within a minute when the first one failed', async () => {
  const { server, clock, signedIn } = await startWorld();
  const auth = await signedIn();
  const rejected = await auth.getToken();
  server.faults.next('token', fault.status(503, { retryAfter: 15 }));
  await expect(auth.getToken({ rejected })).rejects.toMatchObject({ status: 503 });
  await clock.advance(16 * SECOND);
  await reaches(auth, 'valid.fresh');
  expect(auth.peekToken()).toBe(rejected);
  expect(await auth.getToken({ rejected })).not.toBe(rejected);
});

it('ends a session if its rejected token cannot be refreshed', async () => {
  const { server, signedIn } = await startWorld();
  const auth = await signedIn({ scopes: ['openid', 'profile'] });
  const rejected = await auth.getToken();
  const expected = { name: 'TokenExpiredError', code: 'access_token_rejected' };
  await expect(auth.getToken({ rejected })).rejects.toMatchObject(expected);
  expect(auth.snapshot).toMatchObject({ state: 'expired', ending: { cause: 'access_token_rejected', failure: null } });
  await expect(auth.getToken()).rejects.toMatchObject(expected);
  expect(auth.peekToken()).toBeUndefined();
  expect(auth.isAuthenticated).toBe(false);
  expect(server.count({ endpoint: 'token' })).toBe(1);
});

it('lets callers wait through a short pause even if another response rejects the token meanwhile', async () => {
  const { server, clock, signedIn } = await startWorld();
  const auth = await signedIn();
  const rejected = await auth.getToken();
  server.faults.next('token', fault.status(503));
  const pausing = reaches(auth, 'refreshing.backingOff');
  const first = auth.getToken({ rejected });
  await pausing;
  const late = auth.getToken({ rejected });
  expect([await isSettled(first), await isSettled(late)]).toEqual([false, false]);
  await clock.advance(MINUTE);
  expect(await late).toBe(await first);
  expect(await late).not.toBe(rejected);
});

it('serves the rejected token again when it cannot be refreshed for the moment, and continues trying', async () => {
  const { server, clock, signedIn } = await startWorld();
  const auth = await signedIn();
  const rejected = await auth.getToken();
  server.faults.next('token', fault.status(503, { retryAfter: 30 }));
  await expect(auth.getToken({ rejected })).rejects.toMatchObject({ name: 'ProtocolError', status: 503 });
  expect(auth.snapshot).toMatchObject({ step: 'refreshing.backingOff', degraded: true });
  expect(await auth.getToken()).toBe(rejected);
  await clock.advance(31 * SECOND);
  await reaches(auth, 'valid.fresh');
  expect(await auth.getToken()).not.toBe(rejected);
});

it('takes what another instance refreshed, and makes no request', async () => {
  const { server, clock, portal, signedIn } = await startWorld();
  const storage = memoryStorage({ clock });
  const one = await signedIn({ storage });
  const other = portal({ storage });
  const old = await other.getToken();
  await one.refresh();
  const current = await one.getToken();
  expect(await other.getToken({ rejected: old })).toBe(current);
  expect(server.count({ grantType: 'refresh_token' })).toBe(1);
});

it('compares a rejected token with what the storage holds when it is the first that a session hears', async () => {
  const { server, clock, service } = await startWorld();
  const storage = memoryStorage({ clock });
  const current = await service({ storage }).getToken();
  expect(await service({ storage }).getToken({ rejected: 'an-older-token.fictional' })).toBe(current);
  expect(await service({ storage }).getToken({ rejected: current })).not.toBe(current);
  expect(server.count({ endpoint: 'token' })).toBe(2);
});
