import type { ReauthenticationDue, WebAppAuth, WebAppAuthOptions } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault, type ManualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { chance, entropy, errorOf, HOUR, idle, MINUTE, SECOND, startWorld, type World } from './world.js';

const DAY = 24 * HOUR;

/** Adobe's lifetime of a refresh token, and the period in which an idle one is refreshed. */
const REFRESH_LIFETIME = 14 * DAY;
const EARLIEST = REFRESH_LIFETIME * 0.8;
const LATEST = REFRESH_LIFETIME * 0.9;

/** Lets time pass as it does: requests are answered before the next step begins. */
async function pass(clock: ManualClock, ms: number, step = HOUR): Promise<void> {
  for (const end = clock.now() + ms; clock.now() < end; ) {
    // Steps in which nothing falls due are one: while a request is under way, the timer of its lease does.
    const next = clock.pendingTimers[0] ?? end;
    const steps = Math.max(1, Math.ceil((next - clock.now()) / step));
    await clock.advance(Math.min(steps * step, end - clock.now()));
    await idle();
  }
}

interface Place extends World {
  readonly storage: TokenStorage;
  /** An instance of the application that keeps sessions alive. */
  keeper(options?: Partial<WebAppAuthOptions>): WebAppAuth;
  /** Signs users in, each by an instance that ends right after. */
  signInAll(...users: readonly string[]): Promise<void>;
  readonly refreshes: () => number;
}

async function startPlace(options: Parameters<typeof startWorld>[0] = {}): Promise<Place> {
  const world = await startWorld(options);
  const storage = memoryStorage({ clock: world.clock });
  const keeper: Place['keeper'] = (more) =>
    world.portal({
      storage,
      keepAlive: true,
      entropy,
      ...more,
    });
  return {
    ...world,
    storage,
    keeper,
    async signInAll(...users) {
      const auth = keeper();
      for (const user of users) await world.signIn(auth.session(user));
      await auth.close();
    },
    refreshes: () => world.server.count({ grantType: 'refresh_token', outcome: 'granted' }),
  };
}

/** Sessions of users with plainly fictional names. */
function users(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `user-${index}@studio.example`);
}

describe('an unused session', () => {
  it('is over after three weeks when it is not kept alive', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const auth = portal({ storage: memoryStorage({ clock }) });
    const session = auth.session('mara');
    await signIn(session);
    await pass(clock, 21 * DAY);
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
    expect(await errorOf(session.getToken())).toMatchObject({ name: 'TokenExpiredError' });
    expect(session.snapshot.state).toBe('expired');
  });

  it.each([
    ['three weeks', 21, 1, 1],
    ['six weeks', 42, 3, 3],
    ['half a year', 182, 14, 16],
  ])('works after %s when it is kept alive, with one refresh in each life of a refresh token', async (...line) => {
    const [, days, least, most] = line;
    const { clock, server, keeper, signInAll, refreshes } = await startPlace();
    await signInAll('mara@studio.example');
    const auth = keeper();
    await pass(clock, days * DAY);
    expect(refreshes()).toBeGreaterThanOrEqual(least);
    expect(refreshes()).toBeLessThanOrEqual(most);
    expect(server.count({ grantType: 'refresh_token' })).toBe(refreshes());
    const session = auth.session('mara@studio.example');
    expect(server.accessTokenIsLive(await session.getToken())).toBe(true);
    expect(session.snapshot).toMatchObject({ step: 'valid.fresh', reauthenticationDueAt: null });
  });

  it('is kept alive by the legacy server’s thirty days as well', async () => {
    const { clock, keeper, signInAll, refreshes } = await startPlace({ profile: 'legacy-frameio' });
    await signInAll('mara@studio.example');
    const auth = keeper();
    await pass(clock, 23 * DAY);
    expect(refreshes()).toBe(0);
    await pass(clock, 5 * DAY);
    expect(refreshes()).toBe(1);
    await pass(clock, 10 * DAY);
    await auth.session('mara@studio.example').getToken();
  });

  it('is kept alive without a shared storage, and one that the application holds is refreshed once as well', async () => {
    const { clock, server, signedIn } = await startWorld();
    const auth = await signedIn({ keepAlive: true });
    await pass(clock, 21 * DAY);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
    expect(auth.snapshot.step).toBe('valid.due');
    await auth.getToken();
  });

  it('is refreshed at the time that `before` gives', async () => {
    const { clock, keeper, signIn, refreshes } = await startPlace();
    const auth = keeper({ keepAlive: { before: 10 * 24 * 60 * 60 } });
    await signIn(auth.session('mara'));
    await pass(clock, 4 * DAY - HOUR);
    expect(refreshes()).toBe(0);
    await pass(clock, 5 * DAY + 2 * HOUR);
    expect(refreshes()).toBe(1);
  });

  it('is left alone as long as it is in use', async () => {
    const { clock, keeper, signIn, refreshes } = await startPlace();
    const auth = keeper();
    const session = auth.session('mara');
    await signIn(session);
    for (let day = 0; day < 30; day += 1) {
      await session.getToken();
      await pass(clock, DAY);
    }
    const used = refreshes();
    expect(used).toBeGreaterThanOrEqual(28);
    expect(used).toBeLessThanOrEqual(31);
  });

  it('is not touched any more when its user has signed out', async () => {
    const { clock, server, keeper, signIn } = await startPlace();
    const auth = keeper();
    await signIn(auth.session('mara'));
    await auth.session('mara').revoke();
    await pass(clock, 30 * DAY);
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
  });
});

