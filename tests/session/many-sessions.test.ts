import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import { customServer, type UserSession, WebAppAuth, type WebAppAuthOptions } from '@frameio-auth/core';
import type { Transport } from '@frameio-auth/core/adapter';
import { type ManualClock, manualClock } from '@frameio-auth/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { errorOf, HOUR, idle, isSettled, MINUTE, type ObservedStorage, observedStorage, SECOND } from './world.js';

const LIMIT = 16;
const MANY = 500;

/** A token server that holds back its responses. Each refresh token names its user, and works once. */
class HeldServer {
  /** The users who asked, in the order in which they did. */
  readonly asked: string[] = [];
  mostAtOnce = 0;
  /** Whether requests wait until they are answered; without, each is answered in the next turn. */
  isHeld = false;
  #atOnce = 0;
  #held: ((response: Response | Error) => void)[] = [];
  readonly #spent = new Set<string>();

  readonly transport: Transport = async (_, { body }) => {
    const token = new URLSearchParams(String(body)).get('refresh_token') ?? '';
    const [, user = '', generation = '0'] = token.split('.');
    this.asked.push(user);
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      if (this.isHeld) {
        const received = await new Promise<Response | Error>((resolve) => this.#held.push(resolve));
        if (received instanceof Error) throw received;
      } else await turnOfTheEventLoop();
      if (this.#spent.has(token)) return Response.json({ error: 'invalid_grant' }, { status: 400 });
      this.#spent.add(token);
      const next = Number(generation) + 1;
      return Response.json({
        access_token: `access.${user}.${next}.fictional`,
        refresh_token: `refresh.${user}.${next}.fictional`,
        token_type: 'bearer',
        expires_in: 3_600,
      });
    } finally {
      this.#atOnce -= 1;
    }
  };

  get held(): number {
    return this.#held.length;
  }

  /** Responds to the first waiting request, or fails it. */
  answerOne(error?: Error): void {
    this.#held.shift()?.(error ?? new Response());
  }
}

interface Callers {
  readonly clock: ManualClock;
  readonly storage: ObservedStorage;
  readonly server: HeldServer;
  readonly auth: WebAppAuth;
  instance(options?: Partial<WebAppAuthOptions>): WebAppAuth;
  /** Writes the tokens of a user, by an instance that is gone. */
  signIn(user: string, expiresIn: number): Promise<void>;
}

function startCallers(): Callers {
  const clock = manualClock();
  const storage = observedStorage({ clock });
  const server = new HeldServer();
  const auths: WebAppAuth[] = [];
  onTestFinished(async () => {
    storage.before = () => {};
    server.isHeld = false;
    while (server.held > 0) server.answerOne();
    await Promise.allSettled(auths.map((auth) => auth.close()));
  });
  const instance: Callers['instance'] = (options) => {
    const auth = new WebAppAuth({
      clientId: 'crowd.fictional',
      clientSecret: 'client-secret.fictional',
      redirectUri: 'https://app.example/callback',
      server: customServer({
        issuer: 'https://login.example',
        tokenEndpoint: 'https://login.example/token',
        authorizationEndpoint: 'https://login.example/authorize',
        clientAuthentication: 'client_secret_post',
      }),
      transport: server.transport,
      storage,
      clock,
      concurrency: LIMIT,
      ...options,
    });
    auths.push(auth);
    return auth;
  };
  const writer = instance();
  return {
    clock,
    storage,
    server,
    auth: instance(),
    instance,
    async signIn(user, expiresIn) {
      const session = writer.session(user);
      await session.importTokens({
        format: 1,
        accessToken: `access.${user}.0.fictional`,
        refreshToken: `refresh.${user}.0.fictional`,
        expiresAt: Math.floor((clock.now() + expiresIn) / 1_000),
        issuedAt: Math.floor((clock.now() + expiresIn - HOUR) / 1_000),
      });
      await session.close();
    },
  };
}

const nameOf = (index: number) => `user-${index}`;

async function signInMany({ auth, signIn }: Callers, expiresIn: number, count = MANY): Promise<readonly UserSession[]> {
  for (let index = 0; index < count; index += 1) await signIn(nameOf(index), expiresIn);
  return Array.from({ length: count }, (_, index) => auth.session(nameOf(index)));
}

/** Holds the reply of each operation of that name, and counts how many are under way. */
function counting(storage: ObservedStorage, name: string): { most: number } {
  const count = { now: 0, most: 0 };
  storage.before = async (operation) => {
    if (operation !== name) return;
    count.now += 1;
    count.most = Math.max(count.most, count.now);
    await turnOfTheEventLoop();
    count.now -= 1;
  };
  return count;
}

describe('many sessions in one process', () => {
  it('that are asked at once after their tokens expired are all served, a limited number at a time', async () => {
    const crowd = startCallers();
    const sessions = await signInMany(crowd, -MINUTE);
    const reads = counting(crowd.storage, 'read');
    const tokens = await Promise.all(sessions.map((session) => session.getToken()));
    expect(tokens).toEqual(sessions.map(({ key }) => `access.${key}.1.fictional`));
    expect(crowd.server.mostAtOnce).toBe(LIMIT);
    expect(reads.most).toBe(LIMIT + 1); // The record of the cool-down is read beside those of sessions.
    expect(crowd.server.asked).toHaveLength(MANY);
  });

  it('that fall due together are refreshed a limited number at a time, and their callers are served meanwhile', async () => {
    const crowd = startCallers();
    const { clock, server } = crowd;
    const sessions = await signInMany(crowd, 10 * MINUTE);
    for (const session of sessions) await session.getToken();
    server.isHeld = true;
    await clock.advance(8 * MINUTE);
    expect(server.held).toBe(LIMIT);
    for (const session of sessions) expect(await session.getToken()).toBe(`access.${session.key}.0.fictional`);
    server.isHeld = false;
    while (server.held > 0) server.answerOne();
    await clock.advance(SECOND);
    while (server.asked.length < MANY) await idle();
    await idle();
    expect(server.mostAtOnce).toBe(LIMIT);
    expect(server.asked).toHaveLength(MANY);
    for (const session of sessions) expect(await session.getToken()).toBe(`access.${session.key}.1.fictional`);
  });

  it('ask for no lease before it is their turn', async () => {
    const crowd = startCallers();
    const sessions = await signInMany(crowd, -MINUTE, 50);
    crowd.server.isHeld = true;
    crowd.storage.calls.length = 0;
    for (const session of sessions) session.getToken().catch(() => {});
    await idle();
    expect(crowd.storage.calls.filter((call) => call === 'lease')).toHaveLength(LIMIT);
  });

  it('read the storage for their callers while all refreshes wait for a slow server', async () => {
    const crowd = startCallers();
    const expired = await signInMany(crowd, -MINUTE, 50);
    await crowd.signIn('alive', 30 * MINUTE);
    crowd.server.isHeld = true;
    for (const session of expired) session.getToken().catch(() => {});
    await idle();
    expect(await crowd.auth.session('alive').getToken()).toBe('access.alive.0.fictional');
  });
});

describe('the order of refreshes', () => {
  /** Fills every slot with a refresh to which the server does not respond yet. */
  async function occupied(crowd: Callers): Promise<void> {
    const sessions = await signInMany(crowd, -MINUTE, LIMIT);
    crowd.server.isHeld = true;
    for (const session of sessions) session.getToken().catch(() => {});
    await idle();
    expect(crowd.server.held).toBe(LIMIT);
    crowd.server.asked.length = 0;
  }

  /** Responds to one request after the other until there are no more. */
  async function answerAll(server: HeldServer): Promise<void> {
    while (server.held > 0) {
      server.answerOne();
      await idle();
    }
  }

  it('is: callers in the order in which they came, then the token that expires first', async () => {
    const crowd = startCallers();
    const { auth, clock, server, signIn } = crowd;
    await signIn('later', 5 * MINUTE);
    await signIn('sooner', 3 * MINUTE);
    await signIn('caller-1', -MINUTE);
    await signIn('caller-2', -MINUTE);
    await occupied(crowd);
    for (const user of ['later', 'sooner']) await auth.session(user).getToken();
    await clock.advance(SECOND);
    for (const user of ['caller-1', 'caller-2']) {
      auth
        .session(user)
        .getToken()
        .catch(() => {});
      await clock.advance(SECOND);
    }
    await answerAll(server);
    expect(server.asked).toEqual(['caller-1', 'caller-2', 'sooner', 'later']);
  });

  it('changes when a caller begins to wait for queued work', async () => {
    const crowd = startCallers();
    const { auth, server, signIn } = crowd;
    await signIn('sooner', 3 * MINUTE);
    await signIn('later', 5 * MINUTE);
    await occupied(crowd);
    for (const user of ['sooner', 'later']) await auth.session(user).getToken();
    await idle();
    const refreshed = auth.session('later').refresh();
    await answerAll(server);
    await refreshed;
    expect(server.asked).toEqual(['later', 'sooner']);
  });

  /** Returns who has the first turn, if callers come when a session that waits has been expired for that long. */
  async function firstAfter(expired: number): Promise<string | undefined> {
    const crowd = startCallers();
    const { auth, clock, server, signIn } = crowd;
    await signIn('background', 3 * MINUTE);
    for (let index = 0; index < 20; index += 1) await signIn(`late-${index}`, -MINUTE);
    await occupied(crowd);
    await auth.session('background').getToken();
    await clock.advance(3 * MINUTE + expired);
    for (let index = 0; index < 20; index += 1) {
      auth
        .session(`late-${index}`)
        .getToken()
        .catch(() => {});
    }
    await idle();
    await answerAll(server);
    return server.asked.find((user) => !user.startsWith('user-'));
  }

  it('keeps no caller waiting for work without callers, also when its token has expired', async () => {
    expect(await firstAfter(MINUTE)).toBe('late-0');
  });

  it('starves no work: work without callers is served before callers that come an hour after its token expired', async () => {
    expect(await firstAfter(HOUR + MINUTE)).toBe('background');
  });

  it('spares the request when another instance refreshed meanwhile', async () => {
    const crowd = startCallers();
    const { auth, instance, server, signIn } = crowd;
    await signIn('shared', 3 * MINUTE);
    for (let index = 0; index < 5; index += 1) await signIn(`sooner-${index}`, 2 * MINUTE);
    await occupied(crowd);
    const shared = auth.session('shared');
    await shared.getToken();
    for (let index = 0; index < 5; index += 1) await auth.session(`sooner-${index}`).getToken();
    await idle();
    server.isHeld = false;
    await instance().session('shared').refresh();
    server.isHeld = true;
    expect(server.asked).toEqual(['shared']);
    await answerAll(server);
    expect(server.asked.filter((user) => user === 'shared')).toHaveLength(1);
    expect(await shared.getToken()).toBe('access.shared.1.fictional');
  });
});

describe('closing', () => {
  it('does not wait for refreshes that have not begun, and rejects their callers', async () => {
    const crowd = startCallers();
    const sessions = await signInMany(crowd, -MINUTE, 100);
    crowd.server.isHeld = true;
    const callers = Promise.allSettled(sessions.map((session) => session.getToken()));
    await idle();
    const closing = crowd.auth.close();
    expect(await isSettled(closing)).toBe(false);
    while (crowd.server.held > 0) {
      crowd.server.answerOne();
      await idle();
    }
    await closing;
    expect(crowd.server.asked).toHaveLength(LIMIT);
    const turnedAway = { status: 'rejected', reason: { name: 'ConfigurationError', code: 'session_closed' } };
    for (const caller of (await callers).slice(LIMIT)) expect(caller).toMatchObject(turnedAway);
    expect(crowd.storage.calls.filter((call) => call === 'lease')).toHaveLength(LIMIT);
  });

  it('does not wait for readings that have not begun', async () => {
    const crowd = startCallers();
    const sessions = await signInMany(crowd, HOUR, 50);
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    crowd.storage.calls.length = 0;
    crowd.storage.before = () => answered;
    const callers = Promise.allSettled(sessions.map((session) => session.getToken()));
    await idle();
    const closing = crowd.auth.close();
    await idle();
    answer();
    await closing;
    expect(crowd.storage.calls).toHaveLength(LIMIT + 1); // The record of the cool-down is read as well.
    expect((await callers).at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'session_closed' } });
  });

