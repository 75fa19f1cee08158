import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import {
  becomes,
  chance,
  DUE,
  HOUR,
  idle,
  isSettled,
  LATEST_RENEWAL,
  LIFETIME,
  MINUTE,
  observedStorage,
  reaches,
  SECOND,
  startWorld,
} from './world.js';

describe('a refresh by the timer', () => {
  it('happens before expiry when the token was used since it came', async () => {
    const { server, clock, service } = await startWorld();
    const auth = service();
    const old = await auth.getToken();
    await clock.advance(LATEST_RENEWAL);
    await reaches(auth, 'valid.fresh');
    expect(server.count({ endpoint: 'token' })).toBe(2);
    expect(await auth.getToken()).not.toBe(old);
  });

  it('does not happen for an unused session, until a caller asks', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    await (await signedIn({ storage })).close();
    const auth = portal({ storage });
    await auth.exportTokens();
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', hasUsableToken: true });
    await clock.advance(LIFETIME + HOUR);
    await idle();
    expect(server.count({ endpoint: 'token' })).toBe(1);
    expect(auth.snapshot).toMatchObject({ step: 'valid.due', hasUsableToken: false });
    expect([auth.isAuthenticated, auth.peekToken()]).toEqual([true, undefined]);

    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(server.count({ endpoint: 'token' })).toBe(2);
    expect(auth.snapshot.hasUsableToken).toBe(true);
    await auth.close();
    expect(auth.snapshot.hasUsableToken).toBe(false);
  });

  it('leaves the snapshot without a usable token while it replaces one that an API rejected', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const held = fault.held();
    server.faults.next('token', held);
    const next = auth.getToken({ rejected: await auth.getToken() });
    await held.reached;
    expect(auth.snapshot).toMatchObject({ state: 'refreshing', hasUsableToken: false });
    held.release();
    await next;
    expect(auth.snapshot.hasUsableToken).toBe(true);
    await auth.revoke();
    expect(auth.snapshot).toMatchObject({ state: 'revoked', hasUsableToken: false });
  });

  it('happens again and again for as long as each token is used, and ends when one is not', async () => {
    const { server, clock, service } = await startWorld();
    const auth = service();
    for (let day = 1; day <= 3; day += 1) {
      await auth.getToken();
      expect(server.count({ endpoint: 'token' })).toBe(day);
      await clock.advance(LATEST_RENEWAL);
      await reaches(auth, 'valid.fresh');
    }
    await clock.advance(10 * LIFETIME);
    await idle();
    expect(server.count({ endpoint: 'token' })).toBe(4);
  });

  it('counts a token that was peeked at as used', async () => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    await clock.advance(HOUR);
    expect(server.accessTokenIsLive(auth.peekToken() ?? '')).toBe(true);
    await clock.advance(LATEST_RENEWAL - HOUR);
    await reaches(auth, 'valid.fresh');
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it.each([
    ['the earliest', 0, DUE],
    ['the middle', 0.5, (DUE + LATEST_RENEWAL) / 2],
    ['the latest', 1, LATEST_RENEWAL],
  ])('falls into the first half of the refresh buffer: %s', async (_place, fraction, moment) => {
    const { server, clock, service } = await startWorld();
    const auth = service({ entropy: chance(fraction) });
    await auth.getToken();
    await clock.advance(moment - 1);
    await idle();
    expect(server.count({ endpoint: 'token' })).toBe(1);
    await clock.advance(1);
    await server.waitFor({ endpoint: 'token' }, 2);
  });

  it.each([
    ['0: at expiry', 0, LIFETIME, LIFETIME],
    ['an hour', 3600, LIFETIME - HOUR, LIFETIME - HOUR / 2],
    ['a day, which is cut to a quarter of the life', 86_400, LIFETIME * 0.75, LIFETIME * 0.875],
  ])('honours a refreshBuffer of %s', async (_buffer, refreshBuffer, earliest, latest) => {
    const { clock, service } = await startWorld();
    const [early, late] = [0, 1].map((fraction) => service({ refreshBuffer, entropy: chance(fraction) }));
    const begin = clock.now();
    await Promise.all([early?.getToken(), late?.getToken()]);
    const [first = 0, second = 0] = clock.pendingTimers;
    expect(first - begin).toBeCloseTo(earliest, -1);
    expect(second - begin).toBeCloseTo(latest, -1);
  });
});

