import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import type { TransportRequest } from '../../src/kernel/transport.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { customServer } from '../../src/protocol/custom-server.js';
import { legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  CODE_VERIFIER,
  clientOf,
  codeExchange,
  GRANTED,
  REDIRECT_URI,
  refresh,
} from './fictional-client.js';
import { answer, type ScriptedServer, type Seen, scriptedServer } from './scripted-server.js';

let server: ScriptedServer;

beforeEach(async () => {
  server = await scriptedServer();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

/** Returns what the server saw of one request that it granted. */
async function seen(request: () => Promise<{ ok: boolean }>): Promise<Seen> {
  server.answers(answer(200, GRANTED));
  expect(await request()).toMatchObject({ ok: true });
  expect(server.requests).toHaveLength(1);
  return server.requests[0] as Seen;
}

const BASIC = `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}`;

describe('Adobe IMS', () => {
  it('gets the client credentials in the body, and commas between the scopes', async () => {
    const client = clientOf(adobeIms({ origin: server.origin }));
    const request = await seen(() => client.clientCredentials({ scopes: ['openid', 'AdobeID', 'frame.s2s.all'] }));
    expect(request).toMatchObject({ method: 'POST', target: '/ims/token/v3' });
    expect(request.headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    });
    expect(request.headers).not.toHaveProperty('authorization');
    expect(request.form).toEqual({
      grant_type: 'client_credentials',
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      scope: 'openid,AdobeID,frame.s2s.all',
    });
  });

  it('gets the code of a confidential client with Basic and the verifier', async () => {
    const client = clientOf(adobeIms({ origin: server.origin }));
    const request = await seen(() => client.exchangeCode(codeExchange));
    expect(request.headers.authorization).toBe(BASIC);
    expect(request.form).toEqual({
      grant_type: 'authorization_code',
      code: 'fictional-code',
      redirect_uri: REDIRECT_URI,
      code_verifier: CODE_VERIFIER,
    });
  });

  it('gets the code of a public client with its id in the body, and never a secret', async () => {
    const client = clientOf(adobeIms({ origin: server.origin }), { clientSecrets: [] });
    const request = await seen(() => client.exchangeCode(codeExchange));
    expect(request.headers).not.toHaveProperty('authorization');
    expect(request.form).toEqual({
      grant_type: 'authorization_code',
      client_id: CLIENT_ID,
      code: 'fictional-code',
      redirect_uri: REDIRECT_URI,
      code_verifier: CODE_VERIFIER,
    });
  });

  it('gets a refresh without scopes, which then stay as granted (RFC 6749 §6)', async () => {
    const client = clientOf(adobeIms({ origin: server.origin }));
    const request = await seen(() => client.refresh(refresh));
    expect(request.headers.authorization).toBe(BASIC);
    expect(request.form).toEqual({ grant_type: 'refresh_token', refresh_token: 'fictional-refresh-token' });
  });
});

describe('the legacy server', () => {
  it('gets the code of an app without PKCE with Basic, state and scope, and no verifier', async () => {
    const client = clientOf(legacyFrameio({ origin: server.origin }));
    const request = await seen(() => client.exchangeCode(codeExchange));
    expect(request.target).toBe('/oauth2/token');
    expect(request.headers.authorization).toBe(BASIC);
    expect(request.form).toEqual({
      grant_type: 'authorization_code',
      code: 'fictional-code',
      redirect_uri: REDIRECT_URI,
      state: 'fictional-state',
      scope: 'account.read offline',
    });
  });

  it('gets the code without a state where the application kept none', async () => {
    const client = clientOf(legacyFrameio({ origin: server.origin }));
    const { state: _, ...withoutState } = codeExchange;
    const request = await seen(() => client.exchangeCode(withoutState));
    expect(request.form).toMatchObject({ code: 'fictional-code', scope: 'account.read offline' });
    expect(request.form).not.toHaveProperty('state');
  });

  it('gets the code of an app with PKCE without an Authorization header', async () => {
    const client = clientOf(legacyFrameio({ origin: server.origin, pkce: true }), { clientSecrets: [] });
    const request = await seen(() => client.exchangeCode(codeExchange));
    expect(request.headers).not.toHaveProperty('authorization');
    expect(request.form).toMatchObject({ client_id: CLIENT_ID, code_verifier: CODE_VERIFIER });
  });

  it('gets a refresh with the scopes, and the id of an app with PKCE', async () => {
    const client = clientOf(legacyFrameio({ origin: server.origin, pkce: true }), { clientSecrets: [] });
    const request = await seen(() => client.refresh(refresh));
    expect(request.headers).not.toHaveProperty('authorization');
    expect(request.form).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'fictional-refresh-token',
      scope: 'account.read offline',
      client_id: CLIENT_ID,
    });
  });

  it('has no client credentials grant', async () => {
    const grant = clientOf(legacyFrameio({ origin: server.origin })).clientCredentials({ scopes: [] });
    await expect(grant).rejects.toThrow(ConfigurationError);
    await expect(grant).rejects.toMatchObject({ code: 'grant_unsupported' });
    expect(server.requests).toEqual([]);
  });
});

