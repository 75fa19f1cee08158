import { type AuthorizationServer, startAuthorizationServer } from '@frameio-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorization, basic, CALLBACK, callback, post, refusalOf, type Tokens } from './application.js';

let server: AuthorizationServer;

beforeAll(async () => {
  server = await startAuthorizationServer({ profile: 'legacy-frameio' });
});

afterAll(() => server.close());

const token = (parameters: Record<string, string | undefined>, headers?: Record<string, string>) =>
  post(server.endpoints.tokenEndpoint, parameters, headers);

const withoutPkce = { code_challenge: undefined, code_challenge_method: undefined };

function webAppCredentials(): { authorization: string } {
  const { clientId, clientSecret } = server.clients.webApp;
  return { authorization: basic(clientId, clientSecret) };
}

/** The body of a token request for a code, as documented for applications without PKCE. */
async function codeGrant(): Promise<Record<string, string>> {
  const { webApp } = server.clients;
  const answer = await callback(server, authorization(server, webApp, withoutPkce).url);
  const code = answer.get('code') ?? '';
  const state = answer.get('state') ?? '';
  return { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, state, scope: webApp.scopes.join(' ') };
}

async function webAppTokens(): Promise<Tokens> {
  return (await (await token(await codeGrant(), webAppCredentials())).json()) as Tokens;
}

describe('an application without PKCE at the legacy Frame.io server', () => {
  it('exchanges a code by HTTP Basic, with `state` and `scope` in the body', async () => {
    const response = await token(await codeGrant(), webAppCredentials());
    expect(await response.json()).toEqual({
      access_token: expect.stringMatching(/^access\.fictional\./),
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^refresh\.fictional\./),
      scope: 'account.read asset.create offline',
      token_type: 'bearer',
    });
  });

  it('is refused without `state`, without `scope`, and with the state of another request', async () => {
    const grant = await codeGrant();
    const refusals = [
      await refusalOf(token({ ...grant, state: undefined }, webAppCredentials())),
      await refusalOf(token({ ...grant, scope: undefined }, webAppCredentials())),
      await refusalOf(token({ ...grant, state: 'another state' }, webAppCredentials())),
      await refusalOf(token({ ...grant, redirect_uri: 'https://elsewhere.example/' }, webAppCredentials())),
    ];
    expect(refusals).toEqual([
      [400, 'invalid_request', 'missing state parameter'],
      [400, 'invalid_request', 'missing scope parameter'],
      [400, 'invalid_grant', 'state is not the one of the authorization request'],
      [400, 'invalid_grant', 'redirect_uri is not the one that the code was sent to'],
    ]);
  });

  it('is refused with its secret in the body, with a wrong one, and with none', async () => {
    const { clientId, clientSecret } = server.clients.webApp;
    const grant = await codeGrant();
    const inBody = { ...grant, client_id: clientId, client_secret: clientSecret };
    expect((await refusalOf(token(inBody))).slice(0, 2)).toEqual([401, 'invalid_client']);
    const wrong = { authorization: basic(clientId, 'wrong.fictional') };
    const refused = await token(grant, wrong);
    expect(refused.headers.get('www-authenticate')).toBe('Basic realm="fictional"');
    expect((await refusalOf(refused)).slice(0, 2)).toEqual([401, 'invalid_client']);
    expect((await refusalOf(token(grant))).slice(0, 2)).toEqual([401, 'invalid_client']);
  });

  it('repeats `scope` in a refresh, after which the old tokens no longer work', async () => {
    const before = await webAppTokens();
    const refresh = { grant_type: 'refresh_token', refresh_token: before.refresh_token };
    const refusal = await refusalOf(token(refresh, webAppCredentials()));
    expect(refusal).toEqual([400, 'invalid_request', 'missing scope parameter']);
    const scope = 'account.read asset.create offline';
    const after = (await (await token({ ...refresh, scope }, webAppCredentials())).json()) as Tokens;
    expect(server.accessTokenIsLive(before.access_token)).toBe(false);
    expect(server.refreshTokenIsLive(before.refresh_token)).toBe(false);
    expect(server.accessTokenIsLive(after.access_token)).toBe(true);
    expect(server.refreshTokenIsLive(after.refresh_token)).toBe(true);
  });

  it('gets no refresh token without the scope `offline`', async () => {
    const { webApp } = server.clients;
    const { url } = authorization(server, webApp, { ...withoutPkce, scope: 'account.read' });
    const code = (await callback(server, url)).get('code') ?? '';
    const grant = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, state: 'state-of-a-test' };
    const tokens = await (await token({ ...grant, scope: 'account.read' }, webAppCredentials())).json();
    expect(tokens).not.toHaveProperty('refresh_token');
    expect(tokens).toMatchObject({ scope: 'account.read' });
  });
});

