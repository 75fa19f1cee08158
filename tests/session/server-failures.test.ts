import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { becomes, errorOf, idle, isSettled, LIFETIME, MINUTE, reaches, SECOND, sitOut, startWorld } from './world.js';

describe('a server that fails while a token is alive', () => {
  it.each([
    ['503', fault.status(503), { code: 'http_503', source: 'server', kind: 'transient', status: 503 }],
    ['429', fault.status(429), { code: 'http_429', source: 'server', kind: 'transient', status: 429 }],
    ['a page of a proxy', fault.html(502), { code: 'http_502', source: 'server', kind: 'transient', status: 502 }],
  ])('leaves it served until it expires (%s), and the session recovers by itself', async (_name, failing, failure) => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    const old = await auth.getToken();
    const placed = server.faults.always('token', failing);
    clock.setNow(clock.now() + LIFETIME - MINUTE);
    expect(await auth.getToken()).toBe(old);
    await reaches(auth, 'refreshing.backingOff');
    expect(auth.snapshot).toMatchObject({ state: 'refreshing', degraded: true, attempt: 1, failure });
    expect(auth.snapshot.retryAt).toBeGreaterThan(clock.now());
    expect([await auth.getToken(), auth.peekToken(), auth.isAuthenticated]).toEqual([old, old, true]);

    placed.remove();
    await sitOut(auth, clock, 1);
    await reaches(auth, 'valid.fresh');
    expect(auth.snapshot).toMatchObject({ degraded: false, attempt: 0, failure: null, retryAt: null });
    expect(await auth.getToken()).not.toBe(old);
  });

  it('is left alone for as long as it asks (RFC 9110 §10.2.3)', async () => {
    const { server, clock, service } = await startWorld();
    const auth = service();
    const old = await auth.getToken();
    clock.setNow(clock.now() + LIFETIME - 2 * MINUTE);
    server.faults.next('token', fault.status(429, { retryAfter: 90 }));
    await auth.getToken();
    await reaches(auth, 'refreshing.backingOff');
    for (let second = 0; second < 90; second += 1) {
      expect(await auth.getToken()).toBe(old);
      await clock.advance(SECOND - 1);
    }
    await expect(auth.refresh()).rejects.toMatchObject({ name: 'RateLimitError', retryAfter: 90 });
    expect(server.count({ endpoint: 'token' })).toBe(2);
    await clock.advance(2 * SECOND);
    await reaches(auth, 'valid.fresh');
    expect(server.count({ endpoint: 'token' })).toBe(3);
  });

  it('is asked again at once by refresh(), where it named no time', async () => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    server.faults.next('token', fault.status(503));
    clock.setNow(clock.now() + LIFETIME - MINUTE);
    await auth.getToken();
    await reaches(auth, 'refreshing.backingOff');
    await auth.refresh();
    expect(auth.snapshot).toMatchObject({ step: 'valid.fresh', attempt: 0 });
    expect(server.count({ grantType: 'refresh_token' })).toBe(2);
  });

  it('is asked more and more seldom, and never more than once a minute in the end', async () => {
    const { server, clock, service } = await startWorld();
    const auth = service();
    await auth.getToken();
    server.faults.always('token', fault.status(500));
    clock.setNow(clock.now() + LIFETIME);
    const refused = errorOf(auth.getToken());
    await sitOut(auth, clock, 2);
    await refused;
    for (let minute = 0; minute < 120; minute += 1) {
      expect(await errorOf(auth.getToken())).toMatchObject({ name: 'ProtocolError', code: 'http_500' });
      await clock.advance(MINUTE);
      await becomes(auth, ({ step }) => step === 'refreshing.backingOff' || step === 'valid.due');
    }
    expect(auth.snapshot.attempt).toBeGreaterThan(100);
    expect(server.count({ endpoint: 'token' })).toBeLessThan(130);
  });
});

