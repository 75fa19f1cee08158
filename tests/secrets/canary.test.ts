import {
  adobeIms,
  type CommonOptions,
  customServer,
  type ImportableTokens,
  NativeAppAuth,
  ServerToServerAuth,
  SPAAuth,
  StaticTokenAuth,
  TransportError,
  WebAppAuth,
} from '@frameio-auth/core';
import { foreignCode, type Transport } from '@frameio-auth/core/adapter';
import { fault } from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokenStorage, operations, quotingErrors } from './broken-storage.js';
import { hostileResponses, hostileTokenResponses } from './hostile-responses.js';
import { applications, Scene } from './scene.js';

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.begin();
});
afterEach(() => {
  expect(scene.printed).toBe(0);
});

/** Longer than any wait that a session agrees to. */
const HOURS = 3 * 60 * 60_000;

describe('the search', () => {
  it('knows every kind of secret, and finds each of them where it is shown on purpose', async () => {
    const { server, collector } = scene;
    const service = scene.service();
    const auth = await scene.signedIn();
    await auth.refresh();
    const { accessToken, refreshToken, idToken } = (await auth.exportTokens()) ?? {};
    const { url, codeVerifier } = await auth.getAuthorizationUrl();
    const callback = await server.signIn(url);
    const code = new URL(callback).searchParams.get('code');
    await auth.handleCallback(callback);
    const secrets = {
      accessToken,
      refreshToken,
      idToken,
      code,
      codeVerifier,
      serviceToken: await service.getToken(),
      webAppSecret: applications.webApp.clientSecret,
      serviceSecret: applications.service.clientSecret,
    };
    const known: readonly unknown[] = scene.secrets;
    const kinds = Object.keys(secrets);
    expect(kinds.filter((kind) => known.includes(secrets[kind as keyof typeof secrets]))).toEqual(kinds);
    expect(await scene.leaks()).toEqual([]);

    for (const [kind, secret] of Object.entries(secrets)) collector.show(kind, { secret });
    const leaks = await scene.leaks();
    expect(kinds.filter((kind) => leaks.some((leak) => leak.startsWith(kind)))).toEqual(kinds);
  });
});

/** The callback with parameters replaced; empty ones are taken away. */
function altering(callback: URL, parameters: Readonly<Record<string, string>>): string {
  const altered = new URL(callback);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === '') altered.searchParams.delete(name);
    else altered.searchParams.set(name, value);
  }
  return altered.href;
}

