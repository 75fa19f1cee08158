import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { describe, expect, it } from 'vitest';
import { errorOf, idle, MINUTE, observedStorage, startWorld } from '../session/world.js';

type World = Awaited<ReturnType<typeof startWorld>>;
type Portal = ReturnType<World['portal']>;

/** What is done to a valid callback before it is passed on. */
type Tampering = (callback: URL, world: World, auth: Portal) => unknown;

const FORGED: readonly (readonly [string, string, Tampering])[] = [
  ['without a state', 'state_missing', ({ searchParams }) => searchParams.delete('state')],
  ['with an empty state', 'state_missing', ({ searchParams }) => searchParams.set('state', '')],
  ['with another state', 'state_unknown', ({ searchParams }) => searchParams.set('state', 'guessed.fictional')],
  [
    'with a state that has another last character',
    'state_unknown',
    ({ searchParams }) => {
      const state = searchParams.get('state') ?? '';
      searchParams.set('state', state.slice(0, -1) + (state.endsWith('A') ? 'B' : 'A'));
    },
  ],
  ['with two states', 'invalid_callback', ({ searchParams }) => searchParams.append('state', 'guessed.fictional')],
  ['with two codes', 'invalid_callback', ({ searchParams }) => searchParams.append('code', 'injected.fictional')],
  ['without code and error', 'invalid_callback', ({ searchParams }) => searchParams.delete('code')],
  ['with a code and an error', 'invalid_callback', ({ searchParams }) => searchParams.set('error', 'access_denied')],
  [
    'of another server (RFC 9207 §2.4)',
    'issuer_mismatch',
    ({ searchParams }) => searchParams.set('iss', 'https://attacker.example'),
  ],
  ['eleven minutes late', 'state_unknown', (_, { clock }) => clock.setNow(clock.now() + 11 * MINUTE)],
];

