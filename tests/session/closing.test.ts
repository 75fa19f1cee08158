import { StorageError } from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { DUE, errorOf, isSettled, LIFETIME, MINUTE, observedStorage, reaches, SECOND, startWorld } from './world.js';

const CLOSED = { name: 'ConfigurationError', code: 'session_closed' };

describe('close()', () => {
  it('midway of a refresh waits for the response and writes it', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = memoryStorage({ clock });
    const auth = await signedIn({ storage });
    const old = await auth.getToken();
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const refreshed = auth.refresh();
    await held.reached;
    const closed = auth.close();
    expect(await isSettled(closed)).toBe(false);
    held.release();
    await Promise.all([refreshed, closed]);
    expect(clock.pendingTimers).toEqual([]);

    const later = portal({ storage });
    const token = await later.getToken();
    expect(token).not.toBe(old);
    expect(server.accessTokenIsLive(token)).toBe(true);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('writes tokens that the storage did not take before, once more', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage });
    storage.failing.add('commit');
    await auth.refresh();
    const token = await auth.getToken();
    expect(auth.snapshot.step).toBe('valid.unsaved');
    storage.failing.clear();
    await auth.close();
    expect(await portal({ storage }).getToken()).toBe(token);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('leaves no timer, in whatever state it finds the session', async () => {
    const { server, clock, portal, service, signedIn } = await startWorld();
    const fresh = await signedIn();
    const unused = portal();
    const awaiting = portal();
    await awaiting.getAuthorizationUrl();
    const backingOff = service();
    server.faults.next('token', fault.status(503));
    const refused = errorOf(backingOff.getToken());
    await reaches(backingOff, 'authorizing.backingOff');
    expect(clock.pendingTimers.length).toBeGreaterThan(2);
    await Promise.all([fresh, unused, awaiting, backingOff].map((auth) => auth.close()));
    expect(clock.pendingTimers).toEqual([]);
    expect(await refused).toMatchObject(CLOSED);
    await clock.advance(LIFETIME);
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
  });

  it('in a pause before a code is presented again rejects the call that brought the code', async () => {
    const { server, clock, portal } = await startWorld();
    const auth = portal();
    const { url } = await auth.getAuthorizationUrl();
    const callback = await server.signIn(url);
    server.faults.next('token', fault.status(503));
    const handled = auth.handleCallback(callback);
    const refusal = errorOf(handled);
    await reaches(auth, 'authorizing.backingOff');
    expect(await isSettled(handled)).toBe(false);
    await auth.close();
    expect(await isSettled(handled)).toBe(true);
    expect(await refusal).toMatchObject(CLOSED);
    expect(clock.pendingTimers).toEqual([]);
  });

  it('gives the lease back', async () => {
    const { clock, service } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = service({ storage });
    storage.failing.add('commit');
    await auth.getToken();
    await auth.close();
    expect(storage.calls.at(-1)).toBe('release');
  });

  it('does not mind a lease that cannot be given back, which ends by itself', async () => {
    const { clock, service } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = service({ storage });
    storage.failing.add('commit').add('release');
    await auth.getToken();
    await auth.close();
    expect(storage.calls.at(-1)).toBe('release');
    storage.failing.clear();
    const next = service({ storage }).getToken();
    await clock.advance(MINUTE);
    await next;
  });

  it('leaves the lease to end by time when a refresh token is lost, by which others know', async () => {
    const { clock, server, portal, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage });
    storage.failing.add('commit');
    await auth.refresh();
    // The storage never stored the new refresh token, which closing reports, but only after everything is closed.
    expect(await errorOf(auth.close())).toBeInstanceOf(StorageError);
    expect(storage.calls).not.toContain('release');
    storage.failing.clear();
    const other = portal({ storage });
    await other.getToken();
    server.faults.next('token', fault.error('invalid_grant'));
    const refused = errorOf(other.refresh());
    await reaches(other, 'refreshing.waiting');
    await clock.advance(MINUTE);
    await refused;
    expect(other.snapshot).toMatchObject({ state: 'expired', ending: { cause: 'refresh_interrupted' } });
  });

  it('may be called again, and by disposal', async () => {
    const { server, service } = await startWorld();
    const auth = service();
    {
      await using disposed = auth;
      await disposed.getToken();
    }
    await Promise.all([auth.close(), auth.close()]);
    await expect(auth.getToken()).rejects.toMatchObject(CLOSED);
    expect(server.count()).toBe(1);
  });

  it('is what the disposal of one session does', async () => {
    const { portal, signIn } = await startWorld();
    const auth = portal();
    const mara = auth.session('mara');
    {
      await using disposed = mara;
      await signIn(disposed);
    }
    expect(await errorOf(mara.getToken())).toMatchObject(CLOSED);
    expect(auth.session('mara')).not.toBe(mara);
  });

  it('leaves the storage open and what it holds in place', async () => {
    const { clock, service } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = service({ storage });
    const token = await auth.getToken();
    await auth.close();
    expect(await service({ storage }).getToken()).toBe(token);
  });

  it('takes the token out of memory', async () => {
    const { clock, service } = await startWorld();
    const auth = service();
    await auth.getToken();
    await auth.close();
    expect(auth.peekToken()).toBeUndefined();
    clock.setNow(clock.now() + DUE);
    expect(auth.peekToken()).toBeUndefined();
  });

  it('of an auth object closes all its sessions, and makes no more', async () => {
    const { portal, signIn } = await startWorld();
    const auth = portal();
    const sessions = ['mara', 'ode', 'pim'].map((key) => auth.session(key));
    for (const session of sessions) await signIn(session);
    await auth.close();
    for (const session of sessions) {
      expect(await errorOf(session.getToken())).toMatchObject(CLOSED);
    }
    expect(() => auth.session('mara')).toThrow(expect.objectContaining({ code: 'auth_closed' }));
  });

  it('of one session leaves the others, and makes room for a new one of its key', async () => {
    const { clock, portal, signIn } = await startWorld();
    const auth = portal({ storage: memoryStorage({ clock }) });
    const [mara, ode] = [auth.session('mara'), auth.session('ode')];
    await signIn(mara);
    await signIn(ode, 'ode@studio.example');
    const token = await mara.getToken();
    await mara.close();
    const again = auth.session('mara');
    expect(again).not.toBe(mara);
    expect(await again.getToken()).toBe(token);
    expect(auth.session('mara')).toBe(again);
    expect(await ode.getToken()).not.toBe(token);
    await expect(mara.getToken()).rejects.toMatchObject(CLOSED);
  });
});