describe('a lifetime', () => {
  it('that is shorter than the refresh buffer still leaves three quarters of it without a refresh', async () => {
    const { server, clock, service } = await startWorld({ accessTokenLifetime: 60 });
    const auth = service({ entropy: chance(0) });
    const old = await auth.getToken();
    await clock.advance(45 * SECOND - 1);
    expect(await auth.getToken()).toBe(old);
    expect(server.count({ endpoint: 'token' })).toBe(1);
    await clock.advance(1);
    await reaches(auth, 'valid.fresh');
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });

  it('of 60 days is waited for whole, by timers that can each wait 24.8 days', async () => {
    const { server, clock, service } = await startWorld({ accessTokenLifetime: 60 * 86_400 });
    const auth = service();
    await auth.getToken();
    await clock.advance(59 * 24 * HOUR);
    await idle();
    expect(server.count({ endpoint: 'token' })).toBe(1);
    await clock.advance(24 * HOUR);
    await reaches(auth, 'valid.fresh');
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });

  it('that the server does not name lasts until an API says otherwise', async () => {
    const { server, clock, service } = await startWorld();
    server.faults.next('token', fault.altered({ expires_in: undefined }));
    const auth = service();
    const old = await auth.getToken();
    expect(auth.snapshot).toMatchObject({ state: 'valid', expiresAt: null, degraded: false });
    await clock.advance(3650 * 24 * HOUR);
    expect(await auth.getToken()).toBe(old);
    expect(server.count({ endpoint: 'token' })).toBe(1);
    expect(await auth.getToken({ rejected: old })).not.toBe(old);
  });

  it('that ended while its response was on the way does not keep the user of a code waiting', async () => {
    const { server, clock, portal } = await startWorld({ accessTokenLifetime: 10 });
    const auth = portal();
    const { url } = await auth.getAuthorizationUrl();
    const callback = await server.signIn(url);
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const signedIn = auth.handleCallback(callback);
    await held.reached;
    await clock.advance(11 * SECOND);
    held.release();
    await signedIn;
    expect(auth.isAuthenticated).toBe(true);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('is counted from the moment at which the token was asked for', async () => {
    const { server, clock, service } = await startWorld();
    const auth = service();
    const sentAt = clock.now();
    const held = fault.held();
    server.faults.next('token', held);
    const token = auth.getToken();
    await held.reached;
    await clock.advance(8 * SECOND);
    held.release();
    await token;
    expect(auth.snapshot).toMatchObject({ issuedAt: sentAt, expiresAt: sentAt + LIFETIME });
  });
});

describe('a response', () => {
  it('without a refresh token leaves the old one in place (RFC 6749 §6)', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const before = await auth.exportTokens();
    server.faults.next('token', fault.keptRefreshToken());
    await auth.refresh();
    const after = await auth.exportTokens();
    expect(after?.refreshToken).toBe(before?.refreshToken);
    expect(after?.accessToken).not.toBe(before?.accessToken);

    await auth.refresh();
    expect((await auth.exportTokens())?.refreshToken).not.toBe(before?.refreshToken);
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(2);
  });

  it('with a refresh token puts it in the place of the old one (RFC 6749 §6)', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    for (let renewal = 0; renewal < 5; renewal += 1) {
      const before = (await auth.exportTokens())?.refreshToken ?? '';
      await auth.refresh();
      const after = (await auth.exportTokens())?.refreshToken ?? '';
      expect([server.refreshTokenIsLive(before), server.refreshTokenIsLive(after)]).toEqual([false, true]);
    }
  });

  it('without scopes leaves the ones that were asked for, through refreshes and restarts', async () => {
    const { clock, profile, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const scopes = ['openid', 'offline_access'];
    const auth = await signedIn({ storage, scopes });
    expect(auth.snapshot.scopes).toEqual(scopes);
    await auth.refresh();
    expect(auth.snapshot.scopes).toEqual(scopes);
    const later = portal({ storage, scopes: profile.defaultScopes.user });
    await later.refresh();
    expect(later.snapshot.scopes).toEqual(scopes);
  });

  it('without an id token leaves the old one in place', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const before = await auth.exportTokens();
    expect(before?.idToken).toMatch(/^[\w-]+\.[\w-]+\./);
    server.faults.next('token', fault.altered({ id_token: undefined }));
    await auth.refresh();
    expect((await auth.exportTokens())?.idToken).toBe(before?.idToken);
  });

  it('without a refresh token to begin with makes a session that ends with its token', async () => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn({ scopes: ['openid', 'profile'] });
    expect(auth.snapshot).toMatchObject({ state: 'valid', refreshable: false });
    await expect(auth.refresh()).rejects.toMatchObject({ name: 'AuthenticationError', code: 'no_refresh_token' });
    const token = await auth.getToken();
    await clock.advance(LIFETIME - 1);
    expect([await auth.getToken(), auth.isAuthenticated]).toEqual([token, true]);
    await clock.advance(1);
    expect(auth.snapshot).toMatchObject({ state: 'expired', ending: { cause: 'access_token_expired' } });
    expect(auth.isAuthenticated).toBe(false);
    await expect(auth.getToken()).rejects.toMatchObject({ name: 'TokenExpiredError', code: 'access_token_expired' });
    expect(server.count({ endpoint: 'token' })).toBe(1);
  });
});

