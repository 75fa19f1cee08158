import {
  adobeIms,
  type CommonOptions,
  legacyFrameio,
  NativeAppAuth,
  SPAAuth,
  type UserSession,
  WebAppAuth,
} from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { type AuthorizationServer, fault } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { describe, expect, it } from 'vitest';
import { errorOf, idle, isSettled, MINUTE, reaches, SECOND, sitOut, startWorld } from '../session/world.js';

type Flow = (
  server: AuthorizationServer,
  common: Omit<CommonOptions, 'transport'>,
) => WebAppAuth | SPAAuth | NativeAppAuth;

const transport = fetchTransport();
const LOOPBACK = 'http://127.0.0.1:5050/callback';

const FLOWS: readonly (readonly [string, 'adobe-ims' | 'legacy-frameio', Flow])[] = [
  [
    'WebAppAuth at Adobe',
    'adobe-ims',
    ({ origin, clients }, common) =>
      new WebAppAuth({ ...clients.webApp, ...common, transport, server: adobeIms({ origin }) }),
  ],
  [
    'SPAAuth at Adobe',
    'adobe-ims',
    ({ origin, clients }, common) =>
      new SPAAuth({ ...clients.singlePageApp, ...common, transport, server: adobeIms({ origin }) }),
  ],
  [
    'NativeAppAuth at Adobe',
    'adobe-ims',
    ({ origin, clients }, common) =>
      new NativeAppAuth({ ...clients.nativeApp, ...common, transport, server: adobeIms({ origin }) }),
  ],
  [
    'WebAppAuth at the legacy server, without PKCE',
    'legacy-frameio',
    ({ origin, clients }, common) =>
      new WebAppAuth({ ...clients.webApp, ...common, transport, server: legacyFrameio({ origin }) }),
  ],
  [
    'SPAAuth at the legacy server, with PKCE',
    'legacy-frameio',
    ({ origin, clients }, common) =>
      new SPAAuth({ ...clients.singlePageApp, ...common, transport, server: legacyFrameio({ origin, pkce: true }) }),
  ],
  [
    'NativeAppAuth at the legacy server, with PKCE',
    'legacy-frameio',
    ({ origin, clients }, common) =>
      new NativeAppAuth({
        ...clients.nativeApp,
        redirectUri: LOOPBACK,
        ...common,
        transport,
        server: legacyFrameio({ origin, pkce: true }),
      }),
  ],
];

describe.each(FLOWS)('%s', (_name, profile, flow) => {
  it('signs in, refreshes, continues after a restart, and signs out', async () => {
    const { clock, server } = await startWorld({ profile });
    const storage = memoryStorage({ clock });
    const auth = flow(server, { clock, storage });
    const { url, state } = await auth.getAuthorizationUrl();
    expect(auth.snapshot.step).toBe('authorizing.awaitingRedirect');
    const callback = await server.signIn(url);
    expect(new URL(callback).searchParams.get('state')).toBe(state);
    expect((await auth.handleCallback(callback)).snapshot.step).toBe('valid.fresh');
    const first = await auth.getToken();
    expect(server.accessTokenIsLive(first)).toBe(true);
    await auth.refresh();
    const second = await auth.getToken();
    expect(second).not.toBe(first);
    await auth.close();

    const later = flow(server, { clock, storage });
    expect(await later.getToken()).toBe(second);
    await later.refresh();
    expect(server.accessTokenIsLive(await later.getToken())).toBe(true);
    const result = await later.revoke();
    expect(result).toEqual(
      profile === 'adobe-ims'
        ? { revokedRemotely: true }
        : { revokedRemotely: false, reason: 'revocation_unsupported' },
    );
    expect(await errorOf(later.getToken())).toMatchObject({ name: 'TokenExpiredError', code: 'token_revoked' });
    await later.close();
    expect(clock.pendingTimers).toEqual([]);
    expect(server.count({ endpoint: 'token', outcome: 'granted' })).toBe(3);
  });

  it('begins on one instance and ends on another', async () => {
    const { clock, server } = await startWorld({ profile });
    const storage = memoryStorage({ clock });
    const [one, other] = [flow(server, { clock, storage }), flow(server, { clock, storage })];
    const { url } = await one.session('mara').getAuthorizationUrl();
    const session = await other.handleCallback(await server.signIn(url));
    expect(session.key).toBe('mara');
    expect(session).toBe(other.session('mara'));
    await reaches(one.session('mara'), 'valid.fresh');
    expect(await one.session('mara').getToken()).toBe(await session.getToken());
    await Promise.all([one.close(), other.close()]);
  });
});

