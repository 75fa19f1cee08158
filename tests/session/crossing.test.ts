import { adobeIms, type WebAppAuth } from '@frameio-auth/core';
import { fault, fingerprint } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, idle, LIFETIME, MINUTE, observedStorage, reaches, SECOND, sitOut, startWorld } from './world.js';

describe('a sign-in', () => {
  it('is not taken for complete because another instance refreshed the old tokens meanwhile', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const storage = observedStorage({ clock });
    const [first, second] = [portal({ storage }), portal({ storage })];
    await signIn(first, 'mara@studio.example');
    await second.getToken();

    const { url } = await first.getAuthorizationUrl();
    const callback = await server.signIn(url, { user: 'ode@studio.example' });
    server.faults.next('token', fault.status(503));
    const completed = first.handleCallback(callback);
    await reaches(first, 'authorizing.backingOff');
    await second.refresh();
    await idle();
    await sitOut(first, clock, 1);
    await completed;
    const me = await fetch(`${server.apiBaseUrl}/me`, {
      headers: { authorization: `Bearer ${await first.getToken()}` },
    });
    expect(await me.json()).toMatchObject({ data: { email: 'ode@studio.example' } });
  });

  it('is not rejected because of a refresh() during its retry', async () => {
    const { clock, server, portal } = await startWorld();
    const auth = portal();
    const { url } = await auth.getAuthorizationUrl();
    server.faults.next('token', fault.status(503));
    const completed = auth.handleCallback(await server.signIn(url));
    await reaches(auth, 'authorizing.backingOff');
    const renewed = auth.refresh();
    await sitOut(auth, clock, 1);
    await completed;
    await renewed;
    expect(server.count({ grantType: 'refresh_token' })).toBe(0);
  });

  it('that fails does not fail those who wait for a token that the old sign-in can still give', async () => {
    const { clock, server, signedIn } = await startWorld();
    const auth = await signedIn();
    await clock.advance(LIFETIME + MINUTE);
    const { url } = await auth.getAuthorizationUrl();
    const callback = await server.signIn(url);
    const held = fault.held();
    server.faults.next('token', fault.chain(held, fault.error('invalid_grant')));
    const refused = errorOf(auth.handleCallback(callback));
    await held.reached;
    const token = auth.getToken();
    held.release();
    expect(await refused).toMatchObject({ errorCode: 'invalid_grant' });
    expect(await token).toBe(await auth.getToken());
  });
});

describe('a service', () => {
  it('that starts after a revocation signs in again at its first call', async () => {
    const { clock, service } = await startWorld();
    const storage = observedStorage({ clock });
    const first = service({ storage });
    const old = await first.getToken();
    await first.revoke();
    await first.close();
    expect(await service({ storage }).getToken()).not.toBe(old);
  });
});

describe('a hint', () => {
  it('that comes while the record is being read is followed afterwards', async () => {
    const { clock, portal, signIn } = await startWorld();
    const storage = observedStorage({ clock });
    const [first, second] = [portal({ storage }), portal({ storage })];
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let reads = 0;
    // The second instance's first read finds nothing, and its reply is slow.
    const { read } = storage;
    storage.read = async (key) => {
      reads += 1;
      const reading = await read(key);
      if (reads === 1) await answered;
      return reading;
    };
    const refused = errorOf(second.getToken());
    await idle();
    await signIn(first);
    answer();
    await refused;
    await reaches(second, 'valid.fresh');
    expect(await second.getToken()).toBe(await first.getToken());
  });
});

