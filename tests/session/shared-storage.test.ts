import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault, manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import {
  becomes,
  chance,
  errorOf,
  idle,
  LATEST_RENEWAL,
  LIFETIME,
  MINUTE,
  observedStorage,
  reaches,
  SECOND,
  startWorld,
} from './world.js';

describe.each([2, 10])('%d instances that share a storage', (count) => {
  it('ask once for all of them when they start cold', async () => {
    const { server, clock, service } = await startWorld();
    const storage = memoryStorage({ clock });
    const fleet = Array.from({ length: count }, () => service({ storage }));
    const tokens = await Promise.all(fleet.map((auth) => auth.getToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(server.count({ endpoint: 'token' })).toBe(1);
  });

  it('make one request for each expiry, though the server takes each refresh token once', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = memoryStorage({ clock });
    const first = await signedIn({ storage });
    const fleet = [first, ...Array.from({ length: count - 1 }, () => portal({ storage }))];
    for (let expiry = 1; expiry <= 5; expiry += 1) {
      await Promise.all(fleet.map((auth) => auth.getToken()));
      await clock.advance(LATEST_RENEWAL);
      await Promise.all(fleet.map((auth) => becomes(auth, ({ issuedAt }) => (issuedAt ?? 0) > clock.now() - SECOND)));
      const tokens = await Promise.all(fleet.map((auth) => auth.getToken()));
      expect(new Set(tokens).size).toBe(1);
      expect(server.accessTokenIsLive(tokens[0] ?? '')).toBe(true);
      expect(server.count({ grantType: 'refresh_token' })).toBe(expiry);
    }
  });

  it('make one request when all of them find the token expired at the same moment', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = memoryStorage({ clock });
    await signedIn({ storage });
    clock.setNow(clock.now() + 2 * LIFETIME);
    const fleet = Array.from({ length: count }, () => portal({ storage }));
    const tokens = await Promise.all(fleet.flatMap((auth) => [auth.getToken(), auth.getToken()]));
    expect(new Set(tokens).size).toBe(1);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('make one request when an API rejects the token of all of them', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = memoryStorage({ clock });
    const fleet = [await signedIn({ storage }), ...Array.from({ length: count - 1 }, () => portal({ storage }))];
    const [rejected = ''] = await Promise.all(fleet.map((auth) => auth.getToken()));
    const tokens = await Promise.all(fleet.map((auth) => auth.getToken({ rejected })));
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).not.toBe(rejected);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });
});

describe('an instance', () => {
  it('learns of another instance’s refresh at once, and sends no request', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const one = await signedIn({ storage });
    const other = portal({ storage });
    await other.getToken();
    await one.refresh();
    await becomes(other, ({ step }) => step === 'valid.fresh');
    await idle();
    expect(await other.getToken()).toBe(await one.getToken());
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('learns of it when its own refresh falls due, if the hint was lost', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = observedStorage({ clock });
    storage.hints = false;
    const one = await signedIn({ storage });
    const other = portal({ storage });
    const old = await other.getToken();
    await one.refresh();
    await idle();
    expect(await other.getToken()).toBe(old);
    await other.refresh();
    expect(await other.getToken()).toBe(await one.getToken());
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('that waits for the one with the lease looks again by itself, if the hint was lost', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = observedStorage({ clock });
    storage.hints = false;
    const one = await signedIn({ storage });
    const other = portal({ storage });
    await other.getToken();
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const refreshed = one.refresh();
    await held.reached;
    const waited = other.refresh();
    await reaches(other, 'refreshing.waiting');
    held.release();
    await refreshed;
    expect(other.snapshot.step).toBe('refreshing.waiting');
    await clock.advance(1.5 * SECOND);
    await waited;
    expect(await other.getToken()).toBe(await one.getToken());
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('takes over from one that died with the lease, and knows that the refresh token may be spent', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'strict' });
    const storage = memoryStorage({ clock });
    const dead = await signedIn({ storage });
    const heir = portal({ storage });
    await heir.getToken();
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    // It sent its request, the server rotated, and then it stops completely: even its clock stands still.
    const stopped = manualClock({ now: clock.now() });
    const gone = portal({ storage, clock: stopped });
    const unheard = gone.refresh();
    await held.reached;
    const refused = errorOf(heir.refresh());
    await reaches(heir, 'refreshing.waiting');
    await clock.advance(32 * SECOND);
    expect(await refused).toMatchObject({ name: 'TokenExpiredError', code: 'invalid_grant' });
    expect(heir.snapshot.ending?.cause).toBe('refresh_interrupted');
    await reaches(dead, 'expired');
    // If it resumes, the token that it received is valid, and better than a tombstone.
    held.release();
    await unheard;
    expect(server.accessTokenIsLive(await gone.getToken())).toBe(true);
    await reaches(heir, 'valid.fresh');
    expect(await heir.getToken()).toBe(await gone.getToken());
  });

  it('that hears of its lease when the lease is over does not ask by it', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = memoryStorage({ clock });
    const one = await signedIn({ storage });
    let standstills = 0;
    const other = portal({
      storage: {
        ...storage,
        async lease(key, request) {
          const reply = await storage.lease(key, request);
          if (standstills === 0) {
            standstills += 1;
            clock.setNow(clock.now() + MINUTE);
            await one.refresh();
          }
          return reply;
        },
      },
    });
    await other.getToken();
    await Promise.all([other.refresh(), reaches(other, 'refreshing.waiting').then(() => clock.advance(2 * SECOND))]);
    expect(await other.getToken()).toBe(await one.getToken());
    expect([standstills, server.count({ grantType: 'refresh_token' })]).toEqual([1, 1]);
  });

  it('renews its lease if the request takes longer', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'revoke-chain' });
    const storage = observedStorage({ clock });
    const slow = await signedIn({ storage });
    const other = portal({ storage });
    await other.getToken();
    const held = fault.held();
    server.faults.next('token', held);
    const refreshed = slow.refresh();
    await held.reached;
    const waited = other.refresh();
    for (let second = 0; second < 90; second += 1) await clock.advance(SECOND);
    expect(storage.calls.filter((call) => call === 'renew')).toHaveLength(9);
    held.release();
    await Promise.all([refreshed, waited]);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
    expect(await other.getToken()).toBe(await slow.getToken());
  });

  it('revokes for all of them', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const one = await signedIn({ storage });
    const other = portal({ storage });
    const token = await other.getToken();
    await one.revoke();
    await reaches(other, 'revoked');
    await expect(other.getToken()).rejects.toMatchObject({ name: 'TokenExpiredError', code: 'token_revoked' });
    expect(other.peekToken()).toBeUndefined();
    expect(server.accessTokenIsLive(token)).toBe(false);
  });

  it('throws away what it receives for a session that another one revoked meanwhile', async () => {
    const { server, clock, portal, signedIn } = await startWorld({ rotation: 'lenient' });
    const storage = memoryStorage({ clock });
    const one = await signedIn({ storage });
    const other = portal({ storage });
    await other.getToken();
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const refreshed = errorOf(other.refresh());
    await held.reached;
    await one.revoke();
    held.release();
    expect(await refreshed).toMatchObject({ name: 'TokenExpiredError', code: 'token_revoked' });
    expect(other.snapshot.state).toBe('revoked');
    expect(await other.exportTokens()).toBeUndefined();
    const tokens = server.secrets().filter((secret) => secret.includes('.fictional-'));
    await server.waitFor({ endpoint: 'revoke', outcome: 'granted' }, 4);
    expect(tokens.filter((token) => server.accessTokenIsLive(token) || server.refreshTokenIsLive(token))).toEqual([]);
  });

  it('takes a sign-in that another one completed, also if the hint was lost', async () => {
    const { clock, portal, signIn } = await startWorld();
    const storage = observedStorage({ clock });
    const one = portal({ storage });
    const other = portal({ storage });
    storage.hints = false;
    expect(await errorOf(other.getToken())).toMatchObject({ code: 'not_authenticated' });
    await signIn(one);
    expect(await other.getToken()).toBe(await one.getToken());
  });

  it('continues when the storage lost its record, and writes it again', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const lost = memoryStorage({ clock });
    const kept = memoryStorage({ clock });
    let current = lost;
    const storage = {
      read: (...call: Parameters<typeof kept.read>) => current.read(...call),
      lease: (...call: Parameters<typeof kept.lease>) => current.lease(...call),
      renew: (...call: Parameters<typeof kept.renew>) => current.renew(...call),
      release: (...call: Parameters<typeof kept.release>) => current.release(...call),
      commit: (...call: Parameters<typeof kept.commit>) => current.commit(...call),
      due: (...call: Parameters<typeof kept.due>) => current.due(...call),
      watch: (...call: Parameters<typeof kept.watch>) => current.watch(...call),
      close: () => current.close(),
    };
    const auth = await signedIn({ storage });
    current = kept;
    await auth.refresh();
    expect(await portal({ storage }).getToken()).toBe(await auth.getToken());
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(1);
  });
});