describe('no secret can be seen', () => {
  it('whatever the server answers to a refresh', async () => {
    const { server, clock, collector } = scene;
    const auth = scene.webApp();
    const unmet: string[] = [];
    for (const [name, hostile] of Object.entries(hostileTokenResponses)) {
      collector.chapter(name);
      await auth.handleCallback(await scene.callback(auth));
      const rejected = await auth.getToken();
      server.clearRequests();
      server.faults.always('token', hostile);
      await scene.attempt(() => auth.refresh());
      await scene.attempt(() => auth.getToken({ rejected }));
      if (server.count({ grantType: 'refresh_token', faulted: true }) === 0) unmet.push(name);
      server.faults.clear();
      await clock.advance(HOURS);
    }
    expect(unmet).toEqual([]);
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever the server answers to a code', async () => {
    const { server, clock, collector } = scene;
    const auth = scene.webApp();
    const unmet: string[] = [];
    for (const [name, hostile] of Object.entries(hostileTokenResponses)) {
      collector.chapter(name);
      const callback = await scene.callback(auth);
      server.clearRequests();
      server.faults.always('token', hostile);
      await scene.attempt(() => auth.handleCallback(callback));
      await scene.attempt(() => auth.getToken());
      if (server.count({ grantType: 'authorization_code', faulted: true }) === 0) unmet.push(name);
      server.faults.clear();
      await clock.advance(HOURS);
      await scene.attempt(() => auth.revoke());
    }
    expect(unmet).toEqual([]);
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever the server answers to the credentials of a service', async () => {
    const { server, clock, collector } = scene;
    const service = scene.service();
    const unmet: string[] = [];
    for (const [name, hostile] of Object.entries(hostileTokenResponses)) {
      collector.chapter(name);
      server.clearRequests();
      server.faults.always('token', hostile);
      await scene.attempt(() => service.refresh());
      await scene.attempt(() => service.getToken());
      if (server.count({ grantType: 'client_credentials', faulted: true }) === 0) unmet.push(name);
      server.faults.clear();
      await clock.advance(HOURS);
    }
    expect(unmet).toEqual([]);
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever the server answers to a revocation', async () => {
    const { server, collector } = scene;
    const auth = scene.webApp();
    const unmet: string[] = [];
    for (const [name, hostile] of Object.entries(hostileResponses)) {
      collector.chapter(name);
      await auth.handleCallback(await scene.callback(auth));
      server.clearRequests();
      server.faults.always('revoke', hostile);
      await scene.attempt(async () => collector.show('the result', await auth.revoke()));
      await scene.attempt(() => auth.getToken());
      if (server.count({ endpoint: 'revoke', faulted: true }) === 0) unmet.push(name);
      server.faults.clear();
    }
    expect(unmet).toEqual([]);
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever the transport does with a request', async () => {
    const { clock, collector } = scene;
    const quote = (url: string, init: object) => `POST ${url} ${JSON.stringify(init)}`;
    const failures: Readonly<Record<string, Transport>> = {
      'an error that quotes the request': async (url, init) => {
        throw Object.assign(new Error(quote(url, init), { cause: init }), { code: init.body, request: init });
      },
      'an error that is thrown at once': (url, init) => {
        throw new TypeError(quote(url, init));
      },
      'a TransportError that quotes the request': async (url, init) => {
        const error = new TransportError(foreignCode(String(init.body)), quote(url, init), { delivery: 'not_sent' });
        throw Object.assign(error, { cause: init });
      },
      'a TransportError that quotes it, after sending': async (url, init) => {
        throw new TransportError('ECONNRESET', quote(url, init), { delivery: 'unknown' });
      },
      'what is no error': (url, init) => Promise.reject(quote(url, init)),
      'an answer that is none': async (_url, init) => init as never,
      nothing: async () => undefined as never,
      'an answer that breaks off with a quotation': async (url, init) =>
        new Response(new ReadableStream({ start: (controller) => controller.error(new Error(quote(url, init))) })),
      'a fetch without a host to go to': (_url, init) => fetch('http://[::1]:1/', init),
    };
    let transport: Transport = fetchTransport();
    const auth = scene.webApp({ transport: (url, init) => transport(url, init) });
    const service = scene.service({ transport: (url, init) => transport(url, init) });
    const outcomes = new Set<string>();
    for (const [name, failure] of Object.entries(failures)) {
      collector.chapter(name);
      transport = fetchTransport();
      await auth.handleCallback(await scene.callback(auth));
      const callback = await scene.callback(auth);
      transport = failure;
      outcomes.add(await scene.attempt(() => service.refresh()));
      outcomes.add(await scene.attempt(() => auth.refresh()));
      outcomes.add(await scene.attempt(() => auth.handleCallback(callback)));
      await scene.attempt(async () => collector.show('the result', await auth.revoke()));
      await clock.advance(HOURS);
    }
    expect(outcomes).not.toContain('resolved');
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever the storage does with what it should keep', async () => {
    const { clock, collector } = scene;
    const storage = brokenStorage(scene.storage);
    const auth = scene.webApp({ storage });
    const tokens = { accessToken: scene.inject('access-token.fictional.to-be-imported') };
    const outcomes: Record<string, string[]> = {};
    for (const operation of operations) {
      for (const [name, error] of Object.entries(quotingErrors)) {
        for (const way of ['throws', 'rejects'] as const) {
          const chapter = `${operation} ${way} ${name}`;
          collector.chapter(chapter);
          await auth.handleCallback(await scene.callback(auth));
          const callback = await scene.callback(auth);
          const fresh = scene.webApp({ storage, inspect: () => {} });
          storage.break(operation, error, way);
          outcomes[chapter] = [
            await scene.attempt(() => auth.refresh()),
            await scene.attempt(() => auth.handleCallback(callback)),
            await scene.attempt(() => auth.getAuthorizationUrl()),
            await scene.attempt(() => auth.importTokens(tokens)),
            await scene.attempt(() => auth.revoke()),
            await scene.attempt(() => fresh.getToken()),
            await scene.attempt(() => fresh.handleCallback(callback)),
            await scene.attempt(() => fresh.close()),
          ];
          storage.fix();
          await clock.advance(HOURS);
        }
      }
    }
    // Nothing depends on the hints, and the outcomes of renewing or releasing the lease are not reported.
    const failed = Object.keys(outcomes).filter((chapter) => outcomes[chapter]?.includes('storage_failed'));
    expect(new Set(failed.map((chapter) => chapter.split(' ', 1)[0]))).toEqual(new Set(['read', 'lease', 'commit']));
    expect(failed).toHaveLength(3 * 3 * 2);
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever stands in a record', async () => {
    const { collector, storage } = scene;
    const token = scene.inject('refresh-token.fictional.in-a-bad-record');
    const failure = { kind: 'terminal', source: 'server', code: 'invalid_grant', description: 'refused' };
    const expired = (ending: unknown) => ({ format: 1, status: 'expired', ending });
    const tokens = { format: 1, status: 'tokens', accessToken: token, issuedAt: 0, expiresAt: null, scopes: [] };
    const records: Readonly<Record<string, unknown>> = {
      'what is no JSON': `{"format":1,"status":"tokens","accessToken":"${token}`,
      'what begins as no JSON': token,
      'a string': JSON.stringify(token),
      'an array': [token],
      'a newer format': { format: 2, status: 'tokens', accessToken: token },
      'a format that is none': { format: token },
      'a status that is none': { format: 1, status: token },
      'an access token that is none': { ...tokens, accessToken: { token } },
      'a refresh token that is none': { ...tokens, refreshToken: { token } },
      'an id token that is none': { ...tokens, idToken: [token] },
      'a time that is none': { ...tokens, expiresAt: token },
      'another time that is none': { ...tokens, issuedAt: token },
      'scopes that are none': { ...tokens, scopes: token },
      'an ending that is none': expired(token),
      'an ending with a cause that is none': expired({ cause: token, failure: null }),
      'an ending with more than it should have': expired({ cause: 'refresh_token_rejected', failure: null, token }),
      'an ending with a failure that is none': expired({ cause: 'refresh_token_rejected', failure: token }),
      'an ending with a failure of a kind that is none': expired({
        cause: 'refresh_token_rejected',
        failure: { ...failure, kind: token },
      }),
      'an ending with a failure with more than it should have': expired({
        cause: 'refresh_token_rejected',
        failure: { ...failure, request: { token } },
      }),
      'a sign-in of another format': { format: 2, codeVerifier: token },
      'a sign-in without a session': { format: 1, codeVerifier: token },
      'a sign-in with a verifier that is none': { format: 1, codeVerifier: [token] },
    };
    const auth = scene.webApp();
    const outcomes = new Set<string>();
    for (const [name, record] of Object.entries(records)) {
      collector.chapter(name);
      await auth.handleCallback(await scene.callback(auth));
      const callback = await scene.callback(auth);
      for (const key of scene.keys) {
        const { record: present } = await storage.read(key);
        const value = typeof record === 'string' ? record : JSON.stringify(record);
        await storage.commit(key, { value, expectedVersion: present?.version ?? 0 });
      }
      const fresh = scene.webApp({ inspect: () => {} });
      outcomes.add(await scene.attempt(() => fresh.getToken()));
      outcomes.add(await scene.attempt(() => fresh.handleCallback(callback)));
      await scene.attempt(() => auth.refresh());
      await scene.attempt(() => auth.revoke());
    }
    expect([...outcomes]).toEqual(
      expect.arrayContaining(['record_unreadable', 'record_from_newer_version', 'refresh_token_rejected']),
    );
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever is imported', async () => {
    const { collector } = scene;
    const token = scene.inject('access-token.fictional.of-a-bad-import');
    const imports: Readonly<Record<string, unknown>> = {
      'a string': token,
      'an array': [token],
      'the JSON of tokens': JSON.stringify({ accessToken: token }),
      'no access token': { refreshToken: token },
      'an access token with a line break': { accessToken: `${token}\n` },
      'an access token with a space': { access_token: `Bearer ${token}` },
      'an access token that is none': { accessToken: { token } },
      'a refresh token with a character that no header has': { accessToken: token, refreshToken: `${token}\u00e9` },
      'a refresh token that is none': { accessToken: token, refresh_token: [token] },
      'an id token that is none': { accessToken: token, idToken: { token } },
      'an expiry that is none': { accessToken: token, expiresAt: token },
      'an expiry in milliseconds': { accessToken: token, expires_at: Date.now() },
      'an expiry without a beginning': { accessToken: token, expires_in: 3600 },
      'an issue that is none': { accessToken: token, issued_at: token },
      'scopes that are none': { accessToken: token, scopes: { token } },
      'a scope that is none': { accessToken: token, scope: [{ token }] },
      'a newer format': { format: 2, accessToken: token },
      'a format that is none': { format: token, accessToken: token },
      'what expired': { accessToken: token, expiresAt: 1 },
    };
    const auth = await scene.signedIn();
    for (const [name, tokens] of Object.entries(imports)) {
      collector.chapter(name);
      const outcome = await scene.attempt(() => auth.importTokens(tokens as ImportableTokens));
      expect(['invalid_import', 'access_token_expired']).toContain(outcome);
    }
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever a callback says', async () => {
    const { collector, server } = scene;
    const auth = scene.webApp({ server: { ...scene.options.server, callbackCarriesIssuer: true } });
    const { clientId, clientSecret } = applications.webApp;
    const inForm = new URLSearchParams({ '': clientSecret }).toString().slice('='.length);
    const received = [clientSecret, encodeURIComponent(clientSecret), inForm, btoa(`${clientId}:${inForm}`)].join(' ');
    const altered: Readonly<Record<string, (callback: URL, code: string) => unknown>> = {
      'no issuer': (callback) => callback,
      'another issuer': (callback, code) => altering(callback, { iss: `https://elsewhere.example/${code}` }),
      'no state': (callback) => altering(callback, { iss: server.origin, state: '' }),
      'an unknown state': (callback) => altering(callback, { iss: server.origin, state: 'state.fictional.unknown' }),
      'two codes': (callback, code) => `${altering(callback, { iss: server.origin })}&code=${code}`,
      'a code and an error': (callback, code) => altering(callback, { iss: server.origin, error: code }),
      'neither code nor error': (callback) => altering(callback, { iss: server.origin, code: '' }),
      'an error that repeats the secrets': (callback) =>
        altering(callback, { iss: server.origin, code: '', error: received, error_description: received }),
      'the wish that the user act, with the secrets': (callback) =>
        altering(callback, {
          iss: server.origin,
          code: '',
          error: `ride_${received}`,
          error_description: received,
          jump: `https://accounts.example/?${new URLSearchParams({ received })}`,
        }),
      'what is no address': (_callback, code) => `code ${code}`,
      'a code with a wrong character': (callback, code) =>
        altering(callback, { iss: server.origin, code: `${code}\r\n` }),
      'an object': (_callback, code) => ({ code }),
      nothing: () => undefined,
    };
    const outcomes = new Set<string>();
    for (const [name, alter] of Object.entries(altered)) {
      collector.chapter(name);
      const callback = new URL(await scene.callback(auth));
      const code = callback.searchParams.get('code') as string;
      const shown = alter(callback, code) as string;
      outcomes.add(await scene.attempt(() => auth.handleCallback(shown)));
      outcomes.add(await scene.attempt(() => auth.session('pim@studio.example').handleCallback(shown)));
    }
    collector.chapter('a code exchange');
    const code = scene.inject('code.fictional.of-no-user-at-all');
    const codeVerifier = scene.inject('code-verifier.fictional.of-no-user-at-all');
    for (const exchange of [
      { code, codeVerifier },
      { code, state: 'state.fictional.unknown' },
      { code: [code] as never, codeVerifier },
      { code, codeVerifier: { codeVerifier } as never },
      { code, codeVerifier: `${codeVerifier}\r\n` },
      { code: '', codeVerifier },
    ]) {
      outcomes.add(await scene.attempt(() => scene.webApp({ inspect: () => {} }).exchangeCode(exchange)));
    }
    expect(outcomes).not.toContain('resolved');
    expect([...outcomes]).toEqual(
      expect.arrayContaining([
        'issuer_missing',
        'issuer_mismatch',
        'state_unknown',
        'invalid_callback',
        'invalid_grant',
      ]),
    );
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever option is wrong', async () => {
    const { collector, options, server } = scene;
    const secret = scene.inject('client-secret.fictional.mistaken-for-an-option');
    const { webApp, service: serviceApp } = applications;
    const { singlePageApp } = server.clients;
    const service = (mistake: object) => () => new ServerToServerAuth({ ...serviceApp, ...options, ...mistake });
    const mistakes: Readonly<Record<string, () => unknown>> = {
      'a client secret with a line break': service({ clientSecret: `${secret}\n` }),
      'a client secret that is none': service({ clientSecret: { secret } }),
      'client secrets, one of them empty': service({ clientSecret: [secret, ''] }),
      'client secrets, one of them with a line break': service({ clientSecret: [secret, `${secret}\r\n`] }),
      'a client id that is none': service({ clientId: [secret] }),
      'a client id with a line break': service({ clientId: `${secret}\n` }),
      'scopes that are none': service({ scopes: { secret } }),
      'a scope that is none': service({ scopes: [{ secret }] }),
      'a transport that is none': service({ transport: secret }),
      'a storage that is none': service({ storage: { secret } }),
      'a buffer that is none': service({ refreshBuffer: secret }),
      'a policy that is none': service({ onStorageUnavailable: secret }),
      'a handler that is none': service({ onTokenRefreshed: { secret } }),
      'a password in the origin': () => adobeIms({ origin: `https://mara:${secret}@ims.example` }),
      'a path in the origin': () => adobeIms({ origin: `https://ims.example/${secret}` }),
      'an environment that is none': () => adobeIms({ environment: secret as never }),
      'a password in an endpoint': () =>
        customServer({
          issuer: 'https://login.example',
          tokenEndpoint: `https://mara:${secret}@login.example/token`,
          clientAuthentication: 'none',
        }),
      'an endpoint that is none': () =>
        customServer({ issuer: 'https://login.example', tokenEndpoint: secret, clientAuthentication: 'none' }),
      'a way to authenticate that is none': () =>
        customServer({
          issuer: 'https://login.example',
          tokenEndpoint: 'https://login.example/token',
          clientAuthentication: secret as never,
        }),
      'a secret that a single-page app cannot keep': () =>
        new SPAAuth({ ...singlePageApp, ...options, clientSecret: secret } as never),
      'a secret that a native app cannot keep': () =>
        new NativeAppAuth({ ...singlePageApp, ...options, clientSecret: secret } as never),
      'a redirect URI that is none': () => new WebAppAuth({ ...webApp, ...options, redirectUri: secret }),
      'a redirect URI with a fragment': () =>
        new WebAppAuth({ ...webApp, ...options, redirectUri: `https://review-portal.example/#${secret}` }),
      'a redirect URI over http': () =>
        new WebAppAuth({ ...webApp, ...options, redirectUri: `http://review-portal.example/${secret}` }),
    };
    for (const [name, mistake] of Object.entries(mistakes)) {
      collector.chapter(name);
      expect([name, await scene.attempt(mistake)]).toEqual([name, 'invalid_option']);
    }
    expect(await scene.leaks()).toEqual([]);
  });

  it('whatever handlers, listeners and inspectors throw', async () => {
    const { collector, server } = scene;
    const thrown: string[] = [];
    const throwing = (name: string) => (what: unknown) => {
      thrown.push(name);
      throw new Error(`${name} could not handle ${JSON.stringify(what)} of ${scene.secrets}`);
    };
    const auth = scene.webApp({
      onTokenRefreshed: async (tokens) => throwing('onTokenRefreshed')(tokens),
      onStateChange: throwing('onStateChange'),
      inspect: throwing('inspect'),
    });
    auth.subscribe(throwing('subscribe'));
    const service = scene.service({ onTokenRefreshed: throwing('onTokenRefreshed of a service') });
    await auth.handleCallback(await scene.callback(auth));
    await service.getToken();
    await auth.refresh();
    server.faults.next('token', fault.error('invalid_grant'));
    expect(await scene.attempt(() => auth.refresh())).toBe('invalid_grant');
    expect(new Set(thrown)).toEqual(
      new Set(['onTokenRefreshed', 'onStateChange', 'inspect', 'subscribe', 'onTokenRefreshed of a service']),
    );
    collector.chapter('in the end');
    expect(await scene.leaks()).toEqual([]);
  });

  it('when callers go away, and when sessions are closed', async () => {
    const { server } = scene;
    const auth = await scene.signedIn();
    const rejected = await auth.getToken();
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const abortion = new AbortController();
    const waiting = scene.attempt(() => auth.getToken({ rejected, signal: abortion.signal }));
    const staying = scene.attempt(() => auth.getToken({ rejected }));
    await held.reached;
    abortion.abort();
    expect(await waiting).toBe('AbortError');
    expect(await scene.attempt(() => auth.getToken({ signal: abortion.signal }))).toBe('AbortError');
    const closing = auth.close();
    expect(await scene.attempt(() => auth.getToken())).toBe('session_closed');
    held.release();
    await closing;
    expect(await staying).toBe('resolved');
    for (const act of [
      () => auth.getToken({ rejected }),
      () => auth.refresh(),
      () => auth.revoke(),
      () => auth.exportTokens(),
      () => auth.importTokens({ accessToken: rejected }),
    ]) {
      expect(await scene.attempt(act)).toBe('session_closed');
    }
    expect(await scene.attempt(() => auth.session('mara@studio.example'))).toBe('auth_closed');
    expect(await scene.leaks()).toEqual([]);
  });

  it('when the server never answers, or is not there', async () => {
    const { collector, server } = scene;
    let transport = fetchTransport();
    const common: Partial<CommonOptions> = { transport: (url, init) => transport(url, init) };
    const auth = await scene.signedIn(common);
    const service = scene.service(common);

    const held = fault.held();
    server.faults.always('token', held);
    transport = fetchTransport({ timeout: 50 });
    expect(await scene.attempt(() => auth.refresh())).toBe('timeout');
    expect(await scene.attempt(() => service.getToken())).toBe('timeout');
    held.release();

    await server.stop();
    transport = fetchTransport();
    expect(await scene.attempt(() => auth.refresh())).toBe('ECONNREFUSED');
    expect(await scene.attempt(() => service.refresh())).toBe('ECONNREFUSED');
    collector.show('the result', await auth.revoke());
    expect(await scene.leaks()).toEqual([]);
  });

  it('in a token that the application already has', async () => {
    const { collector } = scene;
    const token = scene.inject('fio-u-fictional-developer-token-of-mara');
    for (const bad of [`${token}\n`, `Bearer ${token}`, [token], { token }, `${token}\u0000`]) {
      expect(await scene.attempt(() => new StaticTokenAuth(bad as string))).toBe('invalid_option');
    }
    const rejected = new StaticTokenAuth(token);
    const revoked = new StaticTokenAuth(token, { legacyDeveloperToken: false });
    for (const auth of [rejected, revoked]) {
      collector.show('an auth object', auth);
      auth.subscribe((snapshot) => {
        collector.show('subscribe', snapshot);
        throw new Error(token);
      });
      expect(await scene.attempt(() => auth.refresh())).toBe('no_refresh_token');
      expect(await scene.attempt(() => auth.importTokens())).toBe('import_unsupported');
      expect(await scene.attempt(() => auth.getToken({ signal: AbortSignal.abort() }))).toBe('AbortError');
    }
    expect(await scene.attempt(() => rejected.getToken({ rejected: token }))).toBe('access_token_rejected');
    collector.show('the result', await revoked.revoke());
    expect(await scene.attempt(() => revoked.getToken())).toBe('token_revoked');
    for (const auth of [rejected, revoked]) collector.show('an auth object, in the end', auth);
    expect(await scene.leaks()).toEqual([]);
  });

  it('in a token that a request cannot carry, or that should go elsewhere', async () => {
    const token = scene.inject('access-token.fictional.that-breaks-a-header');
    const { apiBaseUrl } = scene.server;
    const auth = await scene.signedIn();
    const allowedOrigins = [new URL(apiBaseUrl).origin];
    const fetchWith = (bad: string) => authenticatedFetch({ getToken: async () => bad }, { allowedOrigins });
    expect(await scene.attempt(() => fetchWith(`${token}\r\nx-injected: yes`)(`${apiBaseUrl}/me`))).toBe(
      'invalid_token',
    );
    expect(await scene.attempt(() => fetchWith(`${token}\u2026`)(`${apiBaseUrl}/me`))).toBe('invalid_token');
    const call = authenticatedFetch(auth, { allowedOrigins });
    expect(await scene.attempt(() => call('https://elsewhere.example/v4/me'))).toBe('origin_not_allowed');
    expect(await scene.attempt(() => call('/v4/me'))).toBe('invalid_url');
    expect((await call(`${apiBaseUrl}/me`)).status).toBe(200);
    expect(await scene.leaks()).toEqual([]);
  });
});
