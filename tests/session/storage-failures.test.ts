import type { TokenStorage } from '@frameio-auth/core/adapter';
import { describe, expect, it } from 'vitest';
import {
  becomes,
  DOWN,
  errorOf,
  HOUR,
  LIFETIME,
  MINUTE,
  observedStorage,
  reaches,
  SECOND,
  type sitOut,
  startWorld,
} from './world.js';

const STORAGE_DOWN = { name: 'StorageError', code: 'STORAGE_DOWN' };

describe('a storage that fails', () => {
  it('does not matter to a token that is fresh', async () => {
    const { clock, service, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auths = [service({ storage }), await signedIn({ storage })];
    const tokens = await Promise.all(auths.map((auth) => auth.getToken()));
    for (const operation of DOWN) storage.failing.add(operation);
    await clock.advance(HOUR);
    expect(await Promise.all(auths.map((auth) => auth.getToken()))).toEqual(tokens);
  });

  it('at the lease leaves users with the token they have until it expires, and then with a StorageError', async () => {
    const { server, clock, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage });
    const old = await auth.getToken();
    storage.failing.add('lease');
    clock.setNow(clock.now() + LIFETIME - MINUTE);
    expect(await auth.getToken()).toBe(old);
    await reaches(auth, 'refreshing.backingOff');
    expect(auth.snapshot).toMatchObject({ degraded: true, failure: { source: 'storage', code: 'STORAGE_DOWN' } });
    await clock.advance(MINUTE);
    await sitOutUntil(auth, clock, 3);
    const error = await errorOf(auth.getToken());
    expect(error).toMatchObject(STORAGE_DOWN);
    expect(error.message).toBe('The storage fails to lease.');
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);

    storage.failing.clear();
    await clock.advance(MINUTE);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(auth.snapshot).toMatchObject({ degraded: false, failure: null });
  });

  it('at the lease does not keep a service from asking for its own token', async () => {
    const { server, clock, service } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = service({ storage });
    await auth.getToken();
    storage.failing.add('lease');
    clock.setNow(clock.now() + LIFETIME);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(server.count({ endpoint: 'token' })).toBe(2);
    expect(auth.snapshot.step).toBe('valid.fresh');
  });

  it('from the start does not keep a service from its token, for which it asks once', async () => {
    const { server, clock, service } = await startWorld();
    const storage = observedStorage({ clock });
    for (const operation of DOWN) storage.failing.add(operation);
    const auth = service({ storage });
    const token = await auth.getToken();
    expect(server.accessTokenIsLive(token)).toBe(true);
    expect(auth.snapshot).toMatchObject({ step: 'valid.unsaved', degraded: true });
    for (let second = 0; second < 60; second += 1) {
      expect(await auth.getToken()).toBe(token);
      await clock.advance(SECOND);
    }
    expect(server.count({ endpoint: 'token' })).toBe(1);

    clock.setNow(clock.now() + LIFETIME);
    const renewed = await auth.getToken();
    expect(server.accessTokenIsLive(renewed)).toBe(true);
    expect(server.count({ endpoint: 'token' })).toBe(2);

    storage.failing.clear();
    await clock.advance(2 * MINUTE);
    await reaches(auth, 'valid.fresh');
    expect(await service({ storage }).getToken()).toBe(renewed);
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });

  it('does not let an API that rejects every token make a service ask again and again', async () => {
    const { server, clock, service } = await startWorld();
    const storage = observedStorage({ clock });
    storage.failing.add('commit');
    const auth = service({ storage });
    await auth.getToken();
    for (let refusal = 0; refusal < 10; refusal += 1) {
      await auth.getToken({ rejected: auth.peekToken() ?? 'none' });
    }
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });

  it('at the read tells the user of it, and the next caller tries again', async () => {
    const { clock, portal, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const token = await (await signedIn({ storage })).getToken();
    storage.failing.add('read');
    const auth = portal({ storage });
    const calls = [
      auth.getToken(),
      auth.refresh(),
      auth.exportTokens(),
      auth.getToken({ rejected: 'x' }),
      auth.revoke(),
    ];
    for (const call of calls) expect(await errorOf(call)).toMatchObject(STORAGE_DOWN);
    expect(await errorOf(auth.getAuthorizationUrl())).toMatchObject(STORAGE_DOWN);
    expect(auth.snapshot).toMatchObject({ state: 'restoring', failure: { source: 'storage' } });
    storage.failing.clear();
    expect(await auth.getToken()).toBe(token);
  });

  it('at the write after the server rotated: the new tokens are served, and written as soon as may be', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = observedStorage({ clock });
    const refreshed: string[] = [];
    const auth = await signedIn({ storage, onTokenRefreshed: ({ accessToken }) => refreshed.push(accessToken) });
    storage.failing.add('commit');
    await auth.refresh();
    const token = await auth.getToken();
    expect(server.accessTokenIsLive(token)).toBe(true);
    expect(refreshed.at(-1)).toBe(token);
    expect(auth.snapshot).toMatchObject({
      step: 'valid.unsaved',
      degraded: true,
      attempt: 1,
      failure: { source: 'storage', code: 'STORAGE_DOWN' },
    });
    for (const attempt of [1, 2, 3]) {
      const { retryAt } = await becomes(auth, (snapshot) => snapshot.attempt === attempt);
      await clock.advanceTo(retryAt ?? 0);
    }
    await becomes(auth, ({ attempt }) => attempt === 4);
    expect(await auth.getToken()).toBe(token);
    await expect(auth.refresh()).rejects.toMatchObject(STORAGE_DOWN);

    storage.failing.clear();
    await clock.advanceTo(auth.snapshot.retryAt ?? 0);
    expect(await reaches(auth, 'valid.fresh')).toMatchObject({ degraded: false, attempt: 0, failure: null });
    expect(refreshed).toHaveLength(2);
    const other = portal({ storage });
    expect(await other.getToken()).toBe(token);
    await other.refresh();
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(2);
  });

  it('at the write serves users no longer than the token lives, and recovers', async () => {
    const { server, clock, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage });
    storage.failing.add('commit');
    await auth.refresh();
    clock.setNow(clock.now() + LIFETIME);
    expect(await errorOf(auth.getToken())).toMatchObject(STORAGE_DOWN);
    storage.failing.clear();
    await clock.advance(2 * MINUTE);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(2);
  });

  it('at the response alone, though it wrote: the session finds its own tokens there', async () => {
    const { server, clock, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const inner = observedStorage({ clock });
    let losing = false;
    const storage: TokenStorage = {
      ...inner,
      async commit(key, request) {
        const reply = await inner.commit(key, request);
        if (losing) throw new Error('The connection was lost');
        return reply;
      },
    };
    const auth = await signedIn({ storage });
    losing = true;
    await auth.refresh();
    const token = await auth.getToken();
    expect(auth.snapshot).toMatchObject({ step: 'valid.unsaved', failure: { code: 'storage_failed' } });
    losing = false;
    await clock.advanceTo(auth.snapshot.retryAt ?? 0);
    await reaches(auth, 'valid.fresh');
    expect(await auth.getToken()).toBe(token);
    await auth.refresh();
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(2);
  });

  it('at the tombstone gives nothing up', async () => {
    const { server, clock, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage });
    server.revokeToken((await auth.exportTokens())?.refreshToken ?? '');
    storage.failing.add('commit');
    await expect(auth.refresh()).rejects.toMatchObject(STORAGE_DOWN);
    expect(auth.snapshot).toMatchObject({ step: 'refreshing.backingOff', ending: null });
    expect(auth.isAuthenticated).toBe(true);
    storage.failing.clear();
    await expect(auth.refresh()).rejects.toMatchObject({ name: 'TokenExpiredError' });
    expect(auth.snapshot.state).toBe('expired');
  });

  it.each(['renew', 'release'] as const)('to %s a lease changes nothing', async (operation) => {
    const { clock, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage });
    storage.failing.add(operation);
    await auth.refresh();
    expect(auth.snapshot.step).toBe('valid.fresh');
  });
});

