import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { idle, observedStorage, startWorld, type World } from '../session/world.js';

const ODE = 'ode@studio.example';

type Options = Parameters<World['portal']>[0];

/** Signs one user in, and then another one in their place. */
async function replaced(world: World, user: string | undefined, options: Options = {}) {
  const auth = world.portal(options);
  await world.signIn(auth);
  const former = await auth.exportTokens();
  const { url } = await auth.getAuthorizationUrl();
  const signIn = auth.handleCallback(await world.server.signIn(url, user === undefined ? {} : { user }));
  return { auth, signIn, refreshToken: former?.refreshToken ?? '', accessToken: former?.accessToken ?? '' };
}

describe('a sign-in in the place of another', () => {
  it('revokes the tokens that it replaces if they belong to another user, and does not wait for that', async () => {
    const world = await startWorld();
    const { server } = world;
    const held = fault.held();
    server.faults.next('revoke', held);
    const { auth, signIn, refreshToken, accessToken } = await replaced(world, ODE);
    await signIn;
    await held.reached;
    expect(server.refreshTokenIsLive(refreshToken)).toBe(true);
    held.release();
    await server.waitFor({ endpoint: 'revoke', outcome: 'granted' }, 2);
    expect([server.refreshTokenIsLive(refreshToken), server.accessTokenIsLive(accessToken)]).toEqual([false, false]);
    await auth.refresh();
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', degraded: false });
  });

  it('keeps the tokens of the same user, because a revocation may end the new ones too', async () => {
    const world = await startWorld();
    const { signIn, refreshToken } = await replaced(world, undefined);
    await signIn;
    await idle();
    expect(world.server.count({ endpoint: 'revoke' })).toBe(0);
    expect(world.server.refreshTokenIsLive(refreshToken)).toBe(true);
  });

  it('revokes those of the same user where a revocation is known to end one sign-in alone', async () => {
    const world = await startWorld();
    const server = { ...world.profile, revocationReach: 'sign_in' } as const;
    const { auth, signIn, refreshToken } = await replaced(world, undefined, { server });
    await signIn;
    await world.server.waitFor({ endpoint: 'revoke', outcome: 'granted' }, 2);
    expect(world.server.refreshTokenIsLive(refreshToken)).toBe(false);
    expect(world.server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('succeeds although the server cannot revoke', async () => {
    const world = await startWorld();
    world.server.faults.always('revoke', fault.dropped());
    const { auth, signIn } = await replaced(world, ODE);
    await signIn;
    await world.server.waitFor({ endpoint: 'revoke' }, 2);
    expect(auth.snapshot.step).toBe('valid.fresh');
  });

  it('revokes nothing when its code is rejected, or while its tokens are not written', async () => {
    const world = await startWorld();
    const storage = observedStorage(world);
    const auth = world.portal({ storage });
    await world.signIn(auth);
    world.server.faults.next('token', fault.error('invalid_grant'));
    await expect(world.signIn(auth, ODE)).rejects.toMatchObject({ code: 'invalid_grant' });

    const exchanges = () => world.server.count({ grantType: 'authorization_code', outcome: 'granted' });
    storage.before = () => void (exchanges() === 2 && storage.failing.add('commit'));
    await world.signIn(auth, ODE);
    expect(auth.snapshot.step).toBe('valid.unsaved');
    await idle();
    expect(world.server.count({ endpoint: 'revoke' })).toBe(0);
  });

  it.each([
    { user: 'another user', as: ODE, reach: undefined, received: true },
    { user: 'the same user', as: undefined, reach: undefined, received: false },
    { user: 'the same user, where one sign-in ends alone', as: undefined, reach: 'sign_in' as const, received: true },
  ])('with its own key abandons the former session, and stays signed in: $user', async ({ as, reach, received }) => {
    const world = await startWorld();
    const auth = world.portal({ server: { ...world.profile, ...(reach && { revocationReach: reach }) } });
    const signIn = async (key: string, options: { user?: string }) => {
      const session = auth.session(key);
      return session.handleCallback(await world.server.signIn((await session.getAuthorizationUrl()).url, options));
    };
    const former = await signIn('former', {});
    const { refreshToken = '' } = (await former.exportTokens()) ?? {};
    const session = await signIn('later', as === undefined ? {} : { user: as });
    const result = await former.revoke({ sparing: session });
    expect(result).toEqual(
      received ? { revokedRemotely: true } : { revokedRemotely: false, reason: 'would_end_another' },
    );
    expect(world.server.refreshTokenIsLive(refreshToken)).toBe(!received);
    await expect(former.getToken()).rejects.toMatchObject({ code: 'token_revoked' });
    await session.refresh();
    expect(session.snapshot.step).toBe('valid.fresh');
    expect(await session.revoke()).toEqual({ revokedRemotely: true });
  });

  it('of another instance is noticed by the one that still has the tokens that were revoked', async () => {
    const world = await startWorld();
    const storage = memoryStorage(world);
    const other = world.portal({ storage });
    const { auth, signIn } = await replaced(world, ODE, { storage });
    await other.getToken();
    await signIn;
    await world.server.waitFor({ endpoint: 'revoke', outcome: 'granted' }, 2);
    expect(await other.getToken()).toBe(await auth.getToken());
  });
});