describe('a caller without a token', () => {
  it('waits while a short failure passes', async () => {
    const { server, clock, service } = await startWorld();
    const auth = service();
    server.faults.next('token', fault.status(503), { times: 2 });
    const token = auth.getToken();
    await reaches(auth, 'authorizing.backingOff');
    expect(await isSettled(token)).toBe(false);
    await sitOut(auth, clock, 2);
    expect(server.accessTokenIsLive(await token)).toBe(true);
    expect(server.count({ endpoint: 'token' })).toBe(3);
  });

  it.each([
    ['503', fault.status(503), { name: 'ProtocolError', code: 'http_503', status: 503 }],
    ['429', fault.status(429), { name: 'RateLimitError', code: 'rate_limited' }],
    ['nonsense', fault.garbage({ bytes: 100, status: 500 }), { name: 'ProtocolError', code: 'http_500', status: 500 }],
  ])('is told after three attempts: %s', async (_name, failing, expected) => {
    const { server, clock, service } = await startWorld();
    const auth = service();
    const placed = server.faults.always('token', failing);
    const refused = errorOf(auth.getToken());
    await sitOut(auth, clock, 2);
    expect(await refused).toMatchObject(expected);
    expect(server.count({ endpoint: 'token' })).toBe(3);

    expect(await errorOf(auth.getToken())).toMatchObject(expected);
    expect(server.count({ endpoint: 'token' })).toBe(3);

    placed.remove();
    await clock.advance(4 * SECOND);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('is told at once when the server wants more patience than a caller has', async () => {
    const { server, service } = await startWorld();
    const auth = service();
    server.faults.next('token', fault.status(429, { retryAfter: 120 }));
    const callers = await Promise.all(Array.from({ length: 20 }, () => errorOf(auth.getToken())));
    for (const error of callers) {
      expect(error).toMatchObject({ name: 'RateLimitError', code: 'rate_limited', retryAfter: 120 });
    }
    // Each has an error of its own, so that what one adds to it is not seen by another.
    expect(new Set(callers).size).toBe(20);
    expect(server.count({ endpoint: 'token' })).toBe(1);
  });

  it('is rejected if its old token expires in the outage, and served again after it', async () => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    await server.stop();
    clock.setNow(clock.now() + LIFETIME);
    const refused = errorOf(auth.getToken());
    await sitOut(auth, clock, 2);
    expect(await refused).toMatchObject({ name: 'TransportError', code: 'ECONNREFUSED', delivery: 'not_sent' });
    expect(auth.isAuthenticated).toBe(true);
    await server.start();
    await clock.advance(4 * SECOND);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(auth.snapshot).toMatchObject({ state: 'valid', failure: null });
  });

  it('is rejected with the reason when the server is down from the start', async () => {
    const { server, clock, service } = await startWorld();
    await server.stop();
    const auth = service();
    const refused = errorOf(auth.getToken());
    await sitOut(auth, clock, 2);
    const error = await refused;
    expect(error).toMatchObject({ name: 'TransportError', delivery: 'not_sent' });
    expect(error.message).toContain('No connection to 127.0.0.1');
    expect(auth.snapshot).toMatchObject({ state: 'authorizing', attempt: 3, degraded: false });
    expect(auth.isAuthenticated).toBe(false);
  });
});

describe('a client that is configured wrongly', () => {
  it('is told so at once, and does not hammer the server', async () => {
    const { server, clock, service } = await startWorld();
    const auth = service({ clientSecret: 'client-secret.fictional.of-yesterday' });
    const expected = { name: 'ConfigurationError', code: 'invalid_client' };
    const error = await errorOf(auth.getToken());
    expect(error).toMatchObject(expected);
    expect(error.message).toContain('invalid client_secret parameter');
    for (let call = 0; call < 100; call += 1) expect(await errorOf(auth.getToken())).toMatchObject(expected);
    await clock.advance(29 * SECOND);
    expect(await errorOf(auth.getToken())).toMatchObject(expected);
    expect(server.count({ endpoint: 'token' })).toBe(1);
    await clock.advance(31 * SECOND);
    await server.waitFor({ endpoint: 'token' }, 2);
    await idle();
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });

  it('keeps its users signed in while its secret is wrong', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const auth = await signedIn();
    const old = await auth.getToken();
    const clientSecret = server.rotateClientSecret(server.clients.webApp.clientId);
    server.dropClientSecret(server.clients.webApp.clientId);
    clock.setNow(clock.now() + LIFETIME - 2 * MINUTE);
    expect(await auth.getToken()).toBe(old);
    await reaches(auth, 'refreshing.backingOff');
    expect(auth.snapshot.failure).toMatchObject({ kind: 'configuration', code: 'invalid_client' });
    const tokens = await auth.exportTokens();
    expect(server.refreshTokenIsLive(tokens?.refreshToken ?? '')).toBe(true);

    const fixed = portal({ clientSecret });
    await fixed.importTokens(tokens ?? {});
    await fixed.refresh();
    expect(server.accessTokenIsLive(await fixed.getToken())).toBe(true);
  });

  it('with two secrets, one of which replaces the other, continues with the one that works', async () => {
    const { server, service } = await startWorld();
    const { clientId, clientSecret } = server.clients.serverToServer;
    const newSecret = server.rotateClientSecret(clientId);
    const auth = service({ clientSecret: [clientSecret, newSecret] });
    await auth.getToken();
    server.dropClientSecret(clientId, clientSecret);
    await auth.refresh();
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(server.count({ endpoint: 'token', outcome: 'invalid_client' })).toBe(1);
    await auth.refresh();
    expect(server.count({ endpoint: 'token', outcome: 'invalid_client' })).toBe(1);
  });

  it.each([
    ['invalid_scope', 'invalid_scope'],
    ['unauthorized_client', 'unauthorized_client'],
    ['unsupported_grant_type', 'unsupported_grant_type'],
  ])('keeps its tokens when the server answers %s', async (error, code) => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    server.faults.next('token', fault.error(error));
    await expect(auth.refresh()).rejects.toMatchObject({ name: 'ConfigurationError', code });
    expect(auth.isAuthenticated).toBe(true);
    await clock.advance(MINUTE);
    await auth.refresh();
    expect(auth.snapshot.step).toBe('valid.fresh');
  });
});