describe('an application with PKCE at the legacy Frame.io server', () => {
  it('is named in the body, when it exchanges a code and when it refreshes', async () => {
    const { nativeApp } = server.clients;
    const { url, verifier } = authorization(server, nativeApp, { redirect_uri: nativeApp.redirectUri });
    const code = (await callback(server, url)).get('code') ?? '';
    const exchanged = await token({
      grant_type: 'authorization_code',
      client_id: nativeApp.clientId,
      code,
      code_verifier: verifier,
      redirect_uri: nativeApp.redirectUri,
    });
    expect(exchanged.status).toBe(200);
    const { refresh_token } = (await exchanged.json()) as Tokens;
    const refresh = { grant_type: 'refresh_token', client_id: nativeApp.clientId, refresh_token };
    const scope = nativeApp.scopes.join(' ');
    expect((await token({ ...refresh, scope })).status).toBe(200);
  });

  it('is denied with an `Authorization` header', async () => {
    const { clientId } = server.clients.singlePageApp;
    const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: 'any', scope: 'offline' };
    const header = { authorization: basic(clientId, '') };
    expect(await refusalOf(token(refresh, header))).toEqual([
      401,
      'invalid_client',
      'this client must not authenticate',
    ]);
    expect((await refusalOf(token(refresh))).slice(0, 2)).toEqual([400, 'invalid_grant']);
  });
});

describe('the legacy Frame.io server', () => {
  it('takes scopes separated by spaces alone', async () => {
    const { url } = authorization(server, server.clients.webApp, { ...withoutPkce, scope: 'account.read,offline' });
    expect((await callback(server, url)).get('error')).toBe('invalid_scope');
  });

  it('refuses a redirect URI that is not registered, on a page of its own', async () => {
    const { url } = authorization(server, server.clients.webApp, {
      redirect_uri: 'https://elsewhere.example/callback',
    });
    await expect(server.signIn(url)).rejects.toThrow('redirect_uri is not registered');
  });

  it('does not know client credentials, and has no revocation endpoint', async () => {
    const { clientId, clientSecret } = server.clients.serverToServer;
    const credentials = { authorization: basic(clientId, clientSecret) };
    const refusal = await refusalOf(token({ grant_type: 'client_credentials' }, credentials));
    expect(refusal.slice(0, 2)).toEqual([400, 'unsupported_grant_type']);
    expect((await post(`${server.origin}/oauth2/revoke`, { token: 'any' })).status).toBe(404);
    expect(server.endpoints).toEqual({
      issuer: server.origin,
      authorizationEndpoint: `${server.origin}/oauth2/auth`,
      tokenEndpoint: `${server.origin}/oauth2/token`,
    });
  });

  it('issues tokens that the API takes', async () => {
    const { access_token } = await webAppTokens();
    const me = await fetch(`${server.apiBaseUrl}/me`, { headers: { authorization: `Bearer ${access_token}` } });
    expect(me.status).toBe(200);
  });
});
