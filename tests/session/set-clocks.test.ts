import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStorage } from '@frameio-auth/storage-file';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault, manualClock } from '@frameio-auth/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  becomes,
  errorOf,
  HOUR,
  idle,
  isSettled,
  LIFETIME,
  MINUTE,
  observedStorage,
  reaches,
  SECOND,
  startWorld,
} from './world.js';

const DAY = 24 * HOUR;

/** By how much a wall clock is set, in milliseconds. */
const JUMPS = [
  ['an hour back', -HOUR],
  ['a year back', -365 * DAY],
  ['two seconds back', -2 * SECOND],
  ['an hour forwards', HOUR],
] as const;

describe('a changed wall clock keeps no caller waiting', () => {
  it.each(JUMPS)('in the pause after a failure: %s', async (_, by) => {
    const { server, clock, service } = await startWorld();
    server.faults.next('token', fault.status(503));
    const auth = service();
    const answer = auth.getToken();
    await reaches(auth, 'authorizing.backingOff');
    clock.setNow(clock.now() + by);
    await clock.advance(SECOND);
    expect(server.accessTokenIsLive(await answer)).toBe(true);
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });

  it.each(JUMPS)('who asks only after that: %s', async (_, by) => {
    const { server, clock, service } = await startWorld();
    server.faults.next('token', fault.status(503));
    const auth = service();
    const first = auth.getToken();
    await reaches(auth, 'authorizing.backingOff');
    clock.setNow(clock.now() + by);
    const second = auth.getToken();
    expect(await isSettled(second)).toBe(false);
    await clock.advance(SECOND);
    expect(await second).toBe(await first);
  });

  it.each(JUMPS)('that another instance refreshes, when its hint is lost: %s', async (_, by) => {
    const { server, clock, service } = await startWorld();
    const storage = observedStorage({ clock });
    storage.hints = false;
    const held = fault.held();
    server.faults.next('token', held);
    const [one, other] = [service({ storage }), service({ storage })];
    const renewing = one.getToken();
    await held.reached;
    const waiting = other.getToken();
    await reaches(other, 'authorizing.waiting');
    clock.setNow(clock.now() + by);
    held.release();
    await renewing;
    await clock.advance(1.5 * SECOND);
    expect(server.accessTokenIsLive(await waiting)).toBe(true);
  });

  it.each(JUMPS)('where the storage fails and comes back: %s', async (_, by) => {
    const { server, clock, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage });
    storage.failing.add('commit');
    await auth.refresh();
    expect(auth.snapshot.step).toBe('valid.unsaved');
    clock.setNow(clock.now() + by);
    storage.failing.clear();
    await clock.advance(5 * SECOND);
    await becomes(auth, ({ degraded }) => !degraded);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('in a Retry-After, which ends when the server said', async () => {
    const { server, clock, service } = await startWorld();
    server.faults.next('token', fault.status(429, { retryAfter: 5 }));
    const auth = service();
    const answer = auth.getToken();
    await reaches(auth, 'authorizing.backingOff');
    clock.setNow(clock.now() - HOUR);
    await clock.advance(7 * SECOND);
    expect(server.accessTokenIsLive(await answer)).toBe(true);
  });
});

describe('a token lives as long as the server said, whatever becomes of the wall clock', () => {
  it.each([
    ['an hour back', -HOUR],
    ['a day back', -DAY],
    ['two days forwards, which costs a renewal', 2 * DAY],
  ])('%s', async (_, by) => {
    const { clock, service } = await startWorld();
    const server = manualClock();
    const auth = service();
    let token = await auth.getToken();
    let issued = server.now();
    clock.setNow(clock.now() + by);
    for (let hour = 0; hour < 60; hour += 1) {
      await Promise.all([clock.advance(HOUR), server.advance(HOUR)]);
      const served = await auth.getToken();
      if (served !== token) [token, issued] = [served, server.now()];
      expect(server.now() - issued).toBeLessThan(LIFETIME);
      await idle();
    }
  });

  it('also when the machine slept after its clock was put back', async () => {
    const { clock, server, service } = await startWorld({ accessTokenLifetime: 3600 });
    const auth = service();
    const old = await auth.getToken();
    clock.setNow(clock.now() - DAY);
    expect(await auth.getToken()).toBe(old);
    clock.setNow(clock.now() + 2 * HOUR); // Suspended: the monotonic clock and the timers stand still.
    expect(auth.peekToken()).toBeUndefined();
    expect(await auth.getToken()).not.toBe(old);
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });

  it('costs no request when the clock is put back, and shows the time that is left', async () => {
    const { clock, server, service } = await startWorld();
    const auth = service();
    const token = await auth.getToken();
    await clock.advance(HOUR);
    clock.setNow(clock.now() - 12 * HOUR);
    expect(await auth.getToken()).toBe(token);
    expect(auth.peekToken()).toBe(token);
    expect(auth.getToken()).toBe(auth.getToken());
    expect(auth.snapshot.expiresAt).toBe(clock.now() + LIFETIME - HOUR);
    expect((await auth.exportTokens())?.expiresAt).toBe((clock.now() + LIFETIME - HOUR) / 1000);
    expect(server.count({ endpoint: 'token' })).toBe(1);
  });

  it('as it does where a timer fires although the clocks stand still', async () => {
    const { clock, server, service } = await startWorld();
    const frozen = { now: clock.now(), monotonic: clock.monotonic() };
    const auth = service({ clock: { ...clock, now: () => frozen.now, monotonic: () => frozen.monotonic } });
    const old = await auth.getToken();
    await clock.advance(LIFETIME);
    expect(await auth.getToken()).not.toBe(old);
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });
});

describe('a token that expires while the machine sleeps, before it is written', () => {
  /** The machine sleeps through the first commit, and for longer than its token lives; then one more caller asks. */
  async function asleep({
    fails,
    onStorageUnavailable,
  }: {
    fails: boolean;
    onStorageUnavailable?: 'fail' | 'request';
  }) {
    const { clock, server, service } = await startWorld({ accessTokenLifetime: 600 });
    const storage = observedStorage({ clock });
    const auth = service({ storage, ...(onStorageUnavailable && { onStorageUnavailable }) });
    const late: Promise<string>[] = [];
    storage.before = (operation) => {
      if (operation !== 'commit' || late.length > 0) return;
      clock.setNow(clock.now() + HOUR); // The monotonic clock and the timers stand still.
      if (fails) storage.failing.add('commit');
      late.push(auth.getToken());
    };
    const early = auth.getToken();
    await becomes(auth, ({ state }) => state === 'valid');
    return { server, auth, callers: [early, ...late] };
  }

  it.each([false, true])(
    'is refreshed for those who wait, whether they asked before or after; the commit fails: %s',
    async (fails) => {
      const { server, callers } = await asleep({ fails });
      const served = await Promise.all(callers);
      expect(served).toHaveLength(2);
      for (const token of served) expect(server.accessTokenIsLive(token)).toBe(true);
      expect(server.count({ endpoint: 'token' })).toBe(2);
    },
  );

  it('is handed to no caller where the storage has to take tokens first, and does not', async () => {
    const { server, auth, callers } = await asleep({ fails: true, onStorageUnavailable: 'fail' });
    for (const caller of callers) expect(await errorOf(caller)).toMatchObject({ code: 'STORAGE_DOWN' });
    expect(auth.peekToken()).toBeUndefined();
    expect(server.count({ endpoint: 'token' })).toBe(1);
  });
});

describe('a token from the future, in a record that was written while a clock was ahead', () => {
  it('is served while it is refreshed, which happens at once', async () => {
    const { clock, server, signedIn, portal } = await startWorld();
    const storage = memoryStorage({ clock });
    clock.setNow(clock.now() + 3 * DAY);
    const first = await signedIn({ storage });
    const old = await first.getToken();
    await first.close();
    clock.setNow(clock.now() - 3 * DAY);
    const auth = portal({ storage });
    expect(await auth.getToken()).toBe(old);
    await reaches(auth, 'valid.fresh');
    expect(await auth.getToken()).not.toBe(old);
    expect(auth.snapshot.expiresAt).toBeLessThanOrEqual(clock.now() + LIFETIME);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('lives no longer than the server gave it when it cannot be refreshed', async () => {
    const { clock, server, signedIn, portal } = await startWorld();
    const storage = memoryStorage({ clock });
    clock.setNow(clock.now() + 3 * DAY);
    const first = await signedIn({ storage });
    await first.close();
    clock.setNow(clock.now() - 3 * DAY);
    server.faults.always('token', fault.status(503));
    const auth = portal({ storage });
    await auth.getToken();
    expect(auth.snapshot.expiresAt).toBe(clock.now() + LIFETIME);
    clock.pause(LIFETIME);
    expect(auth.peekToken()).toBeUndefined();
  });

  it('is none when the clocks are apart by seconds', async () => {
    const { clock, server, signedIn, portal } = await startWorld();
    const storage = memoryStorage({ clock });
    const first = await signedIn({ storage });
    clock.setNow(clock.now() - 9 * SECOND);
    const auth = portal({ storage });
    expect(await auth.getToken()).toBe(await first.getToken());
    await idle();
    expect(auth.snapshot.step).toBe('valid.fresh');
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
  });
});

describe('a lease of a dead holder ends on time although the clock was set back', () => {
  const TTL = 30 * SECOND;

  it.each(['memory', 'file'])('in %s storage', async (kind) => {
    const clock = manualClock();
    const directory = await mkdtemp(join(tmpdir(), 'frameio-auth-clocks-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const storage = kind === 'memory' ? memoryStorage({ clock }) : fileStorage({ directory, clock });
    onTestFinished(() => storage.close());
    const ask = (owner: string, ttl = TTL) => storage.lease('key', { owner, ttl, ifVersion: 0 });
    expect(await ask('one')).toMatchObject({ outcome: 'granted' });
    clock.setNow(clock.now() - HOUR);
    expect(await ask('other', 5 * SECOND)).toMatchObject({ outcome: 'held', until: clock.now() + TTL });
    await clock.advance(TTL - 1);
    expect(await ask('other')).toMatchObject({ outcome: 'held' });
    await clock.advance(1);
    expect(await ask('other')).toMatchObject({ outcome: 'granted', abandoned: true });
    await storage.close();
  });
});

describe('a sign-in', () => {
  it('is completed although the clock was put back while the user was away', async () => {
    const { clock, server, portal } = await startWorld();
    const auth = portal();
    const { url } = await auth.getAuthorizationUrl();
    clock.setNow(clock.now() - HOUR);
    await clock.advance(5 * MINUTE);
    await auth.handleCallback(await server.signIn(url));
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('is over ten minutes after it began, on a clock that was put back too', async () => {
    const { clock, server, portal } = await startWorld();
    const auth = portal();
    const { url } = await auth.getAuthorizationUrl();
    clock.setNow(clock.now() - HOUR);
    await clock.advance(11 * MINUTE);
    expect(await errorOf(auth.handleCallback(await server.signIn(url)))).toMatchObject({ code: 'state_unknown' });
  });
});
