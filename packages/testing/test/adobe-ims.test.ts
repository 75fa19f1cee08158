import { type AuthorizationServer, manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorization,
  basic,
  CALLBACK,
  callback,
  post,
  refusalOf,
  serviceRequest,
  serviceToken,
  startServer,
  type Tokens,
  webAppRefresh,
  webAppTokens,
} from './application.js';

let server: AuthorizationServer;

beforeAll(async () => {
  server = await startAuthorizationServer();
});

afterAll(() => server.close());

const token = (parameters: Record<string, string | undefined>, headers?: Record<string, string>) =>
  post(server.endpoints.tokenEndpoint, parameters, headers);

describe('the client of a token request to Adobe IMS', () => {
  it('is a confidential one by its secret in the body', async () => {
    const response = await token(serviceRequest(server));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      access_token: expect.stringContaining('.fictional-'),
      token_type: 'bearer',
      expires_in: 86399,
    });
  });

  it('is a confidential one by HTTP Basic, whose parts are form-encoded (RFC 6749 §2.3.1)', async () => {
    const id = 'an id with: odd/characters & more+.fictional';
    const secret = 'a secret with: odd%characters & more+.fictional';
    const other = await startServer({ clients: [{ clientId: id, clientSecret: secret, scopes: ['openid'] }] });
    const parameters = { grant_type: 'client_credentials', scope: 'openid' };
    const response = await post(other.endpoints.tokenEndpoint, parameters, { authorization: basic(id, secret) });
    expect(response.status).toBe(200);
  });

  it('is refused with 400, not 401, for a wrong secret', async () => {
    const wrong = { ...serviceRequest(server), client_secret: 'wrong.fictional' };
    expect(await refusalOf(token(wrong))).toEqual([400, 'invalid_client', 'invalid client_secret parameter']);
    const none = { ...serviceRequest(server), client_secret: undefined };
    expect(await refusalOf(token(none))).toEqual([400, 'invalid_client', 'invalid client_secret parameter']);
  });

  it('is refused for an unknown id', async () => {
    const unknown = { ...serviceRequest(server), client_id: 'unknown.fictional' };
    expect(await refusalOf(token(unknown))).toEqual([400, 'invalid_client', 'invalid client_id parameter']);
    const none = { ...serviceRequest(server), client_id: undefined };
    expect(await refusalOf(token(none))).toEqual([400, 'invalid_client', 'invalid client_id parameter']);
  });

  it('is refused when it authenticates in two ways (RFC 6749 §2.3)', async () => {
    const { clientId, clientSecret } = server.clients.serverToServer;
    const refusal = await refusalOf(token(serviceRequest(server), { authorization: basic(clientId, clientSecret) }));
    expect(refusal.slice(0, 2)).toEqual([400, 'invalid_request']);
  });

  it('is a public one by its client_id in the body', async () => {
    const { singlePageApp } = server.clients;
    const { url, verifier } = authorization(server, singlePageApp);
    const code = (await callback(server, url)).get('code') ?? '';
    const { clientId } = singlePageApp;
    const response = await token({
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      code_verifier: verifier,
    });
    expect(response.status).toBe(200);
  });

  it('is a public one by its client_id in the query', async () => {
    const { nativeApp } = server.clients;
    const { url, verifier } = authorization(server, nativeApp, { redirect_uri: nativeApp.redirectUri });
    const code = (await callback(server, url)).get('code') ?? '';
    const endpoint = `${server.endpoints.tokenEndpoint}?client_id=${nativeApp.clientId}`;
    const response = await post(endpoint, { grant_type: 'authorization_code', code, code_verifier: verifier });
    expect(response.status).toBe(200);
  });

  it('is refused when it is public and sends a secret', async () => {
    const { clientId } = server.clients.singlePageApp;
    const withSecret = { grant_type: 'refresh_token', client_id: clientId, client_secret: 'secret.fictional' };
    expect(await refusalOf(token(withSecret))).toEqual([400, 'invalid_client', 'unexpected client_secret parameter']);
    const refusal = await refusalOf(token({ grant_type: 'refresh_token' }, { authorization: basic(clientId, '') }));
    expect(refusal).toEqual([400, 'invalid_client', 'unexpected client_secret parameter']);
  });

  it('may use either of two live secrets while one is rotated out', async () => {
    const other = await startServer();
    const { clientId, clientSecret: oldSecret } = other.clients.serverToServer;
    const answer = async (secret: string) =>
      (await post(other.endpoints.tokenEndpoint, { ...serviceRequest(other), client_secret: secret })).status;

    const newSecret = other.rotateClientSecret(clientId);
    expect([await answer(oldSecret), await answer(newSecret)]).toEqual([200, 200]);
    expect(() => other.rotateClientSecret(clientId)).toThrow('2 live secrets');
    other.dropClientSecret(clientId);
    expect([await answer(oldSecret), await answer(newSecret)]).toEqual([400, 200]);
    expect(() => other.dropClientSecret(clientId, oldSecret)).toThrow('no such live secret');
    expect(() => other.rotateClientSecret(other.clients.nativeApp.clientId)).toThrow('No confidential client');
  });
});