describe('instances with different clocks', () => {
  it('agree on when a token expires, by the clock of the storage', async () => {
    const { server, clock, service } = await startWorld({ accessTokenLifetime: 600 });
    const storage = memoryStorage({ clock });
    const ahead = manualClock({ now: clock.now() + 7 * MINUTE });
    const behind = manualClock({ now: clock.now() - 7 * MINUTE });
    const early = service({ storage, clock: ahead, entropy: chance(0) });
    const late = service({ storage, clock: behind, entropy: chance(0) });
    const [token] = await Promise.all([early.getToken(), late.getToken()]);
    // Each shows it by the clock of its own machine, so that the time that is left is the same.
    expect(early.snapshot.expiresAt).toBe(ahead.now() + 10 * MINUTE);
    expect(late.snapshot.expiresAt).toBe(behind.now() + 10 * MINUTE);

    for (const each of [clock, ahead, behind]) await each.advance(7.5 * MINUTE - 1);
    expect([early.peekToken(), late.peekToken()]).toEqual([token, token]);
    expect(server.count({ endpoint: 'token' })).toBe(1);

    for (const each of [clock, ahead, behind]) each.setNow(each.now() + 2.5 * MINUTE + 1);
    expect([early.peekToken(), late.peekToken()]).toEqual([undefined, undefined]);
    const tokens = await Promise.all([early.getToken(), late.getToken()]);
    expect(new Set(tokens).size).toBe(1);
    expect(server.accessTokenIsLive(tokens[0] ?? '')).toBe(true);
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });

  it('agree on it also when the clock of one is set while it runs', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    await signedIn({ storage });
    const wild = manualClock({ now: clock.now() });
    const auth = portal({ storage, clock: wild });
    await auth.getToken();
    wild.setNow(wild.now() - 3 * 60 * MINUTE);
    await auth.refresh();
    expect(auth.snapshot).toMatchObject({ issuedAt: wild.now(), expiresAt: wild.now() + LIFETIME });
    wild.setNow(wild.now() + 6 * 60 * MINUTE);
    await auth.refresh();
    expect(auth.snapshot).toMatchObject({ issuedAt: wild.now(), expiresAt: wild.now() + LIFETIME });
    const other = portal({ storage });
    await other.getToken();
    expect(other.snapshot).toMatchObject({ issuedAt: clock.now(), expiresAt: clock.now() + LIFETIME });
    expect(server.count({ grantType: 'refresh_token' })).toBe(2);
  });
});