describe('a sign-in', () => {
  it('uses the profile as it was checked, even if the application changes it later', async () => {
    const world = await startWorld();
    const profile = { ...world.profile };
    const auth = world.portal({ server: profile });
    profile.authorizationEndpoint = 'http://attacker.example/authorize';
    profile.tokenEndpoint = 'http://attacker.example/token';
    profile.revocationEndpoint = 'http://attacker.example/revoke';
    await world.signIn(auth);
    await auth.refresh();
    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
  });

  it('while the session is valid replaces its tokens, and serves the old one meanwhile', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const old = await auth.getToken();
    const { url } = await auth.getAuthorizationUrl();
    expect([auth.snapshot.state, await auth.getToken()]).toEqual(['valid', old]);
    const held = fault.held();
    server.faults.next('token', held);
    const signedInAgain = auth.handleCallback(await server.signIn(url, { user: 'ode@studio.example' }));
    await held.reached;
    expect([await auth.getToken(), auth.peekToken()]).toEqual([old, old]);
    held.release();
    await signedInAgain;
    const token = await auth.getToken();
    expect(token).not.toBe(old);
    expect(server.accessTokenIsLive(token)).toBe(true);
  });

  it('after the end of a session makes it valid again', async () => {
    const { server, signIn, signedIn } = await startWorld();
    const auth = await signedIn();
    server.revokeUser('mara@studio.example');
    await errorOf(auth.refresh());
    expect(auth.snapshot.state).toBe('expired');
    await signIn(auth);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(auth.snapshot.ending).toBeNull();
    await auth.revoke();
    await signIn(auth);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('in two tabs at once is good in both, and the one that comes last is kept', async () => {
    const { server, portal } = await startWorld();
    const auth = portal();
    const [one, other] = await Promise.all([auth.getAuthorizationUrl(), auth.getAuthorizationUrl()]);
    expect(one.state).not.toBe(other.state);
    expect(one.codeVerifier).not.toBe(other.codeVerifier);
    const callbacks = await Promise.all([server.signIn(other.url), server.signIn(one.url)]);
    const sessions = await Promise.all(callbacks.map((callback) => auth.handleCallback(callback)));
    expect(sessions.map(({ key }) => key)).toEqual(['default', 'default']);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(server.count({ grantType: 'authorization_code', outcome: 'granted' })).toBe(2);
  });

  it('that is not completed is forgotten after ten minutes', async () => {
    const { clock, portal } = await startWorld();
    const auth = portal();
    await auth.getAuthorizationUrl();
    expect(await errorOf(auth.getToken())).toMatchObject({ name: 'AuthenticationError', code: 'not_authenticated' });
    await clock.advance(10 * MINUTE - 1);
    expect(auth.snapshot.state).toBe('authorizing');
    await clock.advance(1);
    expect(auth.snapshot.state).toBe('unauthenticated');
    expect(clock.pendingTimers).toEqual([]);
  });

  it('that was declined leaves an expired session expired', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    server.revokeUser('mara@studio.example');
    await errorOf(auth.refresh());
    const { url } = await auth.getAuthorizationUrl();
    expect(auth.snapshot.state).toBe('authorizing');
    await errorOf(auth.handleCallback(await server.signIn(url, { deny: true })));
    expect(auth.snapshot).toMatchObject({ state: 'expired', ending: { cause: 'refresh_token_rejected' } });
    expect(await errorOf(auth.getToken())).toMatchObject({ name: 'TokenExpiredError' });
  });
});