describe('the token endpoint of Adobe IMS', () => {
  it('takes scopes separated by spaces or by commas, and by case', async () => {
    const withScope = async (scope: string) => (await token({ ...serviceRequest(server), scope })).status;
    expect(await withScope('openid,AdobeID,frame.s2s.all')).toBe(200);
    expect(await withScope('openid AdobeID, frame.s2s.all')).toBe(200);
    expect(await withScope('openid,adobeid')).toBe(400);
  });

  it('refuses scopes that the client does not have, and none', async () => {
    const unknown = { ...serviceRequest(server), scope: 'openid,something.else' };
    expect(await refusalOf(token(unknown))).toEqual([400, 'invalid_scope', 'invalid scope parameter']);
    const none = { ...serviceRequest(server), scope: undefined };
    expect(await refusalOf(token(none))).toEqual([400, 'invalid_scope', 'invalid scope parameter']);
  });

  it('tells a grant type that it does not know from one that the client may not use', async () => {
    const unknown = { ...serviceRequest(server), grant_type: 'password' };
    expect((await refusalOf(token(unknown))).slice(0, 2)).toEqual([400, 'unsupported_grant_type']);
    const forbidden = { ...serviceRequest(server), grant_type: 'refresh_token' };
    expect((await refusalOf(token(forbidden))).slice(0, 2)).toEqual([400, 'unauthorized_client']);
  });

  it('refuses what is not a form, not posted, incomplete, or says a thing twice (RFC 6749 §3.2)', async () => {
    const url = server.endpoints.tokenEndpoint;
    const json = fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
    expect((await refusalOf(json)).slice(0, 2)).toEqual([400, 'invalid_request']);
    expect((await refusalOf(fetch(url))).slice(0, 2)).toEqual([405, 'invalid_request']);
    const incomplete = { ...serviceRequest(server), grant_type: undefined };
    expect((await refusalOf(token(incomplete))).slice(0, 2)).toEqual([400, 'invalid_request']);
    const twice = new URLSearchParams([...Object.entries(serviceRequest(server)), ['scope', 'openid']]);
    expect((await refusalOf(fetch(url, { method: 'POST', body: twice }))).slice(0, 2)).toEqual([
      400,
      'invalid_request',
    ]);
  });

  it('answers a code with tokens, `bearer` in lower case, without `scope`', async () => {
    const tokens = await webAppTokens(server);
    expect(tokens).toEqual({
      access_token: expect.stringContaining('.fictional-'),
      refresh_token: expect.stringContaining('.fictional-'),
      id_token: expect.stringContaining('.fictional-'),
      sub: server.users[0]?.id,
      token_type: 'bearer',
      expires_in: 86399,
    });
  });

  it('issues tokens of the shape of a JWT without `exp`, with times as strings of milliseconds', async () => {
    const { access_token } = await webAppTokens(server);
    const [header, payload, signature] = access_token.split('.');
    const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(decoded(header)).toMatchObject({ alg: 'RS256', x5u: expect.any(String) });
    expect(decoded(payload)).not.toHaveProperty('exp');
    expect(decoded(payload)).toMatchObject({ created_at: expect.stringMatching(/^\d{13}$/), expires_in: '86399000' });
    expect(signature).toMatch(/^fictional-/);
  });

  it('gives a refresh token only for `offline_access`, and an id token only for `openid`', async () => {
    const { webApp } = server.clients;
    const { url, verifier } = authorization(server, webApp, { scope: 'email profile' });
    const code = (await callback(server, url)).get('code') ?? '';
    const response = await token(
      { grant_type: 'authorization_code', code, code_verifier: verifier },
      { authorization: basic(webApp.clientId, webApp.clientSecret) },
    );
    expect(Object.keys((await response.json()) as object).sort()).toEqual([
      'access_token',
      'expires_in',
      'sub',
      'token_type',
    ]);
  });

  it('answers a refresh with a fresh pair', async () => {
    const before = await webAppTokens(server);
    const after = (await (await webAppRefresh(server, before.refresh_token)).json()) as Tokens;
    expect(after.refresh_token).not.toBe(before.refresh_token);
    expect(after.access_token).not.toBe(before.access_token);
    expect(server.accessTokenIsLive(before.access_token)).toBe(true);
    expect(server.accessTokenIsLive(after.access_token)).toBe(true);
  });

  it('refuses a refresh token of another client', async () => {
    const { refresh_token } = await webAppTokens(server);
    const { clientId } = server.clients.singlePageApp;
    const response = token({ grant_type: 'refresh_token', client_id: clientId, refresh_token });
    expect((await refusalOf(response)).slice(0, 2)).toEqual([400, 'invalid_grant']);
    expect(server.refreshTokenIsLive(refresh_token)).toBe(true);
  });

  it('names each answer in `x-debug-id`, refusals and unknown pages too', async () => {
    const answers = [await token(serviceRequest(server)), await token({}), await fetch(`${server.origin}/elsewhere`)];
    const ids = answers.map((answer) => answer.headers.get('x-debug-id') ?? '');
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 404]);
    expect(ids.every((id) => id.startsWith('fictional-'))).toBe(true);
    expect(new Set(ids).size).toBe(3);
  });
});