describe('many sessions that began together', () => {
  it('are spread over the time that there is, one after the other', async () => {
    const { clock, server, keeper, signInAll, refreshes } = await startPlace();
    const began = clock.now();
    await signInAll(...users(40));
    keeper();
    await pass(clock, EARLIEST - HOUR);
    expect(refreshes()).toBe(0);
    await pass(clock, (LATEST - EARLIEST) / 2 + HOUR);
    expect(refreshes()).toBeGreaterThan(5);
    expect(refreshes()).toBeLessThan(35);
    await pass(clock, began + LATEST + 2 * HOUR - clock.now());
    expect(refreshes()).toBe(40);
    const times = server.requests.filter(({ grantType }) => grantType === 'refresh_token').map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500);
  });

  it('do not stay in memory', async () => {
    const { clock, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(20));
    const steps = new Set<string>();
    const auth = keeper({ onStateChange: ({ key, to }) => to === 'valid.fresh' && steps.add(key) });
    await pass(clock, LATEST + 2 * HOUR);
    expect(refreshes()).toBe(20);
    expect(steps.size).toBe(20);
    for (const user of users(20)) expect(auth.session(user).snapshot.step).toBe('restoring.unread');
    // One timer, that of the next look: no session has one.
    expect(clock.pendingTimers).toHaveLength(1);
  });

  it('are refreshed by one of several instances, which takes turns with none in between', async () => {
    const { clock, server, storage, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(12));
    const passes: string[] = [];
    const noting = (name: string): TokenStorage => ({
      ...storage,
      due(request) {
        if (passes.at(-1) !== name) passes.push(name);
        return storage.due(request);
      },
    });
    await pass(clock, LATEST + HOUR);
    keeper({ storage: noting('one') });
    keeper({ storage: noting('other') });
    await pass(clock, HOUR / 2);
    expect(passes).toHaveLength(1);
    expect(refreshes()).toBe(12);
    expect(server.count({ grantType: 'refresh_token' })).toBe(12);
  });

  it('are continued by another instance if the first one dies midway', async () => {
    const { clock, server, storage, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(9));
    await pass(clock, LATEST + HOUR);
    let discard: (error: Error) => void = () => {};
    const silence = new Promise<boolean>((_, reject) => {
      discard = reject;
    });
    let renewals = 0;
    const dying: TokenStorage = {
      ...storage,
      // An instance that receives no more events does nothing more.
      renew(lease) {
        if (lease.key.endsWith('/keep-alive')) renewals += 1;
        return renewals > 4 ? silence : storage.renew(lease);
      },
    };
    keeper({ storage: dying });
    await pass(clock, 2 * MINUTE, SECOND / 2);
    expect(refreshes()).toBe(4);
    keeper();
    await pass(clock, 2 * HOUR);
    expect(refreshes()).toBe(9);
    expect(server.count({ grantType: 'refresh_token' })).toBe(9);
    discard(new Error('The storage no longer answers.'));
  });

  it('are left to the instance that has taken over', async () => {
    const { clock, storage, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(5));
    await pass(clock, LATEST + HOUR);
    let renewals = 0;
    const outdone: TokenStorage = {
      ...storage,
      async renew(lease) {
        if (lease.key.endsWith('/keep-alive')) renewals += 1;
        return renewals <= 2 && storage.renew(lease);
      },
    };
    keeper({ storage: outdone });
    await pass(clock, 2 * MINUTE, SECOND / 2);
    expect(refreshes()).toBe(2);
  });

  it('are refreshed more quickly while more is due than is asked for at once', async () => {
    const { clock, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(150));
    await pass(clock, LATEST + HOUR);
    // Chance that falls in the middle: the first look comes after half a minute, and a pause is a second.
    keeper({ entropy: chance(0.5) });
    await pass(clock, 80 * SECOND, SECOND);
    expect(refreshes()).toBeGreaterThan(40);
    expect(refreshes()).toBeLessThan(60);
    // A hundred seconds for the first list, and half as many for each session after it.
    await pass(clock, 80 * SECOND, SECOND);
    expect(refreshes()).toBe(150);
  });

  it('of other names in the storage are passed over', async () => {
    const { clock, storage, keeper, signInAll, refreshes } = await startPlace();
    await signInAll('mara');
    await pass(clock, LATEST + HOUR);
    const { keys, now } = await storage.due({ prefix: '', limit: 1 });
    await storage.commit(`${keys[0]}/another`, { value: 'of another instance', expectedVersion: 0, dueAt: now - DAY });
    keeper();
    await pass(clock, HOUR);
    expect(refreshes()).toBe(1);
  });

  it('are refreshed although some of them cannot be, however many come first', async () => {
    const { clock, storage, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(8));
    const { keys } = await storage.due({ prefix: '', limit: 1 });
    expect(keys).toEqual([]);
    await pass(clock, LATEST + HOUR);
    const due = await storage.due({ prefix: '', limit: 100 });
    expect(due.keys).toHaveLength(8);
    for (const key of due.keys.slice(0, 6)) {
      const { record } = await storage.read(key);
      await storage.commit(key, { value: 'damaged', expectedVersion: record?.version ?? 0, dueAt: due.now });
    }
    keeper();
    await pass(clock, HOUR);
    expect(refreshes()).toBe(2);
  });
});

