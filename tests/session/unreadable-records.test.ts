import { type ServerToServerAuth, StorageError, type WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, LIFETIME, MINUTE, observedStorage, startWorld, type World } from './world.js';

const KEYS = { old: new Uint8Array(32).fill(0x0d), new: new Uint8Array(32).fill(0xee) };
const DAMAGED = '{"format":1,"status":"tok';
const NEWER = '{"format":2,"status":"tokens"}';

/** A world with one storage, in which the record of a user's session can be looked at and replaced. */
interface Scene extends World {
  /** The storage as applications see it. */
  readonly storage: TokenStorage;
  /** What is stored under the session's key. */
  stored(): Promise<string | undefined>;
  /** Puts a value in the place of the record. */
  put(value: string): Promise<void>;
}

async function startScene(wrap: (storage: TokenStorage) => TokenStorage = (storage) => storage): Promise<Scene> {
  const world = await startWorld();
  const records = memoryStorage({ clock: world.clock });
  const { clientId } = world.server.clients.webApp;
  let key = '';
  const listening: TokenStorage = {
    ...records,
    commit(asked, request) {
      if (asked.includes('/session/') && asked.includes(clientId)) key = asked;
      return records.commit(asked, request);
    },
  };
  const read = async () => (await records.read(key)).record;
  return {
    ...world,
    storage: wrap(listening),
    stored: async () => (await read())?.value,
    async put(value) {
      await records.commit(key, { value, expectedVersion: (await read())?.version ?? 0 });
    },
  };
}

async function damaged(): Promise<Scene> {
  const scene = await startScene();
  await scene.signedIn({ storage: scene.storage });
  await scene.put(DAMAGED);
  return scene;
}

async function withItsKeyRemoved(): Promise<Scene> {
  let inner: TokenStorage | undefined;
  const scene = await startScene((storage) => {
    inner = storage;
    return encryptedStorage(storage, { keys: { new: KEYS.new }, current: 'new' });
  });
  await scene.signedIn({
    storage: encryptedStorage(inner as TokenStorage, { keys: { old: KEYS.old }, current: 'old' }),
  });
  return scene;
}

/** Tokens of another session of the same user, as an application may have kept them. */
async function exported({ signedIn }: World) {
  return (await (await signedIn()).exportTokens()) ?? { accessToken: 'none' };
}

const UNREADABLE: readonly (readonly [string, () => Promise<Scene>, string])[] = [
  ['is damaged', damaged, 'record_unreadable'],
  ['is encrypted under a key that was removed', withItsKeyRemoved, 'encryption_key_missing'],
];