describe('a storage that answers with what the port does not allow', () => {
  it.each([
    ['nothing', undefined],
    ['no time', {}],
    ['a time that no date has', { now: 1e300 }],
    ['a value that is no text', { now: 0, record: { value: 7, version: 1 } }],
    ['a version that is none', { now: 0, record: { value: '{}', version: 0 } }],
  ])('is a StorageError, and the response is not used: %s', async (_name, reply) => {
    const { clock, server, portal } = await startWorld();
    const storage = { ...observedStorage({ clock }), read: async () => reply as never };
    expect(await errorOf(portal({ storage }).getToken())).toMatchObject({
      name: 'StorageError',
      code: 'invalid_reply',
    });
    expect(server.count()).toBe(0);
  });
});

describe('a storage that fails with an error of its driver', () => {
  it('is a StorageError that quotes nothing of it', async () => {
    const { clock, portal } = await startWorld();
    const storage = observedStorage({ clock });
    storage.before = () => {
      throw new Error('EVALSHA commit {"accessToken":"a-token.fictional"} failed');
    };
    const error = await errorOf(portal({ storage }).getToken());
    expect(error).toMatchObject({ name: 'StorageError', code: 'storage_failed' });
    expect(JSON.stringify([error, error.message, error.stack])).not.toContain('a-token.fictional');
  });

  it('by throwing instead of rejecting, and by a watch that throws, is no different', async () => {
    const { clock, server, service } = await startWorld();
    const inner = observedStorage({ clock });
    const storage: TokenStorage = {
      ...inner,
      lease() {
        throw new Error('not connected');
      },
      watch() {
        throw new Error('not connected');
      },
    };
    const auth = service({ storage });
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    await auth.close();
  });
});