  it('writes what the storage did not take, a limited number at a time', async () => {
    const crowd = startCallers();
    const sessions = await signInMany(crowd, -MINUTE, 100);
    crowd.storage.failing.add('commit');
    await Promise.all(sessions.map((session) => session.getToken()));
    expect(sessions.every(({ snapshot }) => snapshot.step === 'valid.unsaved')).toBe(true);
    crowd.storage.failing.clear();
    const commits = counting(crowd.storage, 'commit');
    await crowd.auth.close();
    expect(commits.most).toBe(LIMIT);
    const after = crowd.instance();
    for (const { key } of sessions) expect(await after.session(key).getToken()).toBe(`access.${key}.1.fictional`);
  });
});

describe('an outage with many callers', () => {
  it('of a server that does not answer delays no caller longer than the first one', async () => {
    const crowd = startCallers();
    const { clock, server } = crowd;
    const sessions = await signInMany(crowd, -MINUTE, 100);
    server.isHeld = true;
    const errors = sessions.map((session) => errorOf(session.getToken()));
    await idle();
    for (let second = 0; second < 120; second += 1) {
      // Requests time out after fifteen seconds.
      await clock.advance(SECOND);
      if (second % 15 !== 14) continue;
      for (let count = server.held; count > 0; count -= 1) server.answerOne(new TypeError('no answer'));
      await idle();
    }
    const rejected = await Promise.all(errors);
    expect(rejected.every(({ name }) => name === 'TransportError')).toBe(true);
    server.isHeld = false;
    while (server.held > 0) server.answerOne();
    await clock.advance(MINUTE);
    await idle();
    const after = sessions.map((session) => session.getToken());
    await clock.advance(MINUTE);
    expect(new Set(await Promise.all(after)).size).toBe(100);
  });

  it('of the storage delays no caller longer than the first one', async () => {
    const crowd = startCallers();
    const { clock, storage } = crowd;
    const sessions = await signInMany(crowd, -MINUTE, 100);
    storage.failing.add('read');
    storage.before = () => new Promise<void>((resolve) => void clock.setTimeout(resolve, 5 * SECOND));
    const errors = sessions.map((session) => errorOf(session.getToken()));
    await clock.advance(10 * SECOND);
    const rejected = await Promise.all(errors);
    expect(rejected.every(({ name }) => name === 'StorageError')).toBe(true);
    storage.before = () => {};
    storage.failing.clear();
    expect(new Set(await Promise.all(sessions.map((session) => session.getToken()))).size).toBe(100);
  });

  it('of the server reaches sessions that would continue without the storage as well, without a request for each', async () => {
    const { instance, clock, server, signIn } = startCallers();
    const auth = instance({ onStorageUnavailable: 'request' });
    for (let index = 0; index < 100; index += 1) await signIn(nameOf(index), -MINUTE);
    server.isHeld = true;
    const callers = Array.from({ length: 100 }, (_, index) => errorOf(auth.session(nameOf(index)).getToken()));
    await idle();
    while (server.asked.length < 2 * LIMIT) {
      server.answerOne(new TypeError('no answer'));
      await idle();
    }
    for (let count = 0; count < 10; count += 1) server.answerOne(new TypeError('no answer'));
    await idle();
    await clock.advance(30 * SECOND);
    const settled = await Promise.all(callers.map(isSettled));
    expect(settled.filter(Boolean).length).toBeGreaterThan(60);
    expect(server.asked.length).toBeLessThan(100);
    for (let turn = 0; turn < 60; turn += 1) {
      while (server.held > 0) {
        server.answerOne(new TypeError('no answer'));
        await idle();
      }
      await clock.advance(SECOND);
    }
    for (const error of await Promise.all(callers)) expect(error).toMatchObject({ name: 'TransportError' });
  });
});