describe.each(UNREADABLE)('a record that cannot be read because it %s', (_why, arrange, code) => {
  const failure = { name: 'StorageError', code };

  it('is an error for callers that need its tokens, and stays unchanged', async () => {
    const { server, portal, storage, stored } = await arrange();
    const [before, requests] = [await stored(), server.requests.length];
    const auth = portal({ storage });
    const calls = [() => auth.getToken(), () => auth.refresh(), () => auth.exportTokens(), () => auth.getToken()];
    for (const call of calls) {
      const error = await errorOf(call());
      expect(error).toBeInstanceOf(StorageError);
      expect(error).toMatchObject({ ...failure, version: expect.any(Number) });
    }
    expect(auth.snapshot).toMatchObject({ state: 'restoring', failure: { source: 'storage', code } });
    expect([await stored(), server.requests.length]).toEqual([before, requests]);
  });

  it('is replaced by a new sign-in', async () => {
    const { server, portal, signIn, storage } = await arrange();
    const auth = portal({ storage });
    await expect(auth.getToken()).rejects.toMatchObject(failure);
    await signIn(auth);
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', degraded: false, failure: null });
    const token = await portal({ storage }).getToken();
    expect(token).toBe(await auth.getToken());
    expect(server.accessTokenIsLive(token)).toBe(true);
  });

  it('is replaced by a sign-in that another instance completes', async () => {
    const { server, portal, storage } = await arrange();
    const { url } = await portal({ storage }).getAuthorizationUrl();
    const back = await server.signIn(url);
    const auth = portal({ storage });
    await auth.handleCallback(back);
    expect(await portal({ storage }).getToken()).toBe(await auth.getToken());
  });

  it('is replaced by an exchanged code', async () => {
    const { server, portal, storage } = await arrange();
    const auth = portal({ storage });
    const { url, state } = await auth.getAuthorizationUrl();
    const back = new URL(await server.signIn(url));
    await auth.exchangeCode({ code: back.searchParams.get('code') ?? '', state });
    expect(await portal({ storage }).getToken()).toBe(await auth.getToken());
  });

  it('is replaced by an import', async () => {
    const scene = await arrange();
    const tokens = await exported(scene);
    const auth = scene.portal({ storage: scene.storage });
    await auth.importTokens(tokens);
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', failure: null });
    expect(await scene.portal({ storage: scene.storage }).getToken()).toBe(tokens.accessToken);
  });

  it('is replaced by a revocation, which says that the server could not be told', async () => {
    const { portal, signIn, storage } = await arrange();
    const auth = portal({ storage });
    expect(await auth.revoke()).toEqual({ revokedRemotely: false, reason: code });
    expect(auth.snapshot).toMatchObject({ state: 'revoked', failure: null });
    const other = portal({ storage });
    await expect(other.getToken()).rejects.toMatchObject({ name: 'TokenExpiredError', code: 'token_revoked' });
    await signIn(other);
    expect(other.snapshot.step).toBe('valid.fresh');
  });

  it('outlives a sign-in that the user declined, and one with a rejected code', async () => {
    const { server, portal, signIn, storage, stored } = await arrange();
    const before = await stored();
    const auth = portal({ storage });
    const { state } = await auth.getAuthorizationUrl();
    const declined = `https://app.example/callback?error=access_denied&state=${state}`;
    await expect(auth.handleCallback(declined)).rejects.toMatchObject({ name: 'AuthenticationError' });

    server.faults.next('token', fault.error('invalid_grant'));
    await expect(signIn(auth)).rejects.toMatchObject({ name: 'AuthenticationError', code: 'invalid_grant' });
    expect(auth.snapshot.state).toBe('restoring');
    await expect(auth.getToken()).rejects.toMatchObject(failure);
    expect(await stored()).toBe(before);
  });

  it('rejects callers that wait for a failing sign-in with the reason, not with `not_authenticated`', async () => {
    const { server, portal, storage } = await arrange();
    const auth = portal({ storage });
    const { url } = await auth.getAuthorizationUrl();
    const back = await server.signIn(url);
    server.faults.next('token', fault.error('invalid_grant'));
    const asked: Promise<unknown>[] = [];
    auth.subscribe(({ step }) => {
      if (step === 'authorizing.requesting') asked.push(errorOf(auth.getToken()));
    });
    await expect(auth.handleCallback(back)).rejects.toMatchObject({ code: 'invalid_grant' });
    expect(await Promise.all(asked)).toEqual([expect.objectContaining(failure)]);
  });

  it('is replaced by one of two that race, and then by the other, and both serve what the storage has', async () => {
    const { server, portal, storage } = await arrange();
    const auths = [portal({ storage }), portal({ storage })];
    const backs = await Promise.all(auths.map(async (auth) => server.signIn((await auth.getAuthorizationUrl()).url)));
    await Promise.all(auths.map((auth, index) => auth.handleCallback(backs[index] ?? '')));
    const token = await portal({ storage }).getToken();
    for (const auth of auths) {
      // The instance that wrote first must learn of the second, which is a hint, a read and a decryption away.
      await expect.poll(() => auth.getToken()).toBe(token);
      expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', failure: null });
    }
  });
});

