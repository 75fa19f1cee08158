import { request as httpsRequest } from 'node:https';
import { fault, fingerprint, manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import {
  authorization,
  basic,
  CALLBACK,
  callback,
  post,
  serviceRequest,
  serviceToken,
  startServer,
  webAppRefresh,
  webAppTokens,
} from './application.js';

describe('startAuthorizationServer', () => {
  it('listens on loopback, on a port of its own, and says where its doors are', async () => {
    const [server, other] = [await startServer(), await startServer()];
    expect(server.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(other.origin).not.toBe(server.origin);
    expect(server.profile).toBe('adobe-ims');
    expect(server.apiBaseUrl).toBe(`${server.origin}/v4`);
    expect(server.endpoints).toEqual({
      issuer: server.origin,
      authorizationEndpoint: `${server.origin}/ims/authorize/v2`,
      tokenEndpoint: `${server.origin}/ims/token/v3`,
      revocationEndpoint: `${server.origin}/ims/revoke`,
      userinfoEndpoint: `${server.origin}/ims/userinfo/v2`,
    });
  });

  it('rejects when the port is taken', async () => {
    const server = await startServer();
    await expect(startAuthorizationServer({ port: Number(new URL(server.origin).port) })).rejects.toThrow('EADDRINUSE');
  });

  it('refuses connections while it is stopped, and knows its tokens when it is started again on the same port', async () => {
    const server = await startServer();
    const { origin } = server;
    const { refresh_token } = await webAppTokens(server);
    await server.stop();
    const failure = await webAppRefresh(server, refresh_token).catch((error: Error) => error.cause);
    expect(failure).toMatchObject({ code: 'ECONNREFUSED' });
    await server.start();
    expect(server.origin).toBe(origin);
    expect((await webAppRefresh(server, refresh_token)).status).toBe(200);
  });

  it('is closed by `await using`, also twice', async () => {
    const server = await startAuthorizationServer();
    await server[Symbol.asyncDispose]();
    await server.close();
    await expect(fetch(server.origin)).rejects.toThrow('fetch failed');
  });

  it('lives by the clock it is given', async () => {
    const clock = manualClock();
    const server = await startServer({ clock, accessTokenLifetime: 60, refreshTokenLifetime: 120 });
    const { access_token, refresh_token, expires_in } = await webAppTokens(server);
    expect(expires_in).toBe(60);
    await clock.advance(59_999);
    expect(server.accessTokenIsLive(access_token)).toBe(true);
    await clock.advance(1);
    expect(server.accessTokenIsLive(access_token)).toBe(false);
    expect(server.refreshTokenIsLive(refresh_token)).toBe(true);
    await clock.advance(60_000);
    expect(server.refreshTokenIsLive(refresh_token)).toBe(false);
    expect((await fetch(server.origin)).headers.get('date')).toBe('Thu, 01 Jan 2026 00:02:00 GMT');
  });

  it('rotates as it is told: `revoke-chain` ends a sign-in whose spent refresh token comes again', async () => {
    const server = await startServer({ rotation: 'revoke-chain', gracePeriod: 1000, clock: manualClock() });
    const { refresh_token } = await webAppTokens(server);
    const next = ((await (await webAppRefresh(server, refresh_token)).json()) as { refresh_token: string })
      .refresh_token;
    expect((await webAppRefresh(server, refresh_token)).status).toBe(200);
    expect(server.refreshTokenIsLive(next)).toBe(true);

    const hasty = await startServer({ rotation: 'revoke-chain' });
    const spent = (await webAppTokens(hasty)).refresh_token;
    const successor = ((await (await webAppRefresh(hasty, spent)).json()) as { refresh_token: string }).refresh_token;
    expect((await webAppRefresh(hasty, spent)).status).toBe(400);
    expect(hasty.refreshTokenIsLive(successor)).toBe(false);
  });

  it('takes sign-ins and tokens back when it is told to', async () => {
    const server = await startServer();
    const mara = await webAppTokens(server, 'mara@studio.example');
    const ode = await webAppTokens(server, 'ode@studio.example');
    server.revokeUser('mara@studio.example');
    expect([mara, ode].map(({ refresh_token }) => server.refreshTokenIsLive(refresh_token))).toEqual([false, true]);
    server.revokeToken(ode.refresh_token);
    expect(server.refreshTokenIsLive(ode.refresh_token)).toBe(false);
    expect(() => server.revokeUser('nobody@studio.example')).toThrow('knows no user');
  });

  it('knows applications and users of your own, and lets yours replace a fictional one', async () => {
    const users = [{ id: 'u-1', name: 'Ines Director', email: 'ines@studio.example' }];
    const scopes = ['openid', 'offline_access'];
    const replaced = { clientId: 'review-portal.fictional', clientSecret: ['one.fictional', 'two.fictional'], scopes };
    const own = { clientId: 'cutting-room.fictional', redirectUris: [CALLBACK], scopes };
    const server = await startServer({ users, clients: [{ ...replaced, redirectUris: [CALLBACK] }, own] });
    const { url, verifier } = authorization(server, { ...own, redirectUri: CALLBACK });
    const code = (await callback(server, url, { user: 'ines@studio.example' })).get('code') ?? '';
    const grant = { grant_type: 'authorization_code', client_id: own.clientId, code, code_verifier: verifier };
    expect(await (await post(server.endpoints.tokenEndpoint, grant)).json()).toMatchObject({ sub: 'u-1' });

    const refresh = async (secret: string) => {
      const headers = { authorization: basic(replaced.clientId, secret) };
      const response = await post(
        server.endpoints.tokenEndpoint,
        { grant_type: 'refresh_token', refresh_token: 'x' },
        headers,
      );
      return ((await response.json()) as { error: string }).error;
    };
    expect(await refresh('one.fictional')).toBe('invalid_grant');
    expect(await refresh('two.fictional')).toBe('invalid_grant');
    expect(await refresh(server.clients.webApp.clientSecret)).toBe('invalid_client');
  });

  it('refuses to register a client with more than two secrets', async () => {
    const clients = [{ clientId: 'odd.fictional', clientSecret: ['1', '2', '3'], scopes: [] }];
    await expect(startAuthorizationServer({ clients })).rejects.toThrow('more than 2 secrets');
  });
});

describe('over https', () => {
  const statusOf = (url: string, ca: string | undefined): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { agent: false, ...(ca === undefined ? {} : { ca }) };
      httpsRequest(url, options, (response) => resolve(response.resume().statusCode ?? 0))
        .on('error', reject)
        .end();
    });

  it('shows a certificate that is good for localhost and for 127.0.0.1, to whoever trusts it', async () => {
    const server = await startServer({ https: true });
    expect(server.origin).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await statusOf(`${server.origin}/v4/me`, server.certificate)).toBe(401);
    expect(await statusOf(`${server.origin.replace('127.0.0.1', 'localhost')}/v4/me`, server.certificate)).toBe(401);
    await expect(statusOf(`${server.origin}/v4/me`, undefined)).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    const other = await startServer({ https: true });
    await expect(statusOf(`${server.origin}/v4/me`, other.certificate)).rejects.toThrow('self-signed certificate');
  });

  it('signs users in', async () => {
    const server = await startServer({ https: true });
    expect((await callback(server, authorization(server, server.clients.webApp).url)).has('code')).toBe(true);
  });

  it('loses answers and sends halves of them, as over http', async () => {
    const server = await startServer({ https: true });
    server.faults.next('api', fault.lostAnswer());
    await expect(statusOf(`${server.origin}/v4/me`, server.certificate)).rejects.toThrow('socket hang up');
    server.faults.next('api', fault.halfAnswer());
    expect(await statusOf(`${server.origin}/v4/me`, server.certificate)).toBe(401);
  });
});

