import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { customServer } from '../../src/protocol/custom-server.js';
import { legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import type { ServerProfile } from '../../src/protocol/server-profile.js';
import { CLIENT_ID, CODE_CHALLENGE, CODE_VERIFIER, clientOf, REDIRECT_URI } from './fictional-client.js';

const REQUEST = {
  redirectUri: REDIRECT_URI,
  scopes: ['openid', 'offline_access'],
  state: 'fictional-state',
  codeVerifier: new Secret(CODE_VERIFIER),
};

async function parametersFor(profile: ServerProfile, request: Partial<typeof REQUEST> & Record<string, unknown> = {}) {
  const url = new URL(await clientOf(profile).authorizationUrl({ ...REQUEST, ...request }));
  return Object.fromEntries(url.searchParams);
}

describe('authorizationUrl()', () => {
  it('asks Adobe for a code, with commas between the scopes and a challenge for confidential clients too (RFC 9700 §2.1.1)', async () => {
    const url = await clientOf(adobeIms()).authorizationUrl(REQUEST);
    expect(url).toMatch(/^https:\/\/ims-na1\.adobelogin\.com\/ims\/authorize\/v2\?/);
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      scope: 'openid,offline_access',
      state: 'fictional-state',
      code_challenge: CODE_CHALLENGE,
      code_challenge_method: 'S256',
    });
  });

  it('never holds the verifier itself (RFC 7636 §4.2)', async () => {
    expect(await clientOf(adobeIms()).authorizationUrl(REQUEST)).not.toContain(CODE_VERIFIER);
  });

  it('sends no challenge to a legacy app that is registered without PKCE', async () => {
    const parameters = await parametersFor(legacyFrameio());
    expect(parameters).toMatchObject({ scope: 'openid offline_access' });
    expect(Object.keys(parameters).sort()).toEqual(['client_id', 'redirect_uri', 'response_type', 'scope', 'state']);
  });

  it('passes on how to prompt and which user to expect', async () => {
    const parameters = await parametersFor(adobeIms(), { prompt: 'login', loginHint: 'ada@example.com' });
    expect(parameters).toMatchObject({ prompt: 'login', login_hint: 'ada@example.com' });
  });

  it('leaves the scope to the server when none is asked for (RFC 6749 §3.3)', async () => {
    expect(await parametersFor(adobeIms(), { scopes: [] })).not.toHaveProperty('scope');
  });

  it('keeps the query that the endpoint has of its own (RFC 6749 §3.1)', async () => {
    const profile = { ...adobeIms(), authorizationEndpoint: 'https://login.example.com/authorize?tenant=blue' };
    expect(await parametersFor(profile)).toMatchObject({ tenant: 'blue', client_id: CLIENT_ID });
  });

  it.each([
    [adobeIms(), 'http://app.example.com/callback', 'must be https, because the authorization code travels there'],
    [adobeIms(), 'http://localhost:5050/callback', 'must be https for adobe-ims, for localhost as well'],
    [legacyFrameio(), 'http://app.example.com/callback', 'must be https'],
    [adobeIms(), 'https://app.example.com/callback#top', 'has a fragment'],
    [adobeIms(), '/callback', 'is not a URL'],
  ])('rejects a redirect URI that would not work (RFC 6749 §3.1.2)', async (profile, redirectUri, complaint) => {
    const url = clientOf(profile).authorizationUrl({ ...REQUEST, redirectUri });
    await expect(url).rejects.toThrow(new RegExp(`^redirectUri ${complaint}`));
    await expect(url).rejects.toBeInstanceOf(ConfigurationError);
  });

  it.each([
    [legacyFrameio(), 'http://localhost:5050/callback'],
    [adobeIms(), 'adobe+fictional://adobeid/fictional-client'],
  ])(
    'takes plain http on this machine where the server does, and schemes of an app (RFC 8252 §7)',
    async (profile, redirectUri) => {
      expect(await parametersFor(profile, { redirectUri })).toMatchObject({ redirect_uri: redirectUri });
    },
  );

  it('rejects a state that Adobe would cut', async () => {
    const longest = 's'.repeat(4096);
    expect(await parametersFor(adobeIms(), { state: longest })).toMatchObject({ state: longest });
    const tooLong = clientOf(adobeIms()).authorizationUrl({ ...REQUEST, state: `${longest}s` });
    await expect(tooLong).rejects.toThrow('state has 4097 characters, but adobe-ims accepts at most 4096');
  });

  it('rejects scopes that are one string, saying how to give them', async () => {
    const url = clientOf(legacyFrameio()).authorizationUrl({ ...REQUEST, scopes: ['account.read offline'] });
    await expect(url).rejects.toThrow('scopes holds "account.read offline", which is not one scope');
  });

  it('rejects a server where no user can sign in', async () => {
    const profile = customServer({
      issuer: 'https://login.example.com',
      tokenEndpoint: 'https://login.example.com/token',
      clientAuthentication: 'client_secret_post',
    });
    await expect(clientOf(profile).authorizationUrl(REQUEST)).rejects.toThrow('no authorizationEndpoint');
  });
});