describe('a running session with a record that becomes unreadable', () => {
  async function atWork(): Promise<Scene & { readonly auth: WebAppAuth }> {
    const scene = await startScene();
    const auth = await scene.signedIn({ storage: scene.storage });
    await scene.put(DAMAGED);
    return { ...scene, auth };
  }

  it('serves the token that it has, and begins no refresh of it', async () => {
    const { server, clock, auth, stored } = await atWork();
    const token = await auth.getToken();
    expect(server.accessTokenIsLive(token)).toBe(true);
    clock.setNow(clock.now() + LIFETIME - MINUTE);
    expect(await auth.getToken()).toBe(token);
    expect([await stored(), server.count({ grantType: 'refresh_token' })]).toEqual([DAMAGED, 0]);
  });

  it('does not write what a refresh brings over the record, and serves it until a sign-in replaces both', async () => {
    const scene = await startScene();
    const { server, storage, stored, portal, signIn } = scene;
    const auth = await scene.signedIn({ storage });
    const damage = auth.subscribe(({ step }) => {
      if (step === 'refreshing.requesting') void scene.put(DAMAGED);
    });
    await auth.refresh();
    damage.unsubscribe();
    const token = await auth.getToken();
    expect(auth.snapshot).toMatchObject({ step: 'valid.unsaved', failure: { code: 'record_unreadable' } });
    expect([await stored(), server.accessTokenIsLive(token)]).toEqual([DAMAGED, true]);
    await signIn(auth);
    expect(await portal({ storage }).getToken()).toBe(await auth.getToken());
  });

  it.each<[string, (scene: Scene & { readonly auth: WebAppAuth }) => Promise<unknown>, string]>([
    ['signs in anew', ({ auth, signIn }) => signIn(auth), 'valid.fresh'],
    ['imports', async (scene) => scene.auth.importTokens(await exported(scene)), 'valid.fresh'],
    ['is revoked', ({ auth }) => auth.revoke(), 'revoked'],
  ])('replaces the record when it %s', async (_how, act, step) => {
    const scene = await atWork();
    await act(scene);
    expect(scene.auth.snapshot).toMatchObject({ step, failure: null });
    expect(JSON.parse((await scene.stored()) ?? '')).toMatchObject({ format: 1 });
  });

  it('with no user signed in: a sign-in replaces the record', async () => {
    const scene = await startScene();
    const { portal, signIn, storage } = scene;
    const waiting = portal({ storage: { ...storage, watch: () => () => {} } });
    await expect(waiting.getToken()).rejects.toMatchObject({ code: 'not_authenticated' });
    await signIn(portal({ storage }));
    await scene.put(DAMAGED);
    await expect(waiting.getToken()).rejects.toMatchObject({ code: 'record_unreadable' });
    await signIn(waiting);
    expect(await portal({ storage }).getToken()).toBe(await waiting.getToken());
  });
});

describe('a record that can be read again', () => {
  it('is used as it is, because its key was put back', async () => {
    const { clock, portal, signedIn } = await startWorld();
    const records = memoryStorage({ clock });
    const token = await (
      await signedIn({ storage: encryptedStorage(records, { keys: { old: KEYS.old }, current: 'old' }) })
    ).getToken();
    const broken = encryptedStorage(records, { keys: { new: KEYS.new }, current: 'new' });
    const fixed = encryptedStorage(records, { keys: KEYS, current: 'new' });
    let storage = broken;
    const auth = portal({ storage: { ...broken, read: (key) => storage.read(key) } });
    await expect(auth.getToken()).rejects.toMatchObject({ code: 'encryption_key_missing' });
    storage = fixed;
    expect(await auth.getToken()).toBe(token);
  });
});