describe('a server of one’s own', () => {
  const profileOf = (clientAuthentication: 'client_secret_basic' | 'client_secret_post') =>
    customServer({ issuer: server.origin, tokenEndpoint: `${server.origin}/token`, clientAuthentication });

  it('gets id and secret form-encoded in Basic, with "-", "_", "." and "*" as they are (RFC 6749 §2.3.1)', async () => {
    const client = clientOf(profileOf('client_secret_basic'), {
      clientId: 'a client:1',
      clientSecrets: [new Secret('-_.*~+/=% secret')],
    });
    const request = await seen(() => client.clientCredentials({ scopes: [] }));
    const credentials = Buffer.from(String(request.headers.authorization).replace('Basic ', ''), 'base64').toString();
    expect(credentials).toBe('a+client%3A1:-_.*%7E%2B%2F%3D%25+secret');
    expect(request.form).toEqual({ grant_type: 'client_credentials' });
  });

  it('gets both in the body where it wants them there', async () => {
    const request = await seen(() => clientOf(profileOf('client_secret_post')).refresh(refresh));
    expect(request.headers).not.toHaveProperty('authorization');
    expect(request.form).toMatchObject({ client_id: CLIENT_ID, client_secret: CLIENT_SECRET });
  });

  it('gets the secret with client credentials alone where it wants none of users', async () => {
    const client = clientOf(
      customServer({
        issuer: server.origin,
        tokenEndpoint: `${server.origin}/token`,
        clientAuthentication: 'none',
        clientCredentialsAuthentication: 'client_secret_post',
      }),
    );
    server.answers(answer(200, GRANTED), answer(200, GRANTED));
    await client.refresh(refresh);
    await client.clientCredentials({ scopes: [] });
    const [ofUser, ofClient] = server.requests;
    expect(ofUser?.headers).not.toHaveProperty('authorization');
    expect(ofUser?.form).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'fictional-refresh-token',
      client_id: CLIENT_ID,
    });
    expect(ofClient?.form).toMatchObject({ client_id: CLIENT_ID, client_secret: CLIENT_SECRET });
  });
});

describe('parameters of the profile', () => {
  it('go with each request, once for each item of a list, and replace nothing (RFC 8707 §2.2)', async () => {
    const profile = customServer({
      issuer: server.origin,
      tokenEndpoint: `${server.origin}/token`,
      clientAuthentication: 'client_secret_post',
      tokenParameters: { resource: ['https://a.example', 'https://b.example'], provider: 'studio' },
    });
    const { body } = await seen(() => clientOf(profile).refresh(refresh));
    const parameters = new URLSearchParams(body);
    expect(parameters.getAll('resource')).toEqual(['https://a.example', 'https://b.example']);
    expect(Object.fromEntries(parameters)).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'fictional-refresh-token',
      client_id: CLIENT_ID,
      provider: 'studio',
    });
  });
});

describe('the transport', () => {
  it('is handed plain headers, a text and the order to follow no redirect', async () => {
    const seenByTransport: [string, TransportRequest][] = [];
    const client = clientOf(adobeIms(), {
      transport: async (url, init) => {
        seenByTransport.push([url, init]);
        return Response.json(GRANTED);
      },
    });
    await client.refresh(refresh);
    expect(seenByTransport).toEqual([
      [
        'https://ims-na1.adobelogin.com/ims/token/v3',
        {
          method: 'POST',
          headers: expect.objectContaining({ authorization: BASIC }),
          body: 'refresh_token=fictional-refresh-token&grant_type=refresh_token',
          redirect: 'manual',
          cache: 'no-store',
        },
      ],
    ]);
  });
});

describe('a client', () => {
  it.each([
    [{ clientId: '' }, 'clientId must be printable ASCII'],
    [{ clientSecrets: [new Secret('')] }, 'clientSecret must be printable ASCII'],
    [{ clientSecrets: [new Secret('canary\n')] }, 'begins or ends with a space or a line break'],
  ])('rejects an impossible ID or secret, without repeating it', (options, complaint) => {
    expect(() => clientOf(adobeIms(), options)).toThrow(complaint);
    expect(() => clientOf(adobeIms(), options)).not.toThrow('canary');
  });

  it('rejects an ID with a colon if HTTP Basic is raw (RFC 7617 §2)', () => {
    const profile = { ...adobeIms(), basicCredentials: 'raw' } as const;
    expect(() => clientOf(profile, { clientId: 'urn:fictional' })).toThrow('clientId has a colon');
  });

  it('rejects client credentials without a secret (RFC 6749 §4.4)', async () => {
    const grant = clientOf(adobeIms(), { clientSecrets: [] }).clientCredentials({ scopes: [] });
    await expect(grant).rejects.toMatchObject({ code: 'client_secret_missing' });
  });

  it('rejects a secret if the server takes none', () => {
    expect(() => clientOf(legacyFrameio({ pkce: true }))).toThrow('legacy-frameio accepts no clientSecret');
  });

  it('rejects an application with neither a secret nor PKCE', () => {
    expect(() => clientOf(legacyFrameio(), { clientSecrets: [] })).toThrow('legacyFrameio({ pkce: true })');
  });

  it('rejects an invalid profile that this package did not create', () => {
    const profile = { ...adobeIms(), tokenEndpoint: 'http://login.example.com/token' };
    expect(() => clientOf(profile)).toThrow('server.tokenEndpoint must be https');
  });
});
