import { StorageError } from '@frameio-auth/core';
import type { CommitRequest, TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault, type ManualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { becomes, errorOf, idle, LATEST_RENEWAL, LIFETIME, MINUTE, reaches, SECOND, startWorld } from './world.js';

/** A storage that can lose its last commits, like one with a replica that takes over before it received them. */
interface RewindableStorage extends TokenStorage {
  /** Loses so many commits, the last ones, or `Infinity`. Their versions are not used again. */
  lose(commits: number): Promise<void>;
  /** Notifies all watchers of the current version, or another one. */
  hint(version?: number): Promise<void>;
  /** Whether commits fail. */
  failing: boolean;
  /** How many of the next readings fail. */
  failingReads: number;
  /** How often a lease was asked for; many more times than a test needs, and the storage gives up. */
  leases: number;
}

function rewindableStorage({ clock }: { readonly clock: ManualClock }): RewindableStorage {
  let inner = memoryStorage({ clock });
  /** All that was committed, oldest first: as many as the versions that `inner` has given. */
  const commits: (readonly [key: string, request: CommitRequest])[] = [];
  const listeners = new Map<string, Set<(version: number) => void>>();
  let watched = new Set<string>();

  /** One watch on `inner` for each key, so that all of them can move on to the next one. */
  function listen(key: string): void {
    if (watched.has(key)) return;
    watched.add(key);
    inner.watch(key, (version) => {
      for (const listener of listeners.get(key) ?? []) listener(version);
    });
  }

  const storage: RewindableStorage = {
    failing: false,
    failingReads: 0,
    leases: 0,
    async read(key) {
      if (storage.failingReads === 0) return inner.read(key);
      storage.failingReads -= 1;
      throw new StorageError('STORAGE_DOWN', 'The storage fails to read.');
    },
    async lease(key, request) {
      storage.leases += 1;
      if (storage.leases > 100) throw new StorageError('STORAGE_WEARY', 'The storage was asked for too many leases.');
      return inner.lease(key, request);
    },
    renew: (lease) => inner.renew(lease),
    release: (lease) => inner.release(lease),
    async commit(key, request) {
      if (storage.failing) throw new StorageError('STORAGE_DOWN', 'The storage fails to commit.');
      const reply = await inner.commit(key, request);
      if (reply.outcome === 'committed') commits.push([key, request]);
      return reply;
    },
    due: (request) => inner.due(request),
    watch(key, listener) {
      const ofKey = listeners.get(key) ?? new Set();
      listeners.set(key, ofKey.add(listener));
      listen(key);
      return () => void ofKey.delete(listener);
    },
    close: () => inner.close(),
    async lose(count) {
      inner = memoryStorage({ clock });
      watched = new Set();
      commits.fill(['lost', { value: '', expectedVersion: 0 }], Math.max(0, commits.length - count));
      for (const [at, [key, { lease: _, ...request }]] of commits.entries()) {
        const reply = await inner.commit(key === 'lost' ? `lost ${at}` : key, request);
        // A record that has expired meanwhile is gone, so its successor is none: it takes its version alone.
        if (reply.outcome === 'conflict') await inner.commit(`gone ${at}`, { value: '', expectedVersion: 0 });
      }
      for (const key of listeners.keys()) listen(key);
    },
    async hint(version) {
      for (const [key, ofKey] of listeners) {
        const { record } = await inner.read(key);
        for (const listener of ofKey) listener(version ?? record?.version ?? 0);
      }
    },
  };
  return storage;
}

/** Each refresh token works once; who presents one twice ends the whole sign-in. */
async function strictWorld() {
  const world = await startWorld({ rotation: 'revoke-chain' });
  return { ...world, storage: rewindableStorage(world) };
}

describe('a storage that lost its last writes', () => {
  it.each([
    ['one renewal', 1],
    ['three renewals', 3],
    ['the whole record', 4],
  ])(
    '(%s) signs no user out: the instance with the newest tokens refreshes them and restores the record',
    async (_, count) => {
      const { server, portal, signedIn, storage } = await strictWorld();
      const auth = await signedIn({ storage });
      for (let renewal = 1; renewal <= 3; renewal += 1) await auth.refresh();
      await storage.lose(count);

      await auth.refresh();
      const token = await auth.getToken();
      expect(server.accessTokenIsLive(token)).toBe(true);
      expect(server.count({ grantType: 'refresh_token' })).toBe(4);
      const other = portal({ storage });
      expect(await other.getToken()).toBe(token);
      await other.refresh();
      expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(5);
      expect(server.count({ grantType: 'refresh_token' })).toBe(5);
    },
  );

  it('and that another instance refreshed since gets its old tokens back from no session that reads it twice at once', async () => {
    const { server, portal, signedIn, storage } = await strictWorld();
    let readings = Promise.resolve();
    const slow = { ...storage, read: (key: string) => readings.then(() => storage.read(key)) };
    const auth = await signedIn({ storage: slow });
    const other = portal({ storage });
    await auth.refresh();
    await other.getToken();
    await storage.lose(1);
    server.faults.next('token', fault.status(503));
    const refreshed = auth.refresh();
    await reaches(auth, 'refreshing.backingOff');

    let goOn = () => {};
    readings = new Promise((resolve) => {
      goOn = resolve;
    });
    await other.refresh(); // Its hint causes the first read.
    await storage.hint();
    goOn();
    await refreshed;
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', degraded: false });
    expect(await auth.getToken()).toBe(await other.getToken());
  });

  it('while a request was out takes the tokens that it brought', async () => {
    const { server, portal, signedIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.refresh();
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const refreshed = auth.refresh();
    await held.reached;
    await storage.lose(1);
    held.release();
    await refreshed;
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', degraded: false });
    const other = portal({ storage });
    expect(await other.getToken()).toBe(await auth.getToken());
    await other.refresh();
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(3);
  });

  it.each([1, 2])(
    '(%d) while a request was out takes the tokens that it brought, though another instance has written the spent ones again',
    async (count) => {
      const { server, clock, portal, signedIn, storage } = await strictWorld();
      const [auth, other] = [await signedIn({ storage }), portal({ storage })];
      await auth.refresh();
      const spent = await other.getToken();
      const held = fault.heldAnswer();
      server.faults.next('token', held);
      const refreshed = auth.refresh();
      await held.reached;
      await storage.lose(count);
      await storage.hint();
      await reaches(other, 'valid.unsaved');
      await clock.advance(0);
      await reaches(other, 'valid.fresh');
      held.release();
      await refreshed;

      const token = await auth.getToken();
      expect(token === spent).toBe(false);
      expect(server.accessTokenIsLive(token)).toBe(true);
      await becomes(other, ({ issuedAt }) => issuedAt === auth.snapshot.issuedAt);
      expect(await other.getToken()).toBe(token);
      await other.refresh();
      expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(3);
      expect(server.count({ grantType: 'refresh_token' })).toBe(3);
    },
  );

  it.each(['before', 'after'])(
    'is not given tokens that another instance has revoked, though it lost the revocation before this one could read it (and more %s that)',
    async (when) => {
      const { server, clock, portal, signedIn, storage } = await strictWorld();
      const [auth, other] = [await signedIn({ storage }), portal({ storage })];
      await other.getToken();
      server.faults.always('token', fault.status(400));
      expect(await errorOf(auth.refresh())).toMatchObject({ name: 'ConfigurationError' });
      expect(auth.snapshot.step).toBe('refreshing.backingOff');

      if (when === 'before') {
        await storage.lose(1);
        await storage.hint();
        await reaches(other, 'valid.unsaved');
      }
      storage.failingReads = 1;
      await other.revoke();
      await idle();
      expect(storage.failingReads).toBe(0);
      await storage.lose(when === 'before' ? 1 : 2);
      await storage.hint();

      const notWritten = { name: 'AuthenticationError', code: 'not_authenticated' };
      for (let pause = 1; pause <= 5; pause += 1) {
        await idle();
        expect(await errorOf(portal({ storage }).getToken())).toMatchObject(notWritten);
        await clock.advance(MINUTE);
      }
      expect(auth.isAuthenticated).toBe(true);
      await auth.close();
      expect(await errorOf(portal({ storage }).getToken())).toMatchObject(notWritten);
    },
  );

  it('is not written by others during a refresh, because that would end its lease', async () => {
    const { server, clock, portal, signedIn, storage } = await strictWorld();
    const [auth, other] = [await signedIn({ storage }), portal({ storage })];
    await auth.refresh();
    await other.getToken();
    await storage.lose(2);
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const refreshed = auth.refresh();
    await held.reached;
    await storage.hint();
    await idle();
    await clock.advance(0);
    await idle();
    expect(other.snapshot).toMatchObject({ step: 'valid.fresh', degraded: false });
    const waited = other.refresh();
    await reaches(other, 'refreshing.waiting');
    held.release();
    await refreshed;
    await clock.advance(2 * SECOND);
    await waited;
    expect((await other.getToken()) === (await auth.getToken())).toBe(true);
    expect(server.count({ grantType: 'refresh_token' })).toBe(2);
  });

  it.each(['that tries again', 'that is closed'])(
    'after it had failed takes the tokens that are in memory alone, from a session %s, though another instance has written the spent ones again',
    async (which) => {
      const { server, clock, portal, signedIn, storage } = await strictWorld();
      const [auth, other] = [await signedIn({ storage }), portal({ storage })];
      await auth.refresh();
      await other.getToken();
      storage.failing = true;
      await auth.refresh();
      expect(auth.snapshot.step).toBe('valid.unsaved');
      const token = await auth.getToken();
      storage.failing = false;
      await storage.lose(2);
      await storage.hint();
      await reaches(other, 'valid.unsaved');
      await clock.advance(0);
      await reaches(other, 'valid.fresh');
      expect((await other.getToken()) === token).toBe(false);

      if (which === 'that is closed') await auth.close();
      else await clock.advanceTo(auth.snapshot.retryAt ?? 0);
      await becomes(other, ({ issuedAt }) => issuedAt === auth.snapshot.issuedAt || which === 'that is closed');
      await idle();
      expect(await other.getToken()).toBe(token);
      await other.refresh();
      expect(server.count({ grantType: 'refresh_token' })).toBe(3);
    },
  );

  it('makes a fleet refresh once, by the newest token, though all begin at the same moment', async () => {
    const { server, clock, portal, signedIn, storage } = await strictWorld();
    const first = await signedIn({ storage });
    const fleet = [first, portal({ storage }), portal({ storage })];
    await Promise.all(fleet.map((auth) => auth.getToken()));
    await first.refresh();
    await Promise.all(fleet.map((auth) => becomes(auth, ({ issuedAt }) => issuedAt === first.snapshot.issuedAt)));
    await idle();
    await storage.lose(1);

    await clock.advance(LATEST_RENEWAL);
    await Promise.all(fleet.map((auth) => becomes(auth, ({ issuedAt }) => (issuedAt ?? 0) > clock.now() - SECOND)));
    const tokens = await Promise.all(fleet.map((auth) => auth.getToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(server.accessTokenIsLive(tokens[0] ?? '')).toBe(true);
    expect(server.count({ grantType: 'refresh_token' })).toBe(2);
  });

  it('is restored without a request after a hint, before any instance uses its old token', async () => {
    const { server, clock, portal, signedIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.refresh();
    const token = await auth.getToken();
    await storage.lose(1);
    await storage.hint();
    await reaches(auth, 'valid.unsaved');
    expect(await auth.getToken()).toBe(token);
    await clock.advance(SECOND);
    await reaches(auth, 'valid.fresh');
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);

    const other = portal({ storage });
    expect(await other.getToken()).toBe(token);
    await other.refresh();
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(2);
  });

  it('is restored although the read after the hint fails, within seconds of the storage being back', async () => {
    const { server, clock, portal, signedIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.refresh();
    const token = await auth.getToken();
    await storage.lose(1);
    storage.failingReads = 1000;
    await storage.hint();
    await clock.advance(MINUTE);
    // Not a storm: from the fourth on, readings are 2.5 s apart on the average.
    expect(1000 - storage.failingReads).toBeGreaterThan(5);
    expect(1000 - storage.failingReads).toBeLessThan(60);
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', degraded: false });

    storage.failingReads = 0;
    await clock.advance(5 * SECOND);
    await idle();
    await clock.advance(SECOND);
    await idle();
    expect(auth.snapshot.step).toBe('valid.fresh');
    expect(await portal({ storage }).getToken()).toBe(token);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('is restored although its hint came during a failing refresh', async () => {
    const { server, clock, portal, signedIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.refresh();
    const token = await auth.getToken();
    const held = fault.held();
    server.faults.always('token', fault.chain(held, fault.status(400)));
    const refreshed = errorOf(auth.refresh());
    await held.reached;
    await storage.lose(1);
    await storage.hint();
    held.release();
    expect(await refreshed).toMatchObject({ name: 'ConfigurationError' });
    await clock.advance(5 * SECOND); // It reads again, and writes after the delay for a configuration error.
    await idle();
    await clock.advance(MINUTE);
    await idle();
    await clock.advance(0);
    await idle();
    server.faults.clear();
    expect(await portal({ storage }).getToken()).toBe(token);
  });

  it('is restored with tokens that have expired and can be refreshed, before another instance presents a spent one', async () => {
    const { server, clock, portal, signedIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.refresh();
    await clock.advance(3 * LIFETIME); // One refresh, because it was used, and the lifetime of its token.
    expect(auth.peekToken()).toBeUndefined();
    await storage.lose(1);
    await storage.hint();
    await idle();
    expect(auth.snapshot.step).toBe('valid.unsaved');
    await clock.advance(SECOND);
    await reaches(auth, 'valid.due');

    const other = portal({ storage });
    expect(server.accessTokenIsLive(await other.getToken())).toBe(true);
    expect(await auth.getToken()).toBe(await other.getToken());
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(3);
    expect(server.count({ grantType: 'refresh_token' })).toBe(3);
  });

  it('is not a storage that deleted expired tokens without a refresh token, so those are not written again', async () => {
    const { clock, service, storage } = await strictWorld();
    const fleet = [service({ storage }), service({ storage })];
    for (const auth of fleet) await auth.getToken();
    await clock.advance(4 * LIFETIME); // One refresh, because they were used; the lifetime of its token; and a day of grace in storage.
    await storage.hint(0);
    await idle();
    expect(fleet.map((auth) => auth.snapshot)).toMatchObject([{ step: 'valid.due' }, { step: 'valid.due' }]);
  });

  it('and had hinted at them does not make those who wait for the lease ask for it without a pause', async () => {
    const { server, clock, portal, signedIn, storage } = await strictWorld();
    const one = await signedIn({ storage });
    const other = portal({ storage });
    await other.getToken();
    await storage.hint(1000);
    await idle();
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const refreshed = one.refresh();
    await held.reached;
    const waited = other.refresh();
    await reaches(other, 'refreshing.waiting');
    await idle();
    expect(storage.leases).toBeLessThan(4);
    held.release();
    await refreshed;
    await clock.advance(2 * SECOND);
    await waited;
    expect(await other.getToken()).toBe(await one.getToken());
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('after it had failed takes the tokens that are in memory alone', async () => {
    const { clock, portal, signedIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.refresh();
    storage.failing = true;
    await auth.refresh();
    expect(auth.snapshot.step).toBe('valid.unsaved');
    const token = await auth.getToken();
    storage.failing = false;
    await storage.lose(1);
    await clock.advanceTo(auth.snapshot.retryAt ?? 0);
    await reaches(auth, 'valid.fresh');
    expect(await portal({ storage }).getToken()).toBe(token);
  });

  it.each([1, 2])('(%d) after it had failed takes them also from a session that is closed', async (count) => {
    const { portal, signedIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.refresh();
    storage.failing = true;
    await auth.refresh();
    const token = await auth.getToken();
    storage.failing = false;
    await storage.lose(count);
    await auth.close();
    expect(await portal({ storage }).getToken()).toBe(token);
  });

  it('does not make rejected tokens good: the session is over for all, and the older token is not tried', async () => {
    const { server, portal, signedIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.refresh();
    server.revokeToken((await auth.exportTokens())?.refreshToken ?? '');
    await storage.lose(1);
    expect(await errorOf(auth.refresh())).toMatchObject({ name: 'TokenExpiredError', code: 'invalid_grant' });
    expect(await errorOf(portal({ storage }).getToken())).toMatchObject({ name: 'TokenExpiredError' });
    expect(server.count({ grantType: 'refresh_token' })).toBe(2);
  });

  it('does not sign anybody in again who signed out', async () => {
    const { server, portal, signedIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.revoke();
    await storage.lose(1);
    expect(await errorOf(auth.getToken())).toMatchObject({ name: 'TokenExpiredError', code: 'token_revoked' });
    expect(auth.snapshot.state).toBe('revoked');
    expect(await errorOf(portal({ storage }).getToken())).toMatchObject({ code: 'token_revoked' });
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
  });

  it('keeps no user from signing in again', async () => {
    const { portal, signedIn, signIn, storage } = await strictWorld();
    const auth = await signedIn({ storage });
    await auth.refresh();
    await storage.lose(1);
    await signIn(auth);
    expect(await portal({ storage }).getToken()).toBe(await auth.getToken());
  });

  it('lets a service continue, by one request', async () => {
    const { server, clock, service, storage } = await strictWorld();
    const fleet = [service({ storage }), service({ storage })];
    await Promise.all(fleet.map((auth) => auth.getToken()));
    await Promise.all(fleet.map((auth) => auth.refresh()));
    const asked = server.count({ endpoint: 'token' });
    await storage.lose(1);
    clock.setNow(clock.now() + LIFETIME + MINUTE);
    const tokens = await Promise.all(fleet.map((auth) => auth.getToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(server.accessTokenIsLive(tokens[0] ?? '')).toBe(true);
    expect(server.count({ endpoint: 'token' })).toBe(asked + 1);
  });
});

/** The same storage for an instance that gets no hints. */
function unhinted(storage: RewindableStorage): TokenStorage {
  return { ...storage, watch: () => () => {} };
}

describe('a storage that lost tokens, in which an instance with older ones wrote that they were rejected', () => {
  /** Two instances; one, which gets no hints, has older tokens than the other. */
  async function twoInstances(newer: 'renewed' | 'signed in anew', { hinted = true } = {}) {
    const world = await startWorld({ rotation: 'strict' });
    const storage = rewindableStorage(world);
    const auth = await world.signedIn({ storage: hinted ? storage : unhinted(storage) });
    const behind = world.portal({ storage: unhinted(storage) });
    await behind.getToken();
    if (newer === 'renewed') {
      await auth.refresh();
      await auth.refresh();
    } else {
      await auth.revoke();
      await world.signIn(auth);
    }
    return { ...world, storage, auth, behind, token: await auth.getToken() };
  }

  const refused = { name: 'TokenExpiredError', code: 'invalid_grant' };

  it.each([
    ['renewed', 'all', Number.POSITIVE_INFINITY],
    ['signed in anew', 'all', Number.POSITIVE_INFINITY],
    ['renewed', 'two', 2],
  ] as const)('signs no session with newer tokens out (%s; it lost %s), and is restored', async (newer, _, count) => {
    const { server, clock, portal, storage, auth, behind, token } = await twoInstances(newer);
    await storage.lose(count);
    expect(await errorOf(behind.refresh())).toMatchObject(refused);
    await idle();
    await clock.advance(SECOND);
    await idle();
    await clock.advance(2 * SECOND);
    await idle();
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', degraded: false });
    expect(server.accessTokenIsLive(token)).toBe(true);
    expect(await portal({ storage }).getToken()).toBe(token);
    // A caller that was rejected learns of them with its next call.
    expect(await behind.getToken()).toBe(token);
    await auth.refresh();
    expect(server.accessTokenIsLive(await portal({ storage }).getToken())).toBe(true);
  });

  it.each(['renewed', 'signed in anew'] as const)(
    'is replaced by an instance with newer tokens and without a hint (%s)',
    async (newer) => {
      const { server, portal, storage, auth, behind, token } = await twoInstances(newer, { hinted: false });
      await storage.lose(Number.POSITIVE_INFINITY);
      expect(await errorOf(behind.refresh())).toMatchObject(refused);
      await auth.refresh();
      const renewed = await auth.getToken();
      expect(renewed === token).toBe(false);
      expect(await portal({ storage }).getToken()).toBe(renewed);
      expect(server.accessTokenIsLive(renewed)).toBe(true);
    },
  );

  it('is restored by an instance after its own failed refresh', async () => {
    const { server, clock, portal, storage, auth, behind, token } = await twoInstances('renewed');
    server.faults.next('token', fault.status(400));
    expect(await errorOf(auth.refresh())).toMatchObject({ name: 'ConfigurationError' });
    expect(auth.snapshot.step).toBe('refreshing.backingOff');
    await storage.lose(Number.POSITIVE_INFINITY);
    expect(await errorOf(behind.refresh())).toMatchObject(refused);
    for (let pause = 1; pause <= 3; pause += 1) {
      await idle();
      await clock.advance(MINUTE);
    }
    await idle();
    expect(auth.isAuthenticated).toBe(true);
    expect(await portal({ storage }).getToken()).toBe(token);
  });

  it('ends the session of an instance that has no newer ones', async () => {
    const { server, portal, storage, auth } = await twoInstances('renewed');
    const equal = portal({ storage: unhinted(storage) });
    await equal.getToken();
    server.revokeToken((await auth.exportTokens())?.refreshToken ?? '');
    await storage.lose(Number.POSITIVE_INFINITY);
    expect(await errorOf(equal.refresh())).toMatchObject(refused);
    await becomes(auth, ({ state }) => state === 'expired');
  });

  it('ends an older sign-in, where the rejected tokens are of the one that replaced it', async () => {
    const { server, signedIn, portal, signIn, storage } = await strictWorld();
    const older = await signedIn({ storage: unhinted(storage) });
    const newer = portal({ storage });
    await signIn(newer);
    server.revokeToken((await newer.exportTokens())?.refreshToken ?? '');
    expect(await errorOf(newer.refresh())).toMatchObject(refused);
    expect(await errorOf(older.refresh())).toMatchObject({ name: 'TokenExpiredError' });
  });

  it('does not get tokens again that may have been revoked meanwhile, unread by any instance', async () => {
    const { clock, portal, storage, auth, behind } = await twoInstances('renewed');
    const other = portal({ storage });
    await other.getToken();
    storage.failingReads = 1;
    await other.revoke();
    await other.close();
    await idle();
    expect(storage.failingReads).toBe(0);
    await storage.lose(Number.POSITIVE_INFINITY);
    expect(await errorOf(behind.refresh())).toMatchObject(refused);
    for (let pause = 1; pause <= 3; pause += 1) {
      await idle();
      await clock.advance(MINUTE);
    }
    await idle();
    expect(auth.snapshot.state).toBe('valid');
    expect(await errorOf(portal({ storage }).getToken())).toMatchObject(refused);
  });
});