describe('tokens that the storage has not taken', () => {
  it('are revoked at the server when another instance signed the user out meanwhile', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const storage = observedStorage({ clock });
    const [first, second] = [portal({ storage }), portal({ storage })];
    await signIn(first);
    await second.getToken();
    storage.hints = false;
    storage.failing.add('commit');
    await first.refresh();
    const token = await first.getToken();
    expect(first.snapshot.step).toBe('valid.unsaved');
    storage.failing.clear();
    await second.revoke();
    await clock.advance(2 * SECOND);
    await reaches(first, 'revoked');
    await server.waitFor({ endpoint: 'revoke' }, 4);
    expect(server.accessTokenIsLive(token)).toBe(false);
  });

  it('are still written after a sign-in that failed', async () => {
    const { clock, server, portal, signedIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = await signedIn({ storage });
    const { url } = await auth.getAuthorizationUrl();
    const callback = await server.signIn(url);
    storage.failing.add('commit');
    await auth.refresh();
    storage.failing.clear();
    server.faults.next('token', fault.error('invalid_grant'));
    await errorOf(auth.handleCallback(callback));
    expect(auth.snapshot.step).toBe('valid.unsaved');
    await clock.advance(2 * SECOND);
    await reaches(auth, 'valid.fresh');
    expect(await portal({ storage }).getToken()).toBe(await auth.getToken());
  });
});

describe('close()', () => {
  it('leaves no import, sign-in or revocation without a response that was waiting for its turn', async () => {
    const { server, portal, signedIn } = await startWorld();
    const tokens = (await (await signedIn()).exportTokens()) ?? {};
    for (const ask of ['importTokens', 'revoke', 'exchangeCode'] as const) {
      const auth = portal();
      const asked = {
        importTokens: () => auth.importTokens(tokens),
        revoke: () => auth.revoke(),
        exchangeCode: () => auth.exchangeCode({ code: 'a-code.fictional', codeVerifier: 'v'.repeat(43) }),
      }[ask]();
      const closed = auth.close();
      await Promise.allSettled([asked]);
      await closed;
    }
    expect(server.count({ endpoint: 'token', grantType: 'refresh_token' })).toBe(0);
  });

  it('leaves no caller waiting while its read of the storage is pending', async () => {
    const { clock, portal } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = portal({ storage });
    await auth.exportTokens();
    let answer = () => {};
    storage.before = () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      });
    const calls = [
      auth.exportTokens(),
      auth.refresh(),
      auth.importTokens({ accessToken: 'access.fictional.imported' }),
      auth.getToken({ rejected: 'access.fictional.old' }),
      auth.revoke(),
    ];
    const outcomes = Promise.allSettled(calls);
    await idle();
    await auth.close();
    answer();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'session_closed' } });
  });

  it('writes tokens that were not stored, even while the next refresh pauses', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const storage = observedStorage({ clock });
    const auth = portal({ storage, onStorageUnavailable: 'request' });
    await signIn(auth);
    storage.failing.add('commit').add('lease');
    await auth.refresh();
    expect(auth.snapshot.step).toBe('valid.unsaved');
    server.faults.always('token', fault.status(503));
    const refused = errorOf(auth.refresh());
    await reaches(auth, 'refreshing.backingOff');
    storage.failing.clear();
    const token = auth.peekToken();
    await auth.close();
    await refused;
    expect(await portal({ storage }).getToken()).toBe(token);
  });

  it('revokes tokens that the storage did not take, when another instance signed the user out meanwhile', async () => {
    const { clock, server, portal, signIn } = await startWorld();
    const storage = observedStorage({ clock });
    const [first, second] = [portal({ storage }), portal({ storage })];
    await signIn(first);
    await second.getToken();
    storage.hints = false;
    storage.failing.add('commit');
    await first.refresh();
    const token = await first.getToken();
    storage.failing.clear();
    await second.revoke();
    const revoked = () => server.requests.flatMap(({ endpoint, form }) => (endpoint === 'revoke' ? form['token'] : []));
    expect(revoked()).not.toContain(fingerprint(token));
    await first.close();
    expect(revoked()).toContain(fingerprint(token));
    expect(await errorOf(portal({ storage }).getToken())).toMatchObject({ code: 'token_revoked' });
  });

  it('gives up tokens that the storage did not take, when another instance wrote newer ones meanwhile', async () => {
    const { clock, portal, signIn } = await startWorld();
    const storage = observedStorage({ clock });
    const [first, second] = [portal({ storage }), portal({ storage })];
    await signIn(first);
    await second.getToken();
    storage.hints = false;
    storage.failing.add('commit');
    await first.refresh();
    storage.failing.clear();
    await second.importTokens({ accessToken: 'access.fictional.imported', refreshToken: 'refresh.fictional.imported' });
    await first.close();
    expect(await portal({ storage }).getToken()).toBe('access.fictional.imported');
  });

  it('is not broken by a storage that cannot end watching', async () => {
    const { clock, portal, signIn } = await startWorld();
    const storage = observedStorage({ clock });
    storage.watch = () => () => {
      throw new Error('This watch has no end.');
    };
    const auth = portal({ storage });
    await signIn(auth);
    await auth.close();
    expect(auth.peekToken()).toBeUndefined();
    expect(auth.isAuthenticated).toBe(false);
  });

  it('of the default session is for good: nothing signs in on another one behind it', async () => {
    const { portal } = await startWorld();
    const auth = portal();
    await auth.session('default').close();
    expect(auth.session('default')).toBe(auth.session('default'));
    expect(await errorOf(auth.getAuthorizationUrl())).toMatchObject({ code: 'session_closed' });
    await auth.close();
    expect(await errorOf(auth.getAuthorizationUrl())).toMatchObject({ name: 'ConfigurationError' });
  });
});