describe('the record of requests', () => {
  it('tells what came and how it ended, with fingerprints in the place of secrets', async () => {
    const clock = manualClock();
    const server = await startServer({ clock });
    const { refresh_token } = await webAppTokens(server);
    const { clientId, clientSecret } = server.clients.webApp;
    server.clearRequests();
    await clock.advance(1000);
    await webAppRefresh(server, refresh_token);
    expect(server.requests).toEqual([
      {
        at: clock.now(),
        method: 'POST',
        path: '/ims/token/v3',
        endpoint: 'token',
        grantType: 'refresh_token',
        clientId,
        headers: expect.objectContaining({ authorization: `Basic ${fingerprint(clientSecret)}` }),
        query: {},
        form: { grant_type: 'refresh_token', refresh_token: fingerprint(refresh_token) },
        status: 200,
        outcome: 'granted',
        faulted: false,
      },
    ]);
    expect(fingerprint(refresh_token)).toMatch(/^sha256:[0-9a-f]{8}$/);
  });

  it('shows whether the same refresh token was presented twice', async () => {
    const server = await startServer();
    const { refresh_token } = await webAppTokens(server);
    await webAppRefresh(server, refresh_token);
    await webAppRefresh(server, refresh_token);
    const refreshes = server.requests.filter(({ grantType }) => grantType === 'refresh_token');
    expect(refreshes.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['granted', 200],
      ['invalid_grant', 400],
    ]);
    expect(refreshes[0]?.form['refresh_token']).toBe(refreshes[1]?.form['refresh_token']);
  });

  it('holds none of the secrets that the server knows', async () => {
    const server = await startServer();
    const { access_token, refresh_token } = await webAppTokens(server);
    await webAppRefresh(server, refresh_token);
    await serviceToken(server);
    await fetch(`${server.apiBaseUrl}/me`, { headers: { authorization: `Bearer ${access_token}` } });
    await post(`${server.endpoints.revocationEndpoint}`, { token: access_token });
    await fetch(`${server.origin}/elsewhere?access_token=${access_token}`);
    await fetch(`${server.apiBaseUrl}/me`, { headers: { authorization: access_token } });
    const printed = JSON.stringify(server.requests);
    expect(server.secrets().filter((secret) => printed.includes(secret))).toEqual([]);
  });

  it('counts what fits', async () => {
    const server = await startServer();
    await serviceToken(server);
    await serviceToken(server);
    await post(server.endpoints.tokenEndpoint, { ...serviceRequest(server), client_secret: 'wrong.fictional' });
    await fetch(`${server.apiBaseUrl}/me`);
    expect(server.count()).toBe(4);
    expect(server.count({ endpoint: 'token' })).toBe(3);
    expect(server.count({ endpoint: 'token', grantType: 'client_credentials', outcome: 'granted' })).toBe(2);
    expect(server.count({ outcome: 'invalid_client' })).toBe(1);
    expect(server.count({ endpoint: 'api', status: 401 })).toBe(1);
    server.clearRequests();
    expect(server.count()).toBe(0);
  });

  it('tells a request that a fault answered from one that was processed and lost', async () => {
    const server = await startServer();
    server.faults.next('token', fault.status(503));
    server.faults.next('token', fault.dropped());
    server.faults.next('token', fault.lostAnswer());
    for (let request = 0; request < 3; request += 1) await serviceToken(server).catch(() => 'no answer');
    const ends = server.requests.map(({ outcome, status, faulted }) => ({ outcome, status, faulted }));
    expect(ends).toEqual([
      { outcome: 'fault', status: 503, faulted: true },
      { outcome: 'fault', status: undefined, faulted: true },
      { outcome: 'granted', status: undefined, faulted: true },
    ]);
  });

  it('is waited for by what a test wants to see', async () => {
    const server = await startServer();
    const seen = server.waitFor({ endpoint: 'token', outcome: 'granted' }, 2).then(() => server.count());
    await serviceToken(server);
    await fetch(`${server.apiBaseUrl}/me`);
    await serviceToken(server);
    expect(await seen).toBe(3);
    await server.waitFor({ endpoint: 'api' });
  });
});

describe('the secrets that a server knows', () => {
  it('are all that it issued and all that it was shown', async () => {
    const server = await startServer();
    const { webApp } = server.clients;
    const { url, verifier } = authorization(server, webApp);
    const code = (await callback(server, url)).get('code') ?? '';
    const headers = { authorization: basic(webApp.clientId, webApp.clientSecret) };
    const grant = { grant_type: 'authorization_code', code, code_verifier: verifier };
    const issued = (await (await post(server.endpoints.tokenEndpoint, grant, headers)).json()) as Record<
      string,
      string
    >;
    await post(server.endpoints.tokenEndpoint, { ...serviceRequest(server), client_secret: 'mistyped.fictional' });
    await fetch(`${server.apiBaseUrl}/me`, { headers: { authorization: 'Bearer shown.fictional' } });
    const rotated = server.rotateClientSecret(webApp.clientId);
    expect(server.secrets()).toEqual(
      expect.arrayContaining([
        webApp.clientSecret,
        code,
        verifier,
        issued['access_token'],
        issued['refresh_token'],
        issued['id_token'],
        'mistyped.fictional',
        'shown.fictional',
        rotated,
      ]),
    );
    expect(server.secrets()).not.toContain('');
  });
});