describe('a closed session', () => {
  it('rejects every call', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const tokens = (await auth.exportTokens()) ?? {};
    const session = auth.session('mara');
    const { url } = await session.getAuthorizationUrl();
    const callback = await server.signIn(url);
    await session.close();
    const requests = server.count();
    const calls = [
      session.getToken(),
      session.getToken({}),
      session.getToken({ rejected: 'a-token.fictional' }),
      session.refresh(),
      session.revoke(),
      session.exportTokens(),
      session.importTokens(tokens),
      session.getAuthorizationUrl(),
      session.handleCallback(callback),
      session.exchangeCode({ code: 'a-code.fictional', codeVerifier: 'v'.repeat(43) }),
    ];
    for (const call of calls) expect(await errorOf(call)).toMatchObject(CLOSED);
    expect(server.count()).toBe(requests);
    // The sign-in that was rejected is still valid for an open session.
    await auth.handleCallback(callback);
  });

  it('answers what was asked in the moment before it was closed', async () => {
    const { clock, service, signedIn } = await startWorld();
    const auth = await signedIn();
    const tokens = (await auth.exportTokens()) ?? {};
    const session = auth.session('default');
    const calls = [
      session.getToken({ rejected: await session.getToken() }),
      session.refresh(),
      session.importTokens(tokens),
      session.exportTokens(),
      session.revoke(),
    ];
    const closed = session.close();
    const outcomes = await Promise.allSettled(calls);
    await closed;
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(CLOSED);
    }
    expect(clock.pendingTimers).toEqual([]);

    const cold = service();
    const asked = [cold.importTokens(tokens), cold.refresh(), cold.getToken({ rejected: 'a-token.fictional' })];
    const ended = cold.close();
    for (const outcome of await Promise.allSettled(asked)) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(CLOSED);
    }
    await ended;
    expect(clock.pendingTimers).toEqual([]);
  });

  it('hears nothing of the storage any more', async () => {
    const { clock, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const one = await signedIn({ storage });
    const other = portal({ storage });
    await other.getToken();
    const changes: string[] = [];
    other.subscribe(({ step }) => changes.push(step));
    await other.close();
    const received = changes.length;
    await one.refresh();
    await clock.advance(SECOND);
    expect(changes).toHaveLength(received);
  });
});