it('starts an import even if a refresh waited for the same pause, and continues first', async () => {
  const { clock, portal, signIn } = await startWorld();
  const storage = observedStorage({ clock });
  const first = portal({ storage });
  await signIn(first);
  const tokens = (await first.exportTokens()) ?? {};
  const imports: Promise<void>[] = [];
  const second: WebAppAuth = portal({
    storage,
    onStateChange({ to }) {
      if (to === 'restoring.reading') imports.push(second.importTokens(tokens));
    },
  });
  await second.refresh();
  await Promise.all(imports);
  expect(imports).toHaveLength(1);
});

it('serves a token that is over at the next look at the clock, rather than none', async () => {
  const { clock, portal } = await startWorld();
  const auth = portal();
  const expiresAt = clock.now() / 1000 + 60;
  await auth.importTokens({ accessToken: 'access.fictional.imported', expiresAt });
  const { now } = clock;
  let looks = 0;
  clock.now = () => {
    looks += 1;
    return expiresAt * 1000 - (looks === 1 ? 1 : 0);
  };
  expect(await auth.getToken({ signal: new AbortController().signal })).toBe('access.fictional.imported');
  clock.now = now;
});

it('follows a revocation of which the hint came during the pause of a sign-in', async () => {
  const { clock, server, portal, signIn } = await startWorld();
  const storage = observedStorage({ clock });
  const [first, second] = [portal({ storage }), portal({ storage })];
  await signIn(first);
  await second.getToken();
  const { url } = await first.getAuthorizationUrl();
  const callback = await server.signIn(url);
  server.faults.next('token', fault.status(503));
  server.faults.next('token', fault.error('invalid_grant'));
  const refused = errorOf(first.handleCallback(callback));
  await reaches(first, 'authorizing.backingOff');
  await second.revoke();
  await sitOut(first, clock, 1);
  await refused;
  await reaches(first, 'revoked');
  expect(first.peekToken()).toBeUndefined();
});

it('hears an abort while the storage is still being read', async () => {
  const { clock, portal } = await startWorld();
  const storage = observedStorage({ clock });
  let answer = () => {};
  storage.before = () =>
    new Promise<void>((resolve) => {
      answer = resolve;
    });
  const auth = portal({ storage });
  const controller = new AbortController();
  const waiting = errorOf(auth.getToken({ rejected: 'access.fictional.old', signal: controller.signal }));
  controller.abort(new Error('The page was closed.'));
  expect(await waiting).toMatchObject({ message: 'The page was closed.' });
  answer();
});

it('keeps the sessions of two servers on one host apart', async () => {
  const { clock, server, portal, signIn } = await startWorld();
  const storage = observedStorage({ clock });
  await signIn(portal({ storage }));
  const profile = adobeIms({ origin: server.origin });
  const redirectUri = 'https://review-portal.example/auth/two/callback';
  const other = portal({ storage, redirectUri, server: { ...profile, issuer: `${profile.issuer}/realms/two` } });
  expect(await errorOf(other.getToken())).toMatchObject({ code: 'not_authenticated' });
});