describe('a server that cannot refresh', () => {
  it('for a day is asked again until it can, and no session is lost', async () => {
    const { clock, server, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(2));
    await pass(clock, LATEST);
    const down = server.faults.always('token', fault.status(503));
    const auth = keeper();
    await pass(clock, DAY);
    expect(server.count({ grantType: 'refresh_token', status: 503 })).toBeGreaterThan(20);
    down.remove();
    await pass(clock, 2 * HOUR);
    expect(refreshes()).toBe(2);
    await pass(clock, 3 * DAY);
    for (const user of users(2)) await auth.session(user).getToken();
  });

  it('is not asked for all sessions, when it fails for some', async () => {
    const { clock, server, keeper, signInAll } = await startPlace();
    await signInAll(...users(12));
    await pass(clock, LATEST);
    server.faults.always('token', fault.status(503));
    keeper();
    await pass(clock, 20 * MINUTE, MINUTE / 4);
    expect(new Set(server.requests.map(({ form }) => form['refresh_token']).filter(Boolean)).size).toBe(3);
  });

  it.each([
    ['for ten minutes', { retryAfter: 600 }, 1],
    // A session's own patience: two short pauses.
    ['without a time', {}, 3],
  ])('and asks to wait %s ends the look with the first session', async (_name, options, most) => {
    const { clock, server, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(5));
    await pass(clock, LATEST + HOUR);
    const busy = server.faults.always('token', fault.status(429, options));
    keeper();
    await pass(clock, 5 * MINUTE);
    const asked = server.count({ grantType: 'refresh_token' });
    expect(asked).toBeGreaterThanOrEqual(1);
    expect(asked).toBeLessThanOrEqual(most);
    busy.remove();
    await pass(clock, 3 * HOUR);
    expect(refreshes()).toBe(5);
  });

  it('because a storage is down is not asked', async () => {
    const { clock, server, storage, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(3));
    await pass(clock, LATEST + HOUR);
    let down = true;
    const failing: TokenStorage = {
      ...storage,
      lease: async (key, request) => {
        if (down) throw new Error('The storage is away.');
        return storage.lease(key, request);
      },
    };
    keeper({ storage: failing });
    await pass(clock, 5 * HOUR);
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
    down = false;
    await pass(clock, 2 * HOUR);
    expect(refreshes()).toBe(3);
  });
});

