import type { ExportedTokens, ImportableTokens } from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, HOUR, isSettled, LIFETIME, observedStorage, reaches, startWorld } from './world.js';

type World = Awaited<ReturnType<typeof startWorld>>;

/** Returns tokens of a user who signed in elsewhere. */
async function foreignTokens({ signedIn }: World): Promise<ExportedTokens & { refreshToken: string }> {
  const auth = await signedIn();
  const tokens = await auth.exportTokens();
  await auth.close();
  if (tokens?.refreshToken === undefined) throw new Error('The sign-in brought no refresh token');
  return { ...tokens, refreshToken: tokens.refreshToken };
}

describe('exported tokens', () => {
  it('are what importTokens() takes, whole, through JSON and elsewhere', async () => {
    const world = await startWorld();
    const tokens = await foreignTokens(world);
    const auth = world.portal();
    await auth.importTokens(JSON.parse(JSON.stringify(tokens)));
    expect(await auth.exportTokens()).toEqual(tokens);
    expect(await auth.getToken()).toBe(tokens.accessToken);
    await auth.refresh();
    expect(world.server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('have their times in seconds, and a format', async () => {
    const world = await startWorld();
    const now = world.clock.now() / 1000;
    expect(await foreignTokens(world)).toMatchObject({
      format: 1,
      issuedAt: now,
      expiresAt: now + 86_399,
      scopes: world.server.clients.webApp.scopes,
    });
  });

  it('do not exist if no user is signed in', async () => {
    const { portal } = await startWorld();
    expect(await portal().exportTokens()).toBeUndefined();
  });

  it('are the new ones when a refresh is in progress', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const held = fault.held();
    server.faults.next('token', held);
    const refreshed = auth.refresh();
    await held.reached;
    const exported = auth.exportTokens();
    expect(await isSettled(exported)).toBe(false);
    held.release();
    await refreshed;
    expect(server.refreshTokenIsLive((await exported)?.refreshToken ?? '')).toBe(true);
  });
});

describe('importTokens()', () => {
  it.each<readonly [string, (tokens: ExportedTokens & { refreshToken: string }) => ImportableTokens]>([
    [
      'the official Python SDK has them',
      ({ accessToken, refreshToken, expiresAt }) => ({
        access_token: accessToken,
        refresh_token: refreshToken,
        expires_at: expiresAt ?? null,
        scopes: 'openid,offline_access',
      }),
    ],
    [
      'the official TypeScript SDK has them',
      ({ accessToken, refreshToken, expiresAt }) => ({
        accessToken,
        refreshToken,
        expiresAt: expiresAt ?? null,
        scopes: ['openid', 'offline_access'],
      }),
    ],
    [
      'a token response has them, with a time added',
      ({ accessToken, refreshToken, expiresAt }) => ({
        access_token: accessToken,
        refresh_token: refreshToken,
        id_token: null,
        token_type: 'bearer',
        scope: 'openid offline_access',
        expires_at: expiresAt ?? null,
      }),
    ],
  ])('takes tokens as %s', async (_name, shape) => {
    const world = await startWorld();
    const tokens = await foreignTokens(world);
    const auth = world.portal();
    await auth.importTokens(shape(tokens));
    expect(auth.snapshot).toMatchObject({
      step: 'valid.fresh',
      expiresAt: world.clock.now() + LIFETIME,
      refreshable: true,
      scopes: ['openid', 'offline_access'],
    });
    await auth.refresh();
    expect(world.server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('takes an access token alone, and serves it until an API rejects it', async () => {
    const { clock, portal } = await startWorld();
    const auth = portal();
    await auth.importTokens({ accessToken: 'an-access-token.fictional' });
    await clock.advance(100 * 24 * HOUR);
    expect(await auth.getToken()).toBe('an-access-token.fictional');
    expect(auth.snapshot).toMatchObject({ expiresAt: null, refreshable: false });
    expect(await errorOf(auth.getToken({ rejected: 'an-access-token.fictional' }))).toMatchObject({
      name: 'TokenExpiredError',
      code: 'access_token_rejected',
    });
  });

  it('takes an expired access token with a refresh token, and refreshes it when a caller asks', async () => {
    const world = await startWorld();
    const tokens = await foreignTokens(world);
    world.clock.setNow(world.clock.now() + 3 * LIFETIME);
    const auth = world.portal();
    await auth.importTokens(tokens);
    expect([auth.isAuthenticated, auth.peekToken()]).toEqual([true, undefined]);
    expect(world.server.count({ grantType: 'refresh_token' })).toBe(0);
    expect(world.server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(world.server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('writes the tokens, so that other instances have them', async () => {
    const world = await startWorld();
    const storage = memoryStorage({ clock: world.clock });
    const tokens = await foreignTokens(world);
    const [one, other] = [world.portal({ storage }), world.portal({ storage })];
    await one.importTokens(tokens);
    expect(await other.getToken()).toBe(tokens.accessToken);
  });

  it('over a valid session replaces its tokens', async () => {
    const world = await startWorld();
    const tokens = await foreignTokens(world);
    const auth = await world.signedIn();
    expect(await auth.getToken()).not.toBe(tokens.accessToken);
    await auth.importTokens(tokens);
    expect(await auth.exportTokens()).toEqual(tokens);
  });

  it('while a refresh is in progress waits for it, and replaces what came of it', async () => {
    const world = await startWorld();
    const { server, signedIn } = world;
    const tokens = await foreignTokens(world);
    const auth = await signedIn();
    const held = fault.held();
    server.faults.next('token', held);
    const refreshed = auth.refresh();
    await held.reached;
    const imported = auth.importTokens(tokens);
    expect(await isSettled(imported)).toBe(false);
    held.release();
    await Promise.all([refreshed, imported]);
    expect(await auth.getToken()).toBe(tokens.accessToken);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('wins over a refresh that another instance has in progress', async () => {
    const world = await startWorld();
    const { server, clock, portal, signedIn } = world;
    const tokens = await foreignTokens(world);
    const storage = memoryStorage({ clock });
    const [one, other] = [await signedIn({ storage }), portal({ storage })];
    await other.getToken();
    const held = fault.held();
    server.faults.next('token', held);
    const refreshed = one.refresh();
    await held.reached;
    await other.importTokens(tokens);
    held.release();
    await refreshed;
    expect(await Promise.all([one.getToken(), other.getToken()])).toEqual([tokens.accessToken, tokens.accessToken]);
  });

  it('keeps the tokens in memory while the storage does not take them', async () => {
    const world = await startWorld();
    const tokens = await foreignTokens(world);
    const storage = observedStorage({ clock: world.clock });
    const auth = world.portal({ storage });
    await auth.exportTokens();
    storage.failing.add('commit');
    await auth.importTokens(tokens);
    expect(auth.snapshot).toMatchObject({ step: 'valid.unsaved', degraded: true });
    expect(await auth.getToken()).toBe(tokens.accessToken);
    storage.failing.clear();
    await world.clock.advanceTo(auth.snapshot.retryAt ?? 0);
    await reaches(auth, 'valid.fresh');
    expect(await world.portal({ storage }).getToken()).toBe(tokens.accessToken);
  });

  it('many at once takes one after the other, and keeps the last', async () => {
    const { portal } = await startWorld();
    const auth = portal();
    const accessTokens = Array.from({ length: 20 }, (_, index) => `access-token-${index}.fictional`);
    await Promise.all(accessTokens.map((accessToken) => auth.importTokens({ accessToken })));
    expect(await auth.getToken()).toBe('access-token-19.fictional');
  });
});

const NOW = Date.UTC(2026, 0, 1) / 1000;
const good = { accessToken: 'access-token.fictional', refreshToken: 'refresh-token.fictional' };

const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
  ['nothing', undefined, /must be the object that exportTokens\(\) gave/],
  ['null', null, /must be the object that exportTokens\(\) gave/],
  ['JSON that was not parsed', JSON.stringify(good), /Parse it first if it was stored as JSON/],
  ['an array', [good], /must be the object that exportTokens\(\) gave/],
  ['an empty object', {}, /have no accessToken\. Import what exportTokens\(\) gave, unchanged/],
  ['a refresh token alone', { refreshToken: good.refreshToken }, /have no accessToken/],
  ['a future format', { ...good, format: 2 }, /the format 2, of a newer version.*Update this application/],
  ['a format that is none', { ...good, format: 'v1' }, /a format that is no version number/],
  ['an access token that is no string', { ...good, accessToken: 7 }, /an accessToken that is no token/],
  ['an empty access token', { ...good, accessToken: '' }, /an accessToken that is no token/],
  ['an access token with a line break', { ...good, accessToken: 'access\r\nX: y' }, /an accessToken that is no token/],
  ['a refresh token that is no string', { ...good, refreshToken: {} }, /a refreshToken that is no token/],
  ['an id token that is no string', { ...good, idToken: true }, /an idToken that is no token/],
  ['milliseconds', { ...good, expiresAt: NOW * 1000 }, /an expiresAt in milliseconds\. Give it in seconds/],
  ['milliseconds since when', { ...good, issuedAt: NOW * 1000 }, /an issuedAt in milliseconds\. Give it in seconds/],
  ['a date', { ...good, expiresAt: '2026-01-02T00:00:00Z' }, /an expiresAt that is no time\. Give it in seconds/],
  ['no number for a time', { ...good, expiresAt: Number.NaN }, /an expiresAt that is no time/],
  ['a time before 1970', { ...good, expires_at: -1 }, /an expiresAt that is no time/],
  ['a lifetime instead of a time', { access_token: 'a.fictional', expires_in: 3600 }, /expires_in.*Add expiresAt/],
  ['scopes that are neither', { ...good, scopes: 7 }, /scopes that are neither a string nor an array/],
  ['scopes that are not strings', { ...good, scope: [7] }, /scopes that are neither a string nor an array/],
];

describe('an import that is rejected', () => {
  it.each(REFUSED)(
    'because it is %s says what to do, and leaves the session as it was',
    async (_name, tokens, message) => {
      const { server, clock, portal, signedIn } = await startWorld();
      const storage = observedStorage({ clock });
      const [none, valid] = [portal({ storage }), await signedIn({ storage })];
      const before = [none.snapshot, valid.snapshot, await valid.exportTokens(), storage.calls.length];
      for (const auth of [none, valid]) {
        const error = await errorOf(auth.importTokens(tokens as ImportableTokens));
        expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_import' });
        expect(error.message).toMatch(message);
        expect(JSON.stringify([error, error.message])).not.toMatch(/(?:access|refresh)-token\.fictional/);
      }
      expect([none.snapshot, valid.snapshot, await valid.exportTokens(), storage.calls.length]).toEqual(before);
      expect(server.count({ grantType: 'refresh_token' })).toBe(0);
    },
  );

  it('because its access token has expired and none can be had for it leaves the session as it was', async () => {
    const { signedIn } = await startWorld();
    const auth = await signedIn();
    const before = await auth.exportTokens();
    const error = await errorOf(auth.importTokens({ accessToken: good.accessToken, expiresAt: NOW - 1 }));
    expect(error).toMatchObject({ name: 'TokenExpiredError', code: 'access_token_expired' });
    expect(error.message).toContain('Sign in again');
    expect([auth.snapshot.step, await auth.exportTokens()]).toEqual(['valid.fresh', before]);
  });

  it('because the storage cannot be read changes nothing', async () => {
    const { clock, portal } = await startWorld();
    const storage = observedStorage({ clock });
    storage.failing.add('read');
    const auth = portal({ storage });
    expect(await errorOf(auth.importTokens(good))).toMatchObject({ name: 'StorageError', code: 'STORAGE_DOWN' });
    storage.failing.clear();
    expect(await auth.exportTokens()).toBeUndefined();
    await auth.importTokens(good);
    expect(await auth.getToken()).toBe(good.accessToken);
  });
});