describe('a user who must act', () => {
  it('is sent to the address that the server names, by the error of a refresh', async () => {
    const { server, signedIn } = await startWorld();
    const auth = await signedIn();
    const jump = 'https://accounts.example/terms?continue=1';
    server.faults.next('token', fault.userAction({ jump }));
    const expected = { name: 'UserActionRequiredError', code: 'ride_AdobeID_acct_actreq', actionUrl: jump };
    const error = await errorOf(auth.refresh());
    expect(error).toMatchObject(expected);
    expect(error.message).toContain(jump);
    expect(auth.snapshot).toMatchObject({ state: 'expired', ending: { cause: 'user_action_required' } });
    expect(await errorOf(auth.getToken())).toMatchObject(expected);
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it('is named to a service too, which does not ask again for a while', async () => {
    const { server, service } = await startWorld();
    const auth = service();
    server.faults.always('token', fault.userAction());
    const expected = { name: 'UserActionRequiredError', actionUrl: 'https://accounts.example/act' };
    for (let call = 0; call < 10; call += 1) expect(await errorOf(auth.getToken())).toMatchObject(expected);
    expect(server.count({ endpoint: 'token' })).toBe(1);
  });
});

describe('a refresh token that the server rejects', () => {
  it('ends the session, rejects all waiting callers, and is not sent again', async () => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    const { refreshToken = '' } = (await auth.exportTokens()) ?? {};
    server.revokeToken(refreshToken);
    clock.setNow(clock.now() + LIFETIME);
    const errors = await Promise.all(Array.from({ length: 20 }, () => errorOf(auth.getToken())));
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'TokenExpiredError', code: 'invalid_grant', errorCode: 'invalid_grant' });
      expect(error.message).toContain('getAuthorizationUrl()');
    }
    expect(auth.snapshot).toMatchObject({
      state: 'expired',
      expiresAt: null,
      ending: { cause: 'refresh_token_rejected', failure: { code: 'invalid_grant', kind: 'terminal', status: 400 } },
    });
    expect([auth.isAuthenticated, auth.peekToken(), await auth.exportTokens()]).toEqual([false, undefined, undefined]);
    await errorOf(auth.getToken());
    await errorOf(auth.refresh());
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  });

  it.each([
    ['a bare 400', fault.status(400), 'http_400'],
    ['a bare 401', fault.status(401), 'http_401'],
    ['a page with the status 400', fault.html(400), 'http_400'],
    ['a 401 with a word of its own', fault.error('no_such_word', { status: 401 }), 'no_such_word'],
    ['a 401 that names the status', fault.error('Unauthorized', { status: 401 }), 'http_401'],
    ['a bare 403', fault.status(403), 'http_403'],
    ['a bare 404', fault.status(404), 'http_404'],
    ['a redirect', fault.status(302), 'redirect_refused'],
    ['a 503 that says invalid_grant', fault.error('invalid_grant', { status: 503 }), 'invalid_grant'],
  ])('is another thing than %s, which ends no session', async (_name, failing, code) => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    const old = await auth.getToken();
    clock.setNow(clock.now() + LIFETIME - MINUTE);
    server.faults.next('token', failing, { times: 2 });
    await auth.getToken();
    await reaches(auth, 'refreshing.backingOff');
    expect(auth.snapshot.failure?.code).toBe(code);
    expect([await auth.getToken(), auth.isAuthenticated]).toEqual([old, true]);
  });
});

describe('a client that the server rejects without a word', () => {
  it('is reported when the token has expired, and every other instance continues', async () => {
    const { server, clock, portal, signedIn } = await startWorld();
    const storage = memoryStorage({ clock });
    const [refused, other] = [await signedIn({ storage }), portal({ storage })];
    await other.getToken();
    clock.setNow(refused.snapshot.expiresAt as number);
    server.faults.next('token', fault.status(401));
    expect(await errorOf(refused.getToken())).toMatchObject({
      name: 'ConfigurationError',
      code: 'http_401',
      status: 401,
    });
    expect(refused.snapshot).toMatchObject({ state: 'refreshing', ending: null });
    const token = await other.getToken();
    expect(server.accessTokenIsLive(token)).toBe(true);
    expect(await refused.getToken()).toBe(token);
  });
});
