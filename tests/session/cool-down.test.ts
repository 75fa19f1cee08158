import { RateLimitError } from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, HOUR, idle, MINUTE, observedStorage, reaches, SECOND, startWorld } from './world.js';

describe('a server that asks one instance to wait', () => {
  it('is left alone by all instances and all sessions of the client, for as long as it asked', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const [one, other] = [portal({ storage }), portal({ storage })];
    await signIn(one.session('mara'), 'mara@studio.example');
    await signIn(one.session('ilya'));
    await other.session('ilya').getToken();
    server.clearRequests();

    server.faults.next('token', fault.status(429, { retryAfter: 120 }));
    expect(await errorOf(one.session('mara').refresh())).toMatchObject({ name: 'RateLimitError', retryAfter: 120 });
    await idle();
    await clock.advance(20 * SECOND);
    const received = await errorOf(other.session('ilya').refresh());
    expect(received).toBeInstanceOf(RateLimitError);
    expect(received).toMatchObject({ retryAfter: 100 });
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
    expect(other.session('ilya').snapshot).toMatchObject({ degraded: true, state: 'refreshing' });

    await clock.advance(101 * SECOND);
    await other.session('ilya').refresh();
    expect(server.count({ grantType: 'refresh_token' })).toBeGreaterThan(1);
  });

  it('is left alone by an instance that starts meanwhile', async () => {
    const { clock, server, service } = await startWorld();
    const storage = memoryStorage({ clock });
    server.faults.next('token', fault.status(503, { retryAfter: 600 }));
    await errorOf(service({ storage }).getToken());
    await idle();
    await errorOf(service({ storage, scopes: ['openid', 'AdobeID'] }).getToken());
    expect(server.count({ grantType: 'client_credentials' })).toBe(1);
  });

  it('is asked for the tokens of a code anyway, because codes do not live long', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const auth = portal({ storage });
    await signIn(auth.session('mara'));
    server.faults.next('token', fault.status(429, { retryAfter: 3_600 }));
    await errorOf(auth.session('mara').refresh());
    await signIn(auth.session('ilya'));
    expect(auth.session('ilya').isAuthenticated).toBe(true);
  });

  it('is asked for new tokens even after it rejected a code, which anyone can submit', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const [auth, other] = [portal({ storage }), portal({ storage })];
    await signIn(auth.session('mara'));
    const stranger = auth.session('stranger');
    for (const answer of [fault.status(429, { retryAfter: 3_600 }), fault.status(503, { retryAfter: 600 })]) {
      const { state } = await stranger.getAuthorizationUrl();
      server.faults.next('token', answer);
      await errorOf(stranger.handleCallback(`?code=garbage.fictional&state=${state}`));
    }
    await idle();
    await auth.session('mara').refresh();
    await other.session('mara').refresh();
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(2);
  });

  it('is asked once more by an instance that hears nothing, and by none that failed for another reason', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const storage = observedStorage({ clock });
    const [one, other] = [portal({ storage }), portal({ storage })];
    await signIn(one);
    await other.getToken();
    storage.hints = false;
    server.clearRequests();

    server.faults.next('token', fault.status(429, { retryAfter: 120 }), { times: 2 });
    await errorOf(one.refresh());
    await errorOf(other.refresh());
    expect(server.count({ grantType: 'refresh_token' })).toBe(2);

    storage.hints = true;
    await clock.advance(HOUR);
    server.clearRequests();
    server.faults.next('token', fault.status(503));
    const failing = one.refresh();
    await reaches(one, 'refreshing.backingOff');
    await other.refresh();
    expect(server.count({ grantType: 'refresh_token' })).toBe(2);
    await failing; // By what the other wrote.
  });

  it('is not waited for longer than an hour, and not at all for the sake of a record that makes no sense', async () => {
    const { clock, server, service, profile } = await startWorld();
    const storage = memoryStorage({ clock });
    const { clientId } = server.clients.serverToServer;
    const key = `${encodeURIComponent(profile.issuer)}/${clientId}/cool-down`;
    const failure = { code: 'fictional', description: 'A fictional wish.', status: 429 };
    const values = ['{', '{"until":"soon"}', 'null', JSON.stringify({ until: 1e300 })];
    for (const value of values) {
      const { record } = await storage.read(key);
      await storage.commit(key, { value, expectedVersion: record?.version ?? 0 });
      await service({ storage, scopes: [`openid`] }).getToken();
    }
    const { record } = await storage.read(key);
    const value = JSON.stringify({ until: 1e300, failure });
    await storage.commit(key, { value, expectedVersion: record?.version ?? 0 });
    const auth = service({ storage });
    expect(await errorOf(auth.getToken())).toMatchObject({ name: 'RateLimitError', retryAfter: 3_600 });
    await clock.advance(HOUR + MINUTE);
    await auth.getToken();
  });
});
