import { adobeIms, NativeAppAuth } from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault, fingerprint } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { describe, expect, it } from 'vitest';
import { errorOf, isSettled, observedStorage, reaches, startWorld } from './world.js';

const REVOKED = { name: 'TokenExpiredError', code: 'token_revoked' };

describe('revoke()', () => {
  it('tells the server, the refresh token first, and forgets the tokens here and in storage (RFC 7009 §2.1)', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const auth = await signedIn({ storage });
    const { accessToken = '', refreshToken = '' } = (await auth.exportTokens()) ?? {};
    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
    const revocations = server.requests.filter(({ endpoint }) => endpoint === 'revoke');
    expect(revocations.map(({ form }) => form['token'])).toEqual([fingerprint(refreshToken), fingerprint(accessToken)]);
    expect([server.accessTokenIsLive(accessToken), server.refreshTokenIsLive(refreshToken)]).toEqual([false, false]);

    expect(auth.snapshot).toMatchObject({ state: 'revoked', issuedAt: null, expiresAt: null, refreshable: false });
    expect([auth.peekToken(), auth.isAuthenticated, await auth.exportTokens()]).toEqual([undefined, false, undefined]);
    expect(await errorOf(auth.getToken())).toMatchObject(REVOKED);
    expect(await errorOf(auth.refresh())).toMatchObject(REVOKED);
    expect(await errorOf(portal({ storage }).getToken())).toMatchObject(REVOKED);
    expect(clock.pendingTimers).toEqual([]);
  });

  it('leaves no token in what the storage holds', async () => {
    const { server, clock, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const values: string[] = [];
    const auth = await signedIn({
      storage: {
        ...storage,
        commit(key, request) {
          if (key.includes('/session/')) values.push(request.value);
          return storage.commit(key, request);
        },
      },
    });
    await auth.revoke();
    expect(values.at(-1)).toMatch(/^\{"format":1,"status":"revoked","signIn":"[\w-]{12}"\}$/);
    expect(server.secrets().filter((secret) => values.at(-1)?.includes(secret))).toEqual([]);
  });

  it.each([
    ['does not answer', fault.dropped(), /^(?:UND_ERR_SOCKET|ECONNRESET)$/],
    ['fails', fault.status(503), /^http_503$/],
    ['refuses', fault.error('invalid_client'), /^invalid_client$/],
  ])(
    'forgets the tokens also when the server %s, and says why it knows nothing of it',
    async (_name, failing, reason) => {
      const { server, clock, portal, signedIn } = await startWorld();
      const storage = memoryStorage({ clock });
      const auth = await signedIn({ storage });
      server.faults.always('revoke', failing);
      const result = await auth.revoke();
      expect(result).toEqual({ revokedRemotely: false, reason: expect.stringMatching(reason) });
      expect(auth.snapshot.state).toBe('revoked');
      expect(await errorOf(portal({ storage }).getToken())).toMatchObject(REVOKED);
    },
  );

  it('forgets the tokens also when the server is down', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    await server.stop();
    expect(await auth.revoke()).toEqual({ revokedRemotely: false, reason: 'ECONNREFUSED' });
    expect(await errorOf(auth.getToken())).toMatchObject(REVOKED);
  });

  it('says that the legacy server has no place for it', async () => {
    const { server, signedIn } = await startWorld({ profile: 'legacy-frameio' });
    const auth = await signedIn();
    const token = await auth.getToken();
    expect(await auth.revoke()).toEqual({ revokedRemotely: false, reason: 'revocation_unsupported' });
    expect(auth.snapshot.state).toBe('revoked');
    expect(server.accessTokenIsLive(token)).toBe(true);
  });

  it('works for a public client too, which is named in the address', async () => {
    const { server, clock, signIn } = await startWorld();
    const auth = new NativeAppAuth({
      ...server.clients.nativeApp,
      server: adobeIms({ origin: server.origin }),
      transport: fetchTransport(),
      clock,
    });
    await signIn(auth);
    const token = await auth.getToken();
    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
    expect(server.accessTokenIsLive(token)).toBe(false);
    await auth.close();
  });

  it('during a refresh waits for it, and revokes what came of it', async () => {
    const { server, signedIn } = await startWorld({ rotation: 'lenient' });
    const auth = await signedIn();
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const refreshed = auth.refresh();
    await held.reached;
    const revoked = auth.revoke();
    expect(await isSettled(revoked)).toBe(false);
    held.release();
    await refreshed;
    expect(await revoked).toEqual({ revokedRemotely: true });
    const tokens = server.secrets().filter((secret) => secret.includes('.fictional-'));
    expect(tokens.length).toBeGreaterThanOrEqual(4);
    expect(tokens.filter((token) => server.accessTokenIsLive(token) || server.refreshTokenIsLive(token))).toEqual([]);
  });

  it('serves the tokens to no caller while the server is revoking them', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const held = fault.held();
    server.faults.next('revoke', held);
    const revoked = auth.revoke();
    await held.reached;
    expect(auth.peekToken()).toBeUndefined();
    const refused = errorOf(auth.getToken());
    expect(await isSettled(refused)).toBe(false);
    held.release();
    expect(await revoked).toEqual({ revokedRemotely: true });
    expect(await refused).toMatchObject(REVOKED);
  });

  it('rejects those who wait for a token', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const rejected = await auth.getToken();
    server.faults.next('token', fault.status(503));
    const refreshed = errorOf(auth.refresh());
    await reaches(auth, 'refreshing.backingOff');
    const result = await auth.revoke();
    expect(result.revokedRemotely).toBe(true);
    expect(await refreshed).toMatchObject(REVOKED);
    expect(await errorOf(auth.getToken({ rejected }))).toMatchObject(REVOKED);
  });

  it('twice, at once or later, has nothing more to revoke', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const [first, second] = await Promise.all([auth.revoke(), auth.revoke()]);
    expect(first).toEqual({ revokedRemotely: true });
    expect(second).toEqual({ revokedRemotely: false, reason: 'nothing_to_revoke' });
    expect(await auth.revoke()).toEqual({ revokedRemotely: false, reason: 'nothing_to_revoke' });
    expect(server.count({ endpoint: 'revoke' })).toBe(2);
  });

  it('of tokens that were never read revokes what the storage holds', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const token = await (await signedIn({ storage })).getToken();
    const auth = portal({ storage });
    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
    expect(server.accessTokenIsLive(token)).toBe(false);
  });

  it('of tokens that another instance refreshed meanwhile, without a hint, revokes the new ones', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'lenient' });
    const storage = observedStorage({ clock });
    const one = await signedIn({ storage });
    const other = portal({ storage });
    await other.getToken();
    storage.hints = false;
    await one.refresh();
    const token = await one.getToken();
    expect(await other.revoke()).toEqual({ revokedRemotely: true });
    expect(server.accessTokenIsLive(token)).toBe(false);
    expect(await errorOf(portal({ storage }).getToken())).toMatchObject(REVOKED);
  });

  it('rejects while the storage still has the tokens, and may be called again', async () => {
    const { clock, portal, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage });
    storage.failing.add('commit');
    expect(await errorOf(auth.revoke())).toMatchObject({ name: 'StorageError', code: 'STORAGE_DOWN' });
    expect(auth.peekToken()).toBeUndefined();
    expect(await errorOf(auth.getToken())).toMatchObject(REVOKED);
    storage.failing.clear();
    await auth.revoke();
    expect(await errorOf(portal({ storage }).getToken())).toMatchObject(REVOKED);
  });
});

describe('a service', () => {
  it('that was revoked signs in again when a caller asks', async () => {
    const { server, service } = await startWorld();
    const auth = service();
    const old = await auth.getToken();
    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
    expect(auth.peekToken()).toBeUndefined();
    expect(server.accessTokenIsLive(old)).toBe(false);
    const token = await auth.getToken();
    expect(token).not.toBe(old);
    expect(server.accessTokenIsLive(token)).toBe(true);
    expect(auth.snapshot.state).toBe('valid');
  });

  it('that was never signed in has nothing to revoke', async () => {
    const { server, service } = await startWorld();
    const auth = service();
    expect(await auth.revoke()).toEqual({ revokedRemotely: false, reason: 'nothing_to_revoke' });
    expect(server.count()).toBe(0);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });
});