describe('a session that refreshing cannot keep alive', () => {
  /** Records what an application is told. */
  function received(): { readonly due: ReauthenticationDue[]; onReauthenticationDue(due: ReauthenticationDue): void } {
    const due: ReauthenticationDue[] = [];
    return { due, onReauthenticationDue: (one) => void due.push(one) };
  }

  it('is told of ahead and once, where the server gives no new refresh token (RFC 6749 §6)', async () => {
    const { clock, keeper, signInAll, refreshes } = await startPlace({ rotation: 'none' });
    const began = clock.now();
    await signInAll('mara@studio.example');
    const { due, onReauthenticationDue } = received();
    const auth = keeper({ onReauthenticationDue });
    await pass(clock, LATEST + 2 * HOUR);
    const end = began + REFRESH_LIFETIME;
    expect(due).toEqual([{ key: 'mara@studio.example', by: end, reason: 'not_rotated' }]);
    expect(refreshes()).toBe(1);

    const session = auth.session('mara@studio.example');
    await session.getToken();
    expect(session.snapshot.reauthenticationDueAt).toBe(end);
    await session.refresh();
    expect(session.snapshot.reauthenticationDueAt).toBe(end);
    await pass(clock, end + 2 * DAY - clock.now());
    expect(await errorOf(session.getToken())).toMatchObject({ name: 'TokenExpiredError' });
    expect(due.slice(0, -1)).toEqual([{ key: 'mara@studio.example', by: end, reason: 'not_rotated' }]);
    expect(due.at(-1)).toMatchObject({ key: 'mara@studio.example', reason: 'session_ended' });
  });

  it('is told of at once, where there is no refresh token', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const { due, onReauthenticationDue } = received();
    const auth = portal({ onReauthenticationDue, scopes: ['openid', 'email', 'profile', 'additional_info.roles'] });
    await signIn(auth.session('mara'));
    const { expiresAt } = auth.session('mara').snapshot;
    expect(due).toEqual([{ key: 'mara', by: expiresAt, reason: 'no_refresh_token' }]);
    expect(auth.session('mara').snapshot.reauthenticationDueAt).toBe(expiresAt);
    await pass(clock, 2 * DAY);
    expect(due).toHaveLength(1);
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
  });

  it('is reported once if the server rejects the client, and continues if that is fixed in time', async () => {
    const { clock, server, keeper, signInAll, refreshes } = await startPlace();
    const began = clock.now();
    await signInAll('mara@studio.example');
    const { due, onReauthenticationDue } = received();
    const auth = keeper({ onReauthenticationDue });
    const wrong = server.faults.always('token', fault.error('unauthorized_client'));
    await pass(clock, LATEST + 6 * HOUR);
    const end = began + REFRESH_LIFETIME;
    expect(due).toEqual([{ key: 'mara@studio.example', by: end, reason: 'client_refused' }]);
    wrong.remove();
    await pass(clock, 2 * HOUR);
    expect(refreshes()).toBe(1);
    await pass(clock, 3 * DAY);
    await auth.session('mara@studio.example').getToken();
    expect(auth.session('mara@studio.example').snapshot.reauthenticationDueAt).toBe(null);
    expect(due).toHaveLength(1);
  });

  it.each([
    ['wants the user to act', fault.userAction(), 'user_action_required'],
    ['refuses the refresh token', fault.error('invalid_grant'), 'refresh_token_rejected'],
  ])('is told of by one instance, where the server %s', async (_name, refusal, cause) => {
    const { clock, server, keeper, signInAll } = await startPlace();
    await signInAll('mara@studio.example');
    server.faults.always('token', refusal);
    const { due, onReauthenticationDue } = received();
    const [one, other] = [keeper({ onReauthenticationDue }), keeper({ onReauthenticationDue })];
    await errorOf(other.session('no-user').getToken());
    await pass(clock, LATEST + 2 * HOUR);
    expect(due).toEqual([{ key: 'mara@studio.example', by: expect.any(Number), reason: 'session_ended' }]);
    await errorOf(one.session('mara@studio.example').getToken());
    await errorOf(other.session('mara@studio.example').getToken());
    expect(one.session('mara@studio.example').snapshot.ending).toMatchObject({ cause });
    expect(due).toHaveLength(1);
  });

  it('harms nothing when the handler throws', async () => {
    const { clock, keeper, signInAll, refreshes } = await startPlace({ rotation: 'none' });
    await signInAll(...users(3));
    keeper({
      onReauthenticationDue: () => {
        throw new Error('The handler fails.');
      },
    });
    await pass(clock, LATEST + 2 * HOUR);
    expect(refreshes()).toBe(3);
  });
});

