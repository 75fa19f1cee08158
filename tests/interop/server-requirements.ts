import {
  AuthenticationError,
  ConfigurationError,
  TokenExpiredError,
  WebAppAuth,
  type WebAppAuthOptions,
} from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OtherServer } from './other-server.js';
import { rejectionOf } from './rejection.js';

const WRONG_SECRET = 'client-secret.fictional.mistyped';

/** What holds at any server, tested at one that is started once for all of it. */
export function testServerRequirements(start: () => Promise<OtherServer>): void {
  let server: OtherServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.close());

  const webApp = (options: Partial<WebAppAuthOptions> = {}) =>
    new WebAppAuth({ ...server.application, server: server.profile, transport: fetchTransport(), ...options });
  const signIn = async (auth: WebAppAuth) =>
    auth.handleCallback(await server.signIn((await auth.getAuthorizationUrl()).url));

  it('a user signs in, and the tokens are refreshed and revoked', async () => {
    await using auth = webApp();
    await signIn(auth);
    const first = await auth.getToken();
    expect(await server.isActive(first)).toBe(true);

    await auth.refresh();
    await auth.refresh();
    const last = await auth.getToken();
    expect(last).not.toBe(first);
    expect(await server.isActive(last)).toBe(true);

    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
    expect(await server.isActive(last)).toBe(false);
  });

  it('a wrong secret on one of two instances costs that one its errors and the other nothing', async () => {
    const clock = manualClock();
    const storage = memoryStorage({ clock });
    await using good = webApp({ storage, clock });
    await using mistaken = webApp({ storage, clock, clientSecret: WRONG_SECRET });
    await signIn(good);
    const served = await good.getToken();
    expect(await mistaken.getToken()).toBe(served);

    const refusal = await rejectionOf(mistaken.refresh());
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: server.wrongSecret, status: expect.any(Number) });
    expect((refusal as Error).message).not.toContain(WRONG_SECRET);
    expect(await mistaken.getToken()).toBe(served);
    expect(mistaken.snapshot).toMatchObject({ step: 'refreshing.backingOff', degraded: true });

    // The other one refreshes normally, and its result is valid for both.
    await good.refresh();
    const renewed = await good.getToken();
    expect(renewed).not.toBe(served);
    expect(await server.isActive(renewed)).toBe(true);
    expect(good.snapshot).toMatchObject({ state: 'valid', degraded: false });
    expect(await mistaken.getToken()).toBe(renewed);

    // It does so too when the API has rejected the token of both, and the mistaken one notices it first.
    expect(await rejectionOf(mistaken.getToken({ rejected: renewed }))).toBeInstanceOf(ConfigurationError);
    const last = await good.getToken({ rejected: renewed });
    expect(last).not.toBe(renewed);
    expect(await server.isActive(last)).toBe(true);
    expect(good.snapshot).toMatchObject({ state: 'valid', degraded: false });
    expect(await mistaken.getToken()).toBe(last);

    await using fixed = webApp({ storage, clock });
    await fixed.refresh();
    expect(await server.isActive(await fixed.getToken())).toBe(true);
  });

  it('a wrong secret signs no user in, and is a ConfigurationError', async () => {
    await using auth = webApp({ clientSecret: WRONG_SECRET });
    expect(await rejectionOf(signIn(auth))).toBeInstanceOf(ConfigurationError);
    expect(auth.isAuthenticated).toBe(false);
    expect(auth.snapshot.state).toBe('unauthenticated');
  });

  it('a refresh token that it does not know ends the session', async () => {
    await using auth = webApp();
    await auth.importTokens({ access_token: 'access.fictional', refresh_token: 'refresh.fictional', expires_at: 1 });
    const refusal = await rejectionOf(auth.getToken());
    expect(refusal).toBeInstanceOf(TokenExpiredError);
    expect(refusal).toMatchObject({ errorCode: 'invalid_grant' });
    expect(auth.snapshot).toMatchObject({ state: 'expired', ending: { cause: 'refresh_token_rejected' } });
  });

  it('one of two secrets is found out, and goes first from then on', async () => {
    await using auth = webApp({ clientSecret: [WRONG_SECRET, server.application.clientSecret as string] });
    if (server.burnsCodes) {
      const refusal = await rejectionOf(signIn(auth));
      expect(refusal).toBeInstanceOf(AuthenticationError);
      expect(refusal).toMatchObject({ errorCode: 'invalid_grant' });
    }
    await signIn(auth);
    expect(await server.isActive(await auth.getToken())).toBe(true);
    await auth.refresh();
    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
  });

  it('both tokens are revoked although the first of two secrets is wrong', async () => {
    const storage = memoryStorage();
    await using good = webApp({ storage });
    await signIn(good);
    await using rotating = webApp({ storage, clientSecret: [WRONG_SECRET, server.application.clientSecret as string] });
    expect(await rotating.revoke()).toEqual({ revokedRemotely: true });
  });
}