describe('the authorization endpoint of Adobe IMS', () => {
  /** Opens the page without signing in, and follows no redirect. */
  const open = (url: string) => fetch(url, { redirect: 'manual' });
  const redirected = async (url: string) => {
    const response = await open(url);
    expect(response.status).toBe(302);
    return new URL(response.headers.get('location') ?? '');
  };

  it('sends a code and the state back to the redirect URI', async () => {
    const url = await server.signIn(authorization(server, server.clients.webApp).url);
    expect(url.startsWith(`${CALLBACK}?`)).toBe(true);
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      code: expect.stringMatching(/^code\.fictional\./),
      state: 'state-of-a-test',
    });
  });

  it('sends `access_denied` and the state back when the user denies', async () => {
    const answer = await callback(server, authorization(server, server.clients.webApp).url, { deny: true });
    expect(answer.get('error')).toBe('access_denied');
    expect(answer.get('state')).toBe('state-of-a-test');
    expect(answer.has('code')).toBe(false);
  });

  it('takes the scopes separated by commas, and `code` for a missing response_type', async () => {
    const { webApp } = server.clients;
    const { url } = authorization(server, webApp, { scope: webApp.scopes.join(','), response_type: undefined });
    expect((await callback(server, url)).has('code')).toBe(true);
    const implicit = authorization(server, webApp, { response_type: 'token' });
    expect((await redirected(implicit.url)).searchParams.get('error')).toBe('unsupported_response_type');
  });

  it('silently replaces a redirect URI that is not registered by the default one', async () => {
    const { webApp } = server.clients;
    const { url } = authorization(server, webApp, { redirect_uri: 'https://elsewhere.example/callback' });
    expect((await server.signIn(url)).startsWith(`${webApp.redirectUri}?code=`)).toBe(true);
    const none = authorization(server, webApp, { redirect_uri: undefined });
    expect((await server.signIn(none.url)).startsWith(`${webApp.redirectUri}?code=`)).toBe(true);
  });

  it('sends native applications back to their own URI scheme', async () => {
    const { nativeApp } = server.clients;
    const { url } = authorization(server, nativeApp, { redirect_uri: nativeApp.redirectUri });
    expect((await server.signIn(url)).startsWith(`adobe+f1c710a1://adobeid/${nativeApp.clientId}?code=`)).toBe(true);
  });

  it('takes no plain http redirect URI, for localhost neither, when it is as strict as Adobe', async () => {
    const strict = await startServer({ allowHttpRedirects: false });
    const { webApp } = strict.clients;
    const { url } = authorization(strict, webApp);
    expect((await strict.signIn(url)).startsWith(`${webApp.redirectUri}?code=`)).toBe(true);
    const secure = authorization(strict, webApp, { redirect_uri: 'https://localhost:8080/callback' });
    expect((await strict.signIn(secure.url)).startsWith('https://localhost:8080/callback?code=')).toBe(true);
  });

  it('refuses an unknown client, and a state of more than 4096 characters, on a page of its own', async () => {
    const { webApp } = server.clients;
    const unknown = authorization(server, webApp, { client_id: 'unknown.fictional' });
    await expect(server.signIn(unknown.url)).rejects.toThrow(
      'status 400 (invalid_client: invalid client_id parameter)',
    );
    const longest = authorization(server, webApp, { state: 's'.repeat(4096) });
    expect((await callback(server, longest.url)).get('state')).toBe('s'.repeat(4096));
    const tooLong = authorization(server, webApp, { state: 's'.repeat(4097) });
    await expect(server.signIn(tooLong.url)).rejects.toThrow('status 400 (invalid_request: state is too long)');
  });

  it('refuses unknown scopes, none, and `frame.s2s.all` in a user flow', async () => {
    const broad = { clientId: 'broad.fictional', redirectUris: [CALLBACK], scopes: ['openid', 'frame.s2s.all'] };
    const other = await startServer({ clients: [broad] });
    const app = { ...broad, redirectUri: CALLBACK };
    for (const scope of ['openid something.else', 'OPENID', '', 'openid frame.s2s.all']) {
      const { searchParams } = await redirected(authorization(other, app, { scope }).url);
      expect([scope, searchParams.get('error'), searchParams.get('state')]).toEqual([
        scope,
        'invalid_scope',
        'state-of-a-test',
      ]);
    }
    expect((await callback(other, authorization(other, app, { scope: 'openid' }).url)).has('code')).toBe(true);
  });

  it('answers `prompt=none` with `login_required`', async () => {
    const { url } = authorization(server, server.clients.webApp, { prompt: 'none' });
    expect((await redirected(url)).searchParams.get('error')).toBe('login_required');
  });

  it('refuses a client that signs no users in', async () => {
    const service = {
      clientId: 'service.fictional',
      clientSecret: 'secret.fictional.service',
      redirectUris: [CALLBACK],
    };
    const other = await startServer({
      clients: [{ ...service, grantTypes: ['client_credentials'], scopes: ['openid'] }],
    });
    const { url } = authorization(other, { ...service, redirectUri: CALLBACK, scopes: ['openid'] });
    expect((await redirected(url)).searchParams.get('error')).toBe('unauthorized_client');
  });

  it('wants a code challenge from public clients, and takes none from confidential ones', async () => {
    const without = { code_challenge: undefined, code_challenge_method: undefined };
    const open = authorization(server, server.clients.singlePageApp, without);
    expect((await redirected(open.url)).searchParams.get('error')).toBe('invalid_request');
    const { webApp } = server.clients;
    const code = (await callback(server, authorization(server, webApp, without).url)).get('code') ?? '';
    const credentials = { authorization: basic(webApp.clientId, webApp.clientSecret) };
    const grant = { grant_type: 'authorization_code', code };
    // RFC 9700 §4.8.2: a verifier without a challenge means that an attacker removed the challenge.
    const refusal = await refusalOf(token({ ...grant, code_verifier: 'unasked' }, credentials));
    expect(refusal).toEqual([400, 'invalid_grant', 'unexpected code_verifier parameter']);
    expect((await token(grant, credentials)).status).toBe(200);
  });

  it('reads a challenge without a method as `plain`', async () => {
    const { singlePageApp } = server.clients;
    const plain = { code_challenge: 'verifier-in-plain-sight', code_challenge_method: undefined };
    const code = (await callback(server, authorization(server, singlePageApp, plain).url)).get('code') ?? '';
    const grant = { grant_type: 'authorization_code', client_id: singlePageApp.clientId, code };
    expect((await token({ ...grant, code_verifier: 'verifier-in-plain-sight' })).status).toBe(200);
    const unknown = authorization(server, singlePageApp, { code_challenge_method: 's256' });
    expect((await redirected(unknown.url)).searchParams.get('error')).toBe('invalid_request');
  });

  it('refuses a wrong or missing verifier (RFC 7636 §4.6)', async () => {
    const { singlePageApp } = server.clients;
    const { url, verifier } = authorization(server, singlePageApp);
    const code = (await callback(server, url)).get('code') ?? '';
    const grant = { grant_type: 'authorization_code', client_id: singlePageApp.clientId, code };
    expect((await refusalOf(token({ ...grant, code_verifier: 'wrong' }))).slice(0, 2)).toEqual([400, 'invalid_grant']);
    expect((await refusalOf(token(grant))).slice(0, 2)).toEqual([400, 'invalid_grant']);
    expect((await token({ ...grant, code_verifier: verifier })).status).toBe(200);
  });

  it('names the server in `iss` when told to (RFC 9207)', async () => {
    const other = await startServer({ sendIssuer: true });
    const { url } = authorization(other, other.clients.webApp);
    expect((await callback(other, url)).get('iss')).toBe(other.origin);
    expect((await callback(other, url, { deny: true })).get('iss')).toBe(other.origin);
    expect((await callback(server, authorization(server, server.clients.webApp).url)).has('iss')).toBe(false);
  });
});