describe('refresh()', () => {
  it('refreshes a token that is not due', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const old = await auth.getToken();
    await auth.refresh();
    expect(await auth.getToken()).not.toBe(old);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('joins a refresh that is in progress', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const held = fault.held();
    server.faults.next('token', held);
    const first = auth.refresh();
    await held.reached;
    const others = Array.from({ length: 20 }, () => auth.refresh());
    await idle();
    held.release();
    await Promise.all([first, ...others]);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('joins a first sign-in that is in progress', async () => {
    const { server, service } = await startWorld();
    const auth = service();
    await Promise.all([auth.getToken(), auth.refresh(), auth.refresh()]);
    expect(server.count({ endpoint: 'token' })).toBe(1);
  });

  it('says that no user is signed in', async () => {
    const { portal } = await startWorld();
    await expect(portal().refresh()).rejects.toMatchObject({ name: 'AuthenticationError', code: 'not_authenticated' });
  });

  it('serves the old token to others meanwhile', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const old = await auth.getToken();
    const held = fault.held();
    server.faults.next('token', held);
    const refreshed = auth.refresh();
    await held.reached;
    expect(await auth.getToken()).toBe(old);
    expect(await isSettled(refreshed)).toBe(false);
    held.release();
    await refreshed;
  });
});

describe('a restart', () => {
  it('continues with what the storage holds, without a request', async () => {
    const { server, clock, service } = await startWorld();
    const storage = memoryStorage({ clock });
    const token = await service({ storage }).getToken();
    await clock.advance(HOUR);
    const later = service({ storage });
    expect(await later.getToken()).toBe(token);
    expect(later.snapshot.state).toBe('valid');
    expect(server.count({ endpoint: 'token' })).toBe(1);
  });

  it('with a token that is due serves it and refreshes it in the background', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const first = await signedIn({ storage });
    const token = await first.getToken();
    await first.close();
    await clock.advance(LIFETIME - MINUTE);
    const later = portal({ storage });
    expect(await later.getToken()).toBe(token);
    await reaches(later, 'valid.fresh');
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('with a token that has expired refreshes it for the first caller', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    await (await signedIn({ storage })).close();
    await clock.advance(2 * LIFETIME);
    const later = portal({ storage });
    expect(server.accessTokenIsLive(await later.getToken())).toBe(true);
    await becomes(later, ({ step }) => step === 'valid.fresh');
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });
});