describe('a callback', () => {
  it.each(FORGED)('%s is rejected with %s, and costs a valid session nothing', async (_name, code, tamper) => {
    const world = await startWorld();
    const { server, signedIn } = world;
    const auth = await signedIn();
    const token = await auth.getToken();
    const { url } = await auth.getAuthorizationUrl();
    const callback = new URL(await server.signIn(url));
    await tamper(callback, world, auth);
    const exchanges = server.count({ grantType: 'authorization_code' });
    const error = await errorOf(auth.handleCallback(callback));
    expect(error).toMatchObject({ name: 'AuthenticationError', code, errorCode: code });
    expect(error.message).toMatch(/[Ss]tart|[Pp]ass|Hand/);
    expect(server.count({ grantType: 'authorization_code' })).toBe(exchanges);
    expect([auth.snapshot.step, await auth.getToken()]).toEqual(['valid.fresh', token]);
  });

  it('is rejected at another address than its sign-in named, and is still good at the right one (RFC 9700 §4.4.2)', async () => {
    const { server, portal } = await startWorld();
    const redirectUri = 'http://127.0.0.1:5050/auth/frameio/callback?tenant=1';
    const auth = portal({ redirectUri });
    const { url } = await auth.session('mara').getAuthorizationUrl();
    const { search } = new URL(await server.signIn(url));
    const elsewhere = [
      `http://127.0.0.1:5050/auth/other/callback${search}`,
      new URL(`http://127.0.0.1:5050/auth/frameio/callback${search.replace('tenant=1', 'tenant=2')}`),
      `http://127.0.0.1:5050/auth/frameio/callback?${search.replace(/^\?tenant=1&/, '')}`,
      `http://127.0.0.1:5050/${search}`,
    ];
    for (const callback of elsewhere) {
      for (const session of [auth, auth.session('mara')]) {
        const error = await errorOf(session.handleCallback(callback));
        expect(error).toMatchObject({ name: 'AuthenticationError', code: 'redirect_uri_mismatch' });
        expect(error.message).toContain('/auth/frameio/callback?tenant=1');
      }
    }
    expect(server.count({ grantType: 'authorization_code' })).toBe(0);
    await auth.handleCallback(`http://127.0.0.1:5050/auth/frameio/callback${search}`);
  });

  it.each<readonly [string, (query: string) => string | URL]>([
    ['a proxy took the TLS away and changed the host', (query) => `http://10.0.0.7:3000/callback${query}`],
    ['a slash came to its end', (query) => new URL(`https://review-portal.example/callback/${query}`)],
    ['a mounted router took the path away', (query) => `/${query}`],
    ['a proxy changed the path, and its server knows that alone', (query) => `/internal/callback${query}`],
    ['the query alone is handed over', (query) => query],
  ])('is good although %s', async (_what, callback) => {
    const { server, portal } = await startWorld();
    const auth = portal({ redirectUri: 'http://localhost:8080/callback' });
    const { search } = new URL(await server.signIn((await auth.getAuthorizationUrl()).url));
    await auth.handleCallback(callback(search));
    expect(auth.isAuthenticated).toBe(true);
  });

  it('that was forged leaves the true one good', async () => {
    const { server, portal } = await startWorld();
    const auth = portal();
    const { url } = await auth.getAuthorizationUrl();
    const callback = await server.signIn(url);
    for (const forged of [
      callback.replace(/state=[^&]*/, 'state=guessed.fictional'),
      `${callback}&iss=https%3A%2F%2Fattacker.example`,
      `${callback}&code=injected.fictional`,
    ]) {
      await errorOf(auth.handleCallback(forged));
    }
    expect(auth.snapshot.step).toBe('authorizing.awaitingRedirect');
    await auth.handleCallback(callback);
    expect(auth.snapshot.step).toBe('valid.fresh');
  });

  it('with the code of another user does not sign in that user (RFC 7636 §1)', async () => {
    const { server, portal } = await startWorld();
    const [auth, attacker] = [portal(), portal()];
    const stolen = new URL(await server.signIn((await attacker.getAuthorizationUrl()).url)).searchParams.get('code');
    const callback = new URL(await server.signIn((await auth.getAuthorizationUrl()).url));
    callback.searchParams.set('code', stolen ?? '');
    expect(await errorOf(auth.handleCallback(callback))).toMatchObject({ code: 'invalid_grant' });
    expect(auth.snapshot.state).toBe('unauthenticated');
  });

  it('works once, on any instance', async () => {
    const { server, clock, portal } = await startWorld();
    const storage = memoryStorage({ clock });
    const [one, other] = [portal({ storage }), portal({ storage })];
    const callback = await server.signIn((await one.getAuthorizationUrl()).url);
    await one.handleCallback(callback);
    const token = await one.getToken();
    for (const auth of [one, other]) {
      expect(await errorOf(auth.handleCallback(callback))).toMatchObject({
        name: 'AuthenticationError',
        code: 'state_used',
      });
    }
    expect(await one.getToken()).toBe(token);
    expect(server.accessTokenIsLive(token)).toBe(true);
    expect(server.count({ grantType: 'authorization_code' })).toBe(1);
  });

  it('that comes to ten instances at the same moment works on one of them', async () => {
    const { server, clock, portal } = await startWorld();
    const storage = memoryStorage({ clock });
    const fleet = Array.from({ length: 10 }, () => portal({ storage }));
    const callback = await server.signIn((await portal({ storage }).getAuthorizationUrl()).url);
    const outcomes = await Promise.allSettled(fleet.map((auth) => auth.handleCallback(callback)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'state_used' });
    }
    expect(server.count({ grantType: 'authorization_code' })).toBe(1);
  });

  it('leaves an instance that has not heard of the session watching it when it was good, and nothing when not', async () => {
    const { server, clock, portal } = await startWorld();
    const inner = memoryStorage({ clock });
    const watchings = new Set<{ readonly key: string }>();
    const watched = () => [...watchings].filter(({ key }) => key.includes('user-1')).length;
    const storage: TokenStorage = {
      ...inner,
      watch(key, listener) {
        const watching = { key, unsubscribe: inner.watch(key, listener) };
        watchings.add(watching);
        return () => {
          watchings.delete(watching);
          watching.unsubscribe();
        };
      },
    };
    const other = portal({ storage });
    const { url } = await portal({ storage: inner }).session('user-1').getAuthorizationUrl();
    const declined = new URL(await server.signIn(url));
    declined.searchParams.set('code', 'injected.fictional');
    expect(await errorOf(other.handleCallback(declined))).toMatchObject({ errorCode: 'invalid_grant' });
    expect(watched()).toBe(0);

    const again = await portal({ storage: inner }).session('user-1').getAuthorizationUrl();
    const session = await other.handleCallback(await server.signIn(again.url));
    expect(watched()).toBe(1);
    expect(other.session('user-1')).toBe(session);
  });

  it('of another session is rejected by a session, and left to the one that began it', async () => {
    const { server, portal } = await startWorld();
    const auth = portal();
    const [mara, ode] = [auth.session('mara'), auth.session('ode')];
    const callback = await server.signIn((await mara.getAuthorizationUrl()).url);
    const error = await errorOf(ode.handleCallback(callback));
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'state_mismatch' });
    expect(error.message).not.toContain('mara');
    expect(ode.snapshot.state).not.toBe('valid');
    await mara.handleCallback(callback);
    expect(mara.isAuthenticated).toBe(true);
  });

  it.each([
    ['the user declined', { deny: true }, {}, 'access_denied'],
    ['no user is signed in at the server, and no page may be shown', {}, { prompt: 'none' }, 'login_required'],
  ])('says that %s', async (_name, decision, options, code) => {
    const { server, portal, signedIn } = await startWorld();
    for (const auth of [portal(), await signedIn()]) {
      const { state } = auth.snapshot;
      const { url } = await auth.getAuthorizationUrl(options);
      const callback = await server.signIn(url, decision);
      const error = await errorOf(auth.handleCallback(callback));
      expect(error).toMatchObject({ name: 'AuthenticationError', code, errorCode: code });
      expect(auth.snapshot.state).toBe(state === 'valid' ? 'valid' : 'unauthenticated');
      expect(await errorOf(auth.handleCallback(callback))).toMatchObject({ code: 'state_used' });
    }
  });

  it('in any form that a web framework has it is read: address, URL, path and query, query', async () => {
    const { server, portal } = await startWorld();
    const auth = portal();
    const forms: readonly ((callback: URL) => string | URL)[] = [
      (callback) => callback,
      (callback) => callback.href,
      (callback) => callback.pathname + callback.search,
      (callback) => callback.search,
      (callback) => callback.search.slice(1),
      (callback) => `${callback.href}#_=_`,
    ];
    for (const form of forms) {
      const callback = new URL(await server.signIn((await auth.getAuthorizationUrl()).url));
      await auth.handleCallback(form(callback));
    }
    expect(server.count({ grantType: 'authorization_code', outcome: 'granted' })).toBe(forms.length);
  });

  it.each(['', 'nonsense', 'https://portal.example/callback', 'https://portal.example/callback?'])(
    'that is none is rejected: "%s"',
    async (url) => {
      const { portal } = await startWorld();
      expect(await errorOf(portal().handleCallback(url))).toMatchObject({
        name: 'AuthenticationError',
        code: 'invalid_callback',
      });
    },
  );

  it('names the issuer where the server sends it', async () => {
    const { server, portal, signIn } = await startWorld({ sendIssuer: true });
    const auth = portal();
    await signIn(auth);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('comes to nothing while the storage is down, and can be handed over again after', async () => {
    const { server, clock, portal } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = portal({ storage });
    const callback = await server.signIn((await auth.getAuthorizationUrl()).url);
    for (const operation of ['read', 'commit'] as const) {
      storage.failing.add(operation);
      expect(await errorOf(auth.handleCallback(callback))).toMatchObject({ name: 'StorageError' });
      storage.failing.clear();
    }
    await auth.handleCallback(callback);
    expect(auth.isAuthenticated).toBe(true);
    await idle();
    expect(server.count({ grantType: 'authorization_code' })).toBe(1);
  });

  it('is rejected by a closed auth object before its state is used up', async () => {
    const { server, clock, portal } = await startWorld();
    const storage = memoryStorage({ clock });
    const [closed, open] = [portal({ storage }), portal({ storage })];
    const callback = await server.signIn((await closed.getAuthorizationUrl()).url);
    await closed.close();
    expect(await errorOf(closed.handleCallback(callback))).toMatchObject({
      name: 'ConfigurationError',
      code: 'auth_closed',
    });
    await open.handleCallback(callback);
    expect(open.isAuthenticated).toBe(true);
  });
});