describe('close()', () => {
  it('ends the looking: nothing is left that could wake anybody', async () => {
    const { clock, server, keeper, signInAll } = await startPlace();
    await signInAll(...users(2));
    const auth = keeper();
    await pass(clock, DAY);
    await auth.close();
    expect(clock.pendingTimers).toEqual([]);
    await pass(clock, 13 * DAY);
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
  });

  it('waits for the refresh in progress, starts no other, and lets the next instance continue', async () => {
    const { clock, server, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(4));
    await pass(clock, LATEST + HOUR);
    const held = fault.held();
    server.faults.next('token', held);
    const auth = keeper();
    await clock.advance(MINUTE);
    await held.reached;
    let closed = false;
    const closing = auth.close().then(() => {
      closed = true;
    });
    await idle();
    expect(closed).toBe(false);
    held.release();
    await closing;
    expect(refreshes()).toBe(1);
    expect(clock.pendingTimers).toEqual([]);
    keeper();
    await pass(clock, 2 * MINUTE, SECOND / 2);
    expect(refreshes()).toBe(4);
  });

  it('in a pause between two refreshes ends at once', async () => {
    const { clock, keeper, signInAll, refreshes } = await startPlace();
    await signInAll(...users(4));
    await pass(clock, LATEST + HOUR);
    const auth = keeper({ entropy: () => new Uint8Array(32).fill(255) });
    while (refreshes() === 0) {
      await clock.advance(SECOND);
      await idle();
    }
    await auth.close();
    expect(refreshes()).toBeLessThan(4);
    expect(clock.pendingTimers).toEqual([]);
  });
});

describe('a session that is being kept alive', () => {
  it('is the application’s when it asks for it meanwhile, and stays open', async () => {
    const { clock, server, keeper, signInAll } = await startPlace();
    await signInAll('mara@studio.example');
    await pass(clock, LATEST + HOUR);
    const held = fault.held();
    server.faults.next('token', held);
    const auth = keeper();
    await clock.advance(MINUTE);
    await held.reached;
    const session = auth.session('mara@studio.example');
    const token = session.getToken();
    held.release();
    expect(server.accessTokenIsLive(await token)).toBe(true);
    await pass(clock, MINUTE);
    expect(auth.session('mara@studio.example')).toBe(session);
    expect(session.snapshot.step).toBe('valid.fresh');
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });
});

describe('the option keepAlive', () => {
  it.each([
    ['a word', 'yes' as never],
    ['a number', 3 as never],
    ['null', null as never],
    ['no time', { before: Number.NaN }],
    ['no time at all', { before: 0 }],
    ['all of the time', { before: 14 * 24 * 60 * 60 }],
  ])('is rejected when it is %s', async (_name, keepAlive) => {
    const { portal } = await startWorld();
    expect(() => portal({ keepAlive })).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  it('needs the lifetime of a refresh token', async () => {
    const { portal, profile } = await startWorld();
    const { refreshTokenLifetime: _, ...server } = profile;
    expect(() => portal({ keepAlive: true, server })).toThrow(/refreshTokenLifetime/);
    expect(() => portal({ keepAlive: false, server })).not.toThrow();
  });
});