describe('the other endpoints of Adobe IMS', () => {
  const revoke = (body: Record<string, string>, headers?: Record<string, string>, query = '') =>
    post(`${server.endpoints.revocationEndpoint}${query}`, body, headers);

  it('revokes with 200 and an empty body, an unknown token too (RFC 7009 §2.2)', async () => {
    const { clientId, clientSecret } = server.clients.webApp;
    const credentials = { authorization: basic(clientId, clientSecret) };
    const { access_token, refresh_token } = await webAppTokens(server);
    const answers = [
      await revoke({ token: refresh_token }, credentials),
      await revoke({ token: 'unknown' }, credentials),
    ];
    expect(await Promise.all(answers.map(async (each) => [each.status, await each.text()]))).toEqual([
      [200, ''],
      [200, ''],
    ]);
    expect(server.refreshTokenIsLive(refresh_token)).toBe(false);
    expect(server.accessTokenIsLive(access_token)).toBe(false);
  });

  it('revokes an access token alone', async () => {
    const { clientId, clientSecret } = server.clients.webApp;
    const { access_token, refresh_token } = await webAppTokens(server);
    await revoke({ token: access_token }, { authorization: basic(clientId, clientSecret) });
    expect(server.accessTokenIsLive(access_token)).toBe(false);
    expect(server.refreshTokenIsLive(refresh_token)).toBe(true);
  });

  it('lets public clients revoke by their client_id in the query, but not the tokens of others', async () => {
    const { refresh_token } = await webAppTokens(server);
    const query = `?client_id=${server.clients.singlePageApp.clientId}`;
    expect((await revoke({ token: refresh_token }, {}, query)).status).toBe(200);
    expect(server.refreshTokenIsLive(refresh_token)).toBe(true);
    expect((await refusalOf(revoke({ token: refresh_token }))).slice(0, 2)).toEqual([400, 'invalid_client']);
    expect((await refusalOf(revoke({}, {}, query))).slice(0, 2)).toEqual([400, 'invalid_request']);
  });

  it('tells who signed in, as far as the scopes go', async () => {
    const { access_token } = await webAppTokens(server, 'ode@studio.example');
    const { userinfoEndpoint = '' } = server.endpoints;
    const url = `${userinfoEndpoint}?client_id=${server.clients.webApp.clientId}`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${access_token}` } });
    expect(await response.json()).toEqual({
      sub: server.users[1]?.id,
      account_type: 'ind',
      name: 'Ode Colorist',
      given_name: 'Ode',
      family_name: 'Colorist',
      email: 'ode@studio.example',
      email_verified: true,
    });
    const refusal = await refusalOf(fetch(url, { headers: { authorization: 'Bearer unknown' } }));
    expect(refusal.slice(0, 2)).toEqual([401, 'invalid_token']);
  });

  it('validates a token with 200, also when it is not valid', async () => {
    const { access_token, refresh_token } = await webAppTokens(server);
    const { clientId } = server.clients.webApp;
    const validate = async (type: string, tokenText: string) => {
      const body = { type, client_id: clientId, token: tokenText };
      const response = await post(`${server.origin}/ims/validate_token/v1`, body);
      return [response.status, await response.json()];
    };
    const claims = { client_id: clientId, scope: expect.stringContaining('offline_access,'), expires_in: '86399000' };
    expect(await validate('access_token', access_token)).toMatchObject([200, { valid: true, token: claims }]);
    expect(await validate('refresh_token', refresh_token)).toMatchObject([200, { valid: true }]);
    expect(await validate('access_token', 'unknown')).toEqual([200, { valid: false, reason: 'invalid_token' }]);
  });

  it('describes itself by discovery as Adobe does, without what it has besides, and not to pages from elsewhere', async () => {
    const response = await fetch(`${server.origin}/ims/.well-known/openid-configuration`);
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
    const metadata = (await response.json()) as Record<string, unknown>;
    expect(metadata).toMatchObject({
      issuer: server.origin,
      authorization_endpoint: server.endpoints.authorizationEndpoint,
      token_endpoint: server.endpoints.tokenEndpoint,
      revocation_endpoint: server.endpoints.revocationEndpoint,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      id_token_signing_alg_values_supported: ['RS256'],
      claims_supported: expect.arrayContaining(['account_type', 'given_name', 'family_name']),
    });
    expect(metadata).not.toHaveProperty('code_challenge_methods_supported');
    const keys = await (await fetch(String(metadata['jwks_uri']))).json();
    expect(keys).toEqual({ keys: [expect.objectContaining({ kty: 'RSA', alg: 'RS256', use: 'sig', e: 'AQAB' })] });
  });

  it('answers tokens for accounts of a company without a type, for an hour, and with another issuer', async () => {
    const company = await startServer({ enterprise: true });
    const { clientId, clientSecret } = company.clients.webApp;
    const { url, verifier } = authorization(company, company.clients.webApp);
    const code = (await callback(company, url)).get('code') ?? '';
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: CALLBACK };
    const response = await post(company.endpoints.tokenEndpoint, form, {
      authorization: basic(clientId, clientSecret),
    });
    const tokens = (await response.json()) as Tokens & { token_type?: string };
    expect(tokens).toMatchObject({ expires_in: 3599, access_token: expect.any(String) });
    expect(tokens).not.toHaveProperty('token_type');
    const claims = JSON.parse(Buffer.from(tokens.id_token?.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ iss: `${company.origin}/ims`, sub: company.users[0]?.id });
  });

  it('adds AdobeID to the scopes of a user, which a token request with narrower scopes loses', async () => {
    const { clientId } = server.clients.singlePageApp;
    const api = async (scope?: string) => {
      const { url, verifier } = authorization(server, server.clients.singlePageApp);
      const code = (await callback(server, url)).get('code') ?? '';
      const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: verifier, scope };
      const { access_token } = (await (await post(server.endpoints.tokenEndpoint, form)).json()) as Tokens;
      return (await fetch(`${server.apiBaseUrl}/me`, { headers: { authorization: `Bearer ${access_token}` } })).status;
    };
    expect([await api(), await api(server.clients.singlePageApp.scopes.join(' '))]).toEqual([200, 401]);
    expect(server.requests.at(-1)).toMatchObject({ endpoint: 'api', outcome: 'scope_missing' });
  });

  it('shows a page in place of the default redirect URI, where it is told to', async () => {
    const refusing = await startServer({ unregisteredRedirectUri: 'refused' });
    const { url } = authorization(refusing, refusing.clients.webApp, { redirect_uri: 'https://elsewhere.example/cb' });
    expect((await fetch(url)).status).toBe(400);
  });

  it.each(['http://localhost:8443/callback', 'https://127.0.0.1:8443/callback', 'https://[::1]:8443/callback'])(
    'does not send users to %s where it is as strict as Adobe',
    async (redirect_uri) => {
      const strict = await startServer({ allowHttpRedirects: false });
      const { url } = authorization(strict, strict.clients.webApp, { redirect_uri });
      const back = await strict.signIn(url);
      expect(back.startsWith(strict.clients.webApp.redirectUri)).toBe(true);
    },
  );

  it('lets applications in browsers call the token endpoint, after asking first', async () => {
    const asked = { origin: 'https://dailies-player.example', 'access-control-request-headers': 'authorization' };
    const preflight = await fetch(server.endpoints.tokenEndpoint, { method: 'OPTIONS', headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
    const answer = await token(serviceRequest(server));
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('the Frame.io API', () => {
  const get = (path: string, accessToken?: string, headers: Record<string, string> = {}) => {
    const authorizationHeader = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
    return fetch(server.apiBaseUrl + path, { headers: { ...authorizationHeader, ...headers } });
  };

  it('answers a good token, and tells who it is for', async () => {
    const { access_token } = await webAppTokens(server);
    const me = await get('/me', access_token);
    expect(await me.json()).toEqual({
      data: { id: server.users[0]?.id, name: 'Mara Editor', email: 'mara@studio.example', avatar_url: null },
    });
    const accounts = (await (await get('/accounts', await serviceToken(server))).json()) as { data: object[] };
    expect(accounts.data).toHaveLength(1);
    expect((await get('/elsewhere', access_token)).status).toBe(404);
  });

  it('answers 401 in the same words to a missing, an unknown and an expired token', async () => {
    const { access_token } = await webAppTokens(server);
    server.expireAccessTokens();
    for (const each of [undefined, 'unknown', access_token]) {
      const response = await get('/me', each);
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({
        errors: [{ title: 'Unauthorized', detail: 'Invalid or missing authorization token' }],
      });
    }
  });

  it('answers 401 in the same words for each cause that it can have, and the record has the cause', async () => {
    const service = await serviceToken(server);
    const { access_token: mara } = await webAppTokens(server);
    const { access_token: ode } = await webAppTokens(server, 'ode@studio.example');
    const words = { errors: [{ title: 'Unauthorized', detail: 'Invalid or missing authorization token' }] };
    for (const cause of ['scope_missing', 'not_linked', 'no_entitlement'] as const) {
      server.rejectAtApi('mara@studio.example', cause);
      server.rejectAtApi(server.clients.serverToServer.clientId, cause);
      for (const refused of [mara, service]) {
        const response = await get('/me', refused);
        expect([response.status, await response.json()]).toEqual([401, words]);
        expect(server.requests.at(-1)).toMatchObject({ endpoint: 'api', outcome: cause });
      }
      expect((await get('/me', ode)).status).toBe(200);
    }
    server.rejectAtApi('mara@studio.example', undefined);
    server.rejectAtApi(server.clients.serverToServer.clientId, undefined);
    for (const taken of [mara, service]) expect((await get('/me', taken)).status).toBe(200);
    expect(() => server.rejectAtApi('mara@studio.example', 'tired' as never)).toThrow(/must be one of 'scope_missing'/);
  });

  it('takes the tokens of a new sign-in where a scope was missing, and of a refresh where they had expired', async () => {
    const first = await webAppTokens(server);
    server.rejectAtApi('mara@studio.example', 'scope_missing');
    expect((await get('/me', first.access_token)).status).toBe(401);
    const second = await webAppTokens(server);
    expect((await get('/me', second.access_token)).status).toBe(200);
    server.rejectAtApi('mara@studio.example', 'expired');
    expect((await get('/me', second.access_token)).status).toBe(401);
    const { clientId, clientSecret } = server.clients.webApp;
    const form = { grant_type: 'refresh_token', refresh_token: second.refresh_token };
    const answer = await post(server.endpoints.tokenEndpoint, form, { authorization: basic(clientId, clientSecret) });
    expect((await get('/me', ((await answer.json()) as Tokens).access_token)).status).toBe(200);
  });

  it('answers 401 to a token without all five scopes of a user', async () => {
    const { singlePageApp } = server.clients;
    const { url, verifier } = authorization(server, singlePageApp, { scope: 'openid email profile offline_access' });
    const code = (await callback(server, url)).get('code') ?? '';
    const { clientId } = singlePageApp;
    const response = await token({
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      code_verifier: verifier,
    });
    const { access_token } = (await response.json()) as Tokens;
    expect(server.accessTokenIsLive(access_token)).toBe(true);
    expect((await get('/me', access_token)).status).toBe(401);
  });

  it('counts requests in `x-ratelimit-*` on every answer, and answers 429 beyond the limit until the window ends', async () => {
    const clock = manualClock();
    const limited = await startServer({ clock, apiRateLimit: { limit: 2, window: 10_000 } });
    const answers: unknown[] = [];
    const ask = async () => {
      const { status, headers } = await fetch(`${limited.apiBaseUrl}/me`);
      const [limit, remaining, window] = ['limit', 'remaining', 'window'].map((name) =>
        headers.get(`x-ratelimit-${name}`),
      );
      answers.push([status, limit, remaining, window, headers.has('retry-after')]);
    };
    for (let request = 0; request < 3; request += 1) await ask();
    await clock.advance(10_000);
    await ask();
    expect(answers).toEqual([
      [401, '2', '1', '10000', false],
      [401, '2', '0', '10000', false],
      [429, '2', '0', '10000', false],
      [401, '2', '1', '10000', false],
    ]);
  });

  it('takes developer tokens with the header that migrated accounts need, and not without', async () => {
    const developerToken = 'fio-u-fictional-0001';
    const other = await startServer({ developerTokens: [developerToken] });
    const ask = async (headers: Record<string, string>) => {
      const all = { authorization: `Bearer ${developerToken}`, ...headers };
      return (await fetch(`${other.apiBaseUrl}/me`, { headers: all })).status;
    };
    expect(await ask({})).toBe(401);
    expect(await ask({ 'x-frameio-legacy-token-auth': 'true' })).toBe(200);
  });
});
