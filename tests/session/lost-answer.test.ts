import { StorageError } from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import type { Fault, Rotation } from '@frameio-auth/testing';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, LIFETIME, MINUTE, reaches, SECOND, sitOut, startWorld } from './world.js';

const SURVIVING: readonly (readonly [Rotation, number])[] = [
  ['none', 0],
  ['lenient', 0],
  ['strict', 30 * SECOND],
  ['revoke-chain', 30 * SECOND],
];
const LOSING: readonly (readonly [Rotation, number])[] = [
  ['strict', 0],
  ['revoke-chain', 0],
];

describe('a response that is lost after the server carried the refresh out', () => {
  it.each(SURVIVING)(
    'is asked for once more at once, and costs nothing (rotation %s, %d ms of grace)',
    async (rotation, gracePeriod) => {
      const { server, signedIn } = await startWorld({ rotation, gracePeriod });
      const auth = await signedIn();
      server.faults.next('token', fault.lostAnswer());
      await auth.refresh();
      expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', attempt: 0, failure: null });
      expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(2);
      const { accessToken = '', refreshToken = '' } = (await auth.exportTokens()) ?? {};
      expect([server.accessTokenIsLive(accessToken), server.refreshTokenIsLive(refreshToken)]).toEqual([true, true]);
      await auth.refresh();
    },
  );

  it.each(LOSING)(
    'ends the session, and says that the refresh was interrupted (rotation %s)',
    async (rotation, gracePeriod) => {
      const { server, signedIn } = await startWorld({ rotation, gracePeriod });
      const auth = await signedIn();
      server.faults.next('token', fault.lostAnswer());
      const error = await errorOf(auth.refresh());
      expect(error).toMatchObject({ name: 'TokenExpiredError', code: 'invalid_grant' });
      expect(error.message).toContain('the response to an earlier refresh was lost');
      expect(auth.snapshot).toMatchObject({ state: 'expired', ending: { cause: 'refresh_interrupted' } });
      expect(server.count({ grantType: 'refresh_token' })).toBe(2);
    },
  );

  it('is distinguished from a rejection even long after it', async () => {
    const { server, clock, signedIn } = await startWorld({ rotation: 'strict' });
    const auth = await signedIn();
    await auth.getToken();
    // Lost, and then the server cannot be reached: that the token may be spent is remembered until it is tried again.
    server.faults.next('token', fault.lostAnswer());
    server.faults.next('token', fault.status(503), { times: 2 });
    clock.setNow(clock.now() + LIFETIME - MINUTE);
    await auth.getToken();
    await sitOut(auth, clock, 2);
    const { ending } = await reaches(auth, 'expired');
    expect(ending).toMatchObject({ cause: 'refresh_interrupted', failure: { code: 'invalid_grant' } });
  });

  it('is known to the instance that tries next, so that the ending has its true cause', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'strict' });
    const storage = memoryStorage({ clock });
    const one = await signedIn({ storage });
    const other = portal({ storage });
    await other.getToken();
    server.faults.next('token', fault.lostAnswer());
    server.faults.next('token', fault.dropped());
    const interrupted = errorOf(one.refresh());
    await reaches(one, 'refreshing.backingOff');

    const asked = errorOf(other.refresh());
    await reaches(other, 'refreshing.waiting');
    await one.close();
    await interrupted;
    await clock.advance(MINUTE);
    expect(await asked).toMatchObject({ name: 'TokenExpiredError' });
    expect(other.snapshot.ending).toMatchObject({ cause: 'refresh_interrupted' });
  });

  it('is distinguished from a rejection after an instance that could not write its tokens', async () => {
    const { clock, portal, signedIn } = await startWorld({ rotation: 'strict' });
    const shared = memoryStorage({ clock });
    const auth = await signedIn({
      storage: {
        ...shared,
        commit: async (key, request) => {
          if (request.lease !== undefined) throw new StorageError('DOWN', 'The storage takes nothing.');
          return shared.commit(key, request);
        },
      },
    });
    await auth.refresh();
    expect(await errorOf(auth.close())).toMatchObject({ name: 'StorageError', code: 'DOWN' });

    const next = portal({ storage: shared });
    const asked = errorOf(next.refresh());
    await reaches(next, 'refreshing.waiting');
    await clock.advance(MINUTE);
    expect(await asked).toMatchObject({ name: 'TokenExpiredError' });
    expect(next.snapshot.ending).toMatchObject({ cause: 'refresh_interrupted' });
  });

  it('ends no session that another instance has refreshed meanwhile', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'strict' });
    const storage = memoryStorage({ clock });
    const one = await signedIn({ storage });
    const other = portal({ storage });
    await other.getToken();
    // The response of one is held until the other, after taking the expired lease, has written its own tokens.
    const held = fault.heldAnswer();
    server.faults.next('token', fault.chain(held, fault.error('invalid_grant')));
    const refused = one.refresh();
    await held.reached;
    await other.importTokens((await other.exportTokens()) ?? {});
    held.release();
    await refused;
    expect(one.snapshot.state).toBe('valid');
    expect(await one.getToken()).toBe(await other.getToken());
  });
});

const UNREADABLE: readonly (readonly [string, Fault])[] = [
  ['half of it', fault.halfAnswer()],
  ['no JSON', fault.garbage({ bytes: 64 })],
  ['no access token', fault.altered({ access_token: undefined })],
];

describe('a response that cannot be read', () => {
  it.each(UNREADABLE)('is as good as lost: %s', async (_name, broken) => {
    const { server, signedIn } = await startWorld({ rotation: 'lenient' });
    const auth = await signedIn();
    server.faults.next('token', broken);
    await auth.refresh();
    expect(auth.snapshot.step).toBe('valid.fresh');
    expect(server.count({ grantType: 'refresh_token' })).toBe(2);
  });

  it('each time is told after three attempts, and ends nothing', async () => {
    const { server, clock, signedIn } = await startWorld({ rotation: 'lenient' });
    const auth = await signedIn();
    server.faults.always('token', fault.dropped());
    const refused = errorOf(auth.refresh());
    await sitOut(auth, clock, 2);
    expect(await refused).toMatchObject({ name: 'TransportError', delivery: 'unknown' });
    expect(auth.isAuthenticated).toBe(true);
    expect(auth.snapshot.degraded).toBe(true);
  });
});

describe('a response to a service', () => {
  it('that is lost is asked for once more', async () => {
    const { server, service } = await startWorld();
    server.faults.next('token', fault.lostAnswer());
    const auth = service();
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });
});