describe('what is not replaced', () => {
  it.each<[string, (scene: Scene, auth: WebAppAuth) => Promise<unknown>]>([
    ['a sign-in', ({ signIn }, auth) => signIn(auth)],
    ['an import', async (scene, auth) => auth.importTokens(await exported(scene))],
    ['a revocation', (_, auth) => auth.revoke()],
  ])('is a record of a newer format, by %s', async (_how, act) => {
    const scene = await startScene();
    await scene.signedIn({ storage: scene.storage });
    await scene.put(NEWER);
    const auth = scene.portal({ storage: scene.storage });
    await expect(act(scene, auth)).rejects.toMatchObject({ name: 'StorageError', code: 'record_from_newer_version' });
    expect(await scene.stored()).toBe(NEWER);
  });

  it('is a record of a newer format in the place of one that could not be read', async () => {
    const scene = await damaged();
    const auth = scene.portal({ storage: scene.storage });
    await expect(auth.getToken()).rejects.toMatchObject({ code: 'record_unreadable' });
    await scene.put(NEWER);
    await expect(auth.revoke()).rejects.toMatchObject({ code: 'record_from_newer_version' });
    expect(await scene.stored()).toBe(NEWER);
  });

  it('is a record of which it is not known whether it can be read: a storage or a key service that is down', async () => {
    const { clock, signIn, signedIn, portal } = await startWorld();
    const records = observedStorage({ clock });
    await signedIn({ storage: encryptedStorage(records, { keys: { old: KEYS.old }, current: 'old' }) });
    const down = () => Promise.reject(new Error('The fictional key service is down.'));
    const auth = portal({ storage: encryptedStorage(records, { keys: { ...KEYS, old: down }, current: 'new' }) });
    const failure = { name: 'StorageError', code: 'encryption_key_unavailable' };
    const calls = [() => auth.getToken(), () => signIn(auth), () => auth.revoke()];
    const commits = records.calls.filter((call) => call === 'commit').length;
    for (const call of calls) await expect(call()).rejects.toMatchObject(failure);
    records.failing.add('read');
    await expect(auth.revoke()).rejects.toMatchObject({ name: 'StorageError', code: 'STORAGE_DOWN' });
    expect(records.calls.filter((call) => call === 'commit')).toHaveLength(commits);
  });
});

describe('a service with an unreadable record', () => {
  async function arranged(): Promise<World & { readonly storage: TokenStorage; readonly put: () => Promise<void> }> {
    const world = await startWorld();
    const records = memoryStorage({ clock: world.clock });
    let key = '';
    const storage: TokenStorage = {
      ...records,
      commit(asked, request) {
        key = asked;
        return records.commit(asked, request);
      },
    };
    await world.service({ storage }).getToken();
    const put = async () => {
      const { record } = await records.read(key);
      await records.commit(key, { value: DAMAGED, expectedVersion: record?.version ?? 0 });
    };
    return { ...world, storage, put };
  }

  it('asks for a token as without storage, and replaces the record with it', async () => {
    const { server, service, storage, put } = await arranged();
    await put();
    const auth: ServerToServerAuth = service({ storage });
    const token = await auth.getToken();
    expect(server.accessTokenIsLive(token)).toBe(true);
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', failure: null });
    expect(await service({ storage }).getToken()).toBe(token);
  });

  it.each<[string, (auth: ServerToServerAuth) => Promise<unknown>]>([
    ['refresh()', (auth) => auth.refresh()],
    ['getToken() after a 401', (auth) => auth.getToken({ rejected: 'a.fictional.token' })],
  ])('asks for a token also by %s', async (_how, ask) => {
    const { server, service, storage, put } = await arranged();
    await put();
    const auth = service({ storage });
    await ask(auth);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });

  it('gets the error where it may not continue without storage, and asks once the session was revoked', async () => {
    const { server, service, storage, put } = await arranged();
    await put();
    const auth = service({ storage, onStorageUnavailable: 'fail' });
    await expect(auth.getToken()).rejects.toMatchObject({ code: 'record_unreadable' });
    await auth.revoke();
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });
});