describe('a failing code exchange', () => {
  async function callbackOf(
    auth: Pick<UserSession, 'getAuthorizationUrl'>,
    server: AuthorizationServer,
  ): Promise<string> {
    return server.signIn((await auth.getAuthorizationUrl()).url);
  }

  it('for a moment is exchanged again', async () => {
    const { server, clock, portal } = await startWorld();
    const auth = portal();
    const callback = await callbackOf(auth, server);
    server.faults.next('token', fault.status(503), { times: 2 });
    const signedIn = auth.handleCallback(callback);
    await sitOut(auth, clock, 2);
    expect(await signedIn).toBe(auth.session('default'));
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it.each([
    ['503 three times', fault.status(503), { name: 'ProtocolError', code: 'http_503', status: 503 }],
    ['429 three times', fault.status(429), { name: 'RateLimitError' }],
    ['no connection', fault.dropped(), { name: 'TransportError', delivery: 'unknown' }],
  ])('for longer (%s) is abandoned, and says why', async (_name, failing, expected) => {
    const { server, clock, portal, signIn } = await startWorld();
    const auth = portal();
    const callback = await callbackOf(auth, server);
    const placed = server.faults.always('token', failing);
    const refused = errorOf(auth.handleCallback(callback));
    await sitOut(auth, clock, 2);
    expect(await refused).toMatchObject(expected);
    expect(auth.snapshot).toMatchObject({ state: 'unauthenticated', attempt: 0, failure: null });
    placed.remove();
    const exchanges = server.count({ grantType: 'authorization_code' });
    await clock.advance(10 * MINUTE);
    expect(server.count({ grantType: 'authorization_code' })).toBe(exchanges);
    await signIn(auth);
    expect(auth.isAuthenticated).toBe(true);
  });

  it('because the server rejects it leaves the session as it was', async () => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    const old = await auth.getToken();
    const callback = await callbackOf(auth, server);
    await clock.advance(9 * MINUTE);
    server.faults.next('token', fault.error('invalid_grant'));
    expect(await errorOf(auth.handleCallback(callback))).toMatchObject({
      name: 'AuthenticationError',
      code: 'invalid_grant',
    });
    expect([auth.snapshot.step, await auth.getToken()]).toEqual(['valid.fresh', old]);
    await auth.refresh();
    expect(await auth.getToken()).not.toBe(old);
  });

  it('because its response is lost cannot be had again, since a code is good once (RFC 6749 §4.1.2)', async () => {
    const { server, signedIn, portal } = await startWorld();
    const callback = await callbackOf(portal(), server);
    expect(callback).toContain('code=');
    const auth = await signedIn();
    const old = await auth.getToken();
    const lost = await callbackOf(auth, server);
    server.faults.next('token', fault.lostAnswer());
    expect(await errorOf(auth.handleCallback(lost))).toMatchObject({
      name: 'AuthenticationError',
      code: 'invalid_grant',
    });
    expect([auth.snapshot.step, await auth.getToken()]).toEqual(['valid.fresh', old]);
  });

  it('because the client is configured wrongly says so', async () => {
    const { server, portal } = await startWorld();
    const auth = portal({ clientSecret: 'client-secret.fictional.wrong' });
    const callback = await callbackOf(auth, server);
    expect(await errorOf(auth.handleCallback(callback))).toMatchObject({
      name: 'ConfigurationError',
      code: 'invalid_client',
    });
    expect(auth.snapshot.state).toBe('unauthenticated');
  });

  it('because the user must act says where', async () => {
    const { server, portal } = await startWorld();
    const auth = portal();
    const callback = await callbackOf(auth, server);
    server.faults.next('token', fault.userAction({ jump: 'https://accounts.example/confirm' }));
    expect(await errorOf(auth.handleCallback(callback))).toMatchObject({
      name: 'UserActionRequiredError',
      actionUrl: 'https://accounts.example/confirm',
    });
  });

  it('waits for a refresh that is in progress, and replaces its tokens', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const callback = await callbackOf(auth, server);
    const held = fault.held();
    server.faults.next('token', held);
    const refreshed = auth.refresh();
    await held.reached;
    const signedInAgain = auth.handleCallback(callback);
    expect(await isSettled(signedInAgain)).toBe(false);
    held.release();
    await Promise.all([refreshed, signedInAgain]);
    expect(server.requests.filter(({ endpoint }) => endpoint === 'token').map(({ grantType }) => grantType)).toEqual([
      'authorization_code',
      'refresh_token',
      'authorization_code',
    ]);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('continues although other callers ask meanwhile and get its error', async () => {
    const { server, clock, portal } = await startWorld();
    const auth = portal();
    const callback = await callbackOf(auth, server);
    server.faults.next('token', fault.status(503));
    const signedIn = auth.handleCallback(callback);
    await reaches(auth, 'authorizing.backingOff');
    const others = [auth.refresh(), auth.getToken(), auth.getToken({ rejected: 'a-token.fictional' })];
    const outcomes = Promise.allSettled(others);
    await idle();
    expect(await isSettled(signedIn)).toBe(false);
    await sitOut(auth, clock, 1);
    expect((await signedIn).snapshot.step).toBe('valid.fresh');
    for (const outcome of await outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'ProtocolError', status: 503 });
    }
  });

  it('does not keep refreshing a session that is unused afterwards', async () => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    await clock.advance(30 * 24 * 60 * MINUTE);
    await idle();
    expect(auth.snapshot.step).toBe('valid.due');
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
  });

  it('is not answered to those who ask for a token of the old session', async () => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    const old = await auth.getToken();
    const callback = await callbackOf(auth, server);
    server.faults.always('token', fault.status(503));
    const refused = errorOf(auth.handleCallback(callback));
    await reaches(auth, 'authorizing.backingOff');
    expect([await auth.getToken(), auth.peekToken()]).toEqual([old, old]);
    await sitOut(auth, clock, 2);
    await refused;
    expect([auth.snapshot.step, await auth.getToken()]).toEqual(['valid.fresh', old]);
    await clock.advance(SECOND);
  });
});