describe('onStorageUnavailable', () => {
  it("'fail' keeps a service from asking without a lease", async () => {
    const { server, clock, service } = await startWorld();
    const storage = observedStorage({ clock });
    for (const operation of DOWN) storage.failing.add(operation);
    const auth = service({ storage, onStorageUnavailable: 'fail' });
    await expect(auth.getToken()).rejects.toMatchObject(STORAGE_DOWN);
    expect(server.count({ endpoint: 'token' })).toBe(0);
    storage.failing.clear();
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it("'request' lets users continue, at the risk of the other instances", async () => {
    const { server, clock, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage, onStorageUnavailable: 'request' });
    for (const operation of DOWN) storage.failing.add(operation);
    for (let expiry = 1; expiry <= 3; expiry += 1) {
      clock.setNow(clock.now() + LIFETIME);
      expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
      expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(expiry);
    }
    storage.failing.clear();
    await clock.advance(2 * MINUTE);
    await reaches(auth, 'valid.fresh');
  });
});

describe('a record that cannot be read', () => {
  it.each([
    ['damaged', '{"format":1,"status":"tok', 'record_unreadable'],
    ['of a newer version', '{"format":2,"status":"tokens"}', 'record_from_newer_version'],
  ])('because it is %s is left as it is, and the user is told', async (_how, value, code) => {
    const { server, clock, portal, signedIn } = await startWorld();
    const inner = observedStorage({ clock });
    const keys: string[] = [];
    const storage: TokenStorage = {
      ...inner,
      read(key) {
        keys.push(key);
        return inner.read(key);
      },
    };
    await signedIn({ storage });
    const key = keys.find((each) => each.includes('/session/')) ?? '';
    const { record } = await inner.read(key);
    await inner.commit(key, { value, expectedVersion: record?.version ?? 0 });
    const auth = portal({ storage });
    await expect(auth.getToken()).rejects.toMatchObject({ name: 'StorageError', code });
    expect((await inner.read(key)).record?.value).toBe(value);
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
  });
});

async function sitOutUntil(...[auth, clock, attempts]: Parameters<typeof sitOut>): Promise<void> {
  while (auth.snapshot.attempt < attempts) {
    const { attempt, retryAt } = auth.snapshot;
    await clock.advanceTo(retryAt ?? 0);
    await becomes(auth, (snapshot) => snapshot.attempt > attempt);
  }
}
