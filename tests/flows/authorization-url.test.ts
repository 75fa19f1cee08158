import { createHash } from 'node:crypto';
import { adobeIms, legacyFrameio, NativeAppAuth, SPAAuth, WebAppAuth } from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { describe, expect, it } from 'vitest';
import { errorOf, startWorld } from '../session/world.js';

const common = { clientId: 'review-portal.fictional', transport: fetchTransport() };
const redirectUri = 'https://review-portal.example/callback';
const clientSecret = 'client-secret.fictional';

describe('an authorization URL', () => {
  it('names the client, the redirect URI, the scopes and the state (RFC 6749 §4.1.1)', async () => {
    const auth = new WebAppAuth({ ...common, clientSecret, redirectUri });
    const { url, state, nonce } = await auth.getAuthorizationUrl();
    const { origin, pathname, searchParams } = new URL(url);
    expect(origin + pathname).toBe('https://ims-na1.adobelogin.com/ims/authorize/v2');
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: 'code',
      client_id: 'review-portal.fictional',
      redirect_uri: redirectUri,
      scope: 'openid,email,profile,offline_access,additional_info.roles',
      state,
      code_challenge: searchParams.get('code_challenge'),
      code_challenge_method: 'S256',
      nonce,
    });
    expect(state).toMatch(/^[\w-]{43}$/);
    expect(url).not.toContain(clientSecret);
    await auth.close();
  });

  it.each([
    ['WebAppAuth', new WebAppAuth({ ...common, clientSecret, redirectUri })],
    ['SPAAuth', new SPAAuth({ ...common, redirectUri })],
    ['NativeAppAuth', new NativeAppAuth({ ...common, redirectUri: 'adobe+f1c710a1://adobeid/slate-uploader' })],
    ['the stage of Adobe', new SPAAuth({ ...common, redirectUri, server: adobeIms({ environment: 'stage' }) })],
    ['a legacy app with PKCE', new SPAAuth({ ...common, redirectUri, server: legacyFrameio({ pkce: true }) })],
  ])('holds the S256 challenge of the verifier, and never the verifier (RFC 7636 §4.2): %s', async (_name, auth) => {
    const { url, codeVerifier } = await auth.getAuthorizationUrl();
    const { searchParams } = new URL(url);
    expect(codeVerifier).toMatch(/^[\w-]{43}$/);
    expect(searchParams.get('code_challenge')).toBe(createHash('sha256').update(codeVerifier).digest('base64url'));
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    expect(url).not.toContain(codeVerifier);
    await auth.close();
  });

  it('has no challenge for a legacy app without PKCE', async () => {
    const auth = new WebAppAuth({ ...common, clientSecret, redirectUri, server: legacyFrameio() });
    const { url } = await auth.getAuthorizationUrl();
    const { searchParams } = new URL(url);
    expect([searchParams.has('code_challenge'), searchParams.has('code_challenge_method')]).toEqual([false, false]);
    expect(searchParams.get('scope')).toBe('account.read offline');
    await auth.close();
  });

  it('is another one each time', async () => {
    const auth = new SPAAuth({ ...common, redirectUri });
    const urls = await Promise.all(Array.from({ length: 20 }, () => auth.getAuthorizationUrl()));
    expect(new Set(urls.map(({ state }) => state)).size).toBe(20);
    expect(new Set(urls.map(({ codeVerifier }) => codeVerifier)).size).toBe(20);
    await auth.close();
  });

  it.each([
    ['an array', ['openid', 'profile']],
    ['a string with commas', 'openid,profile'],
    ['a string with spaces', 'openid profile'],
    ['a string with both', ' openid,  profile '],
  ])('takes scopes as %s, from the auth object and from the call', async (_name, scopes) => {
    const auth = new SPAAuth({ ...common, redirectUri, scopes });
    expect(new URL((await auth.getAuthorizationUrl()).url).searchParams.get('scope')).toBe('openid,profile');
    const other = new SPAAuth({ ...common, redirectUri });
    expect(new URL((await other.getAuthorizationUrl({ scopes })).url).searchParams.get('scope')).toBe('openid,profile');
    await Promise.all([auth.close(), other.close()]);
  });

  it('passes prompt and login hint on (OpenID Connect Core §3.1.2.1)', async () => {
    const auth = new SPAAuth({ ...common, redirectUri });
    const { url } = await auth.getAuthorizationUrl({ prompt: 'login', loginHint: 'mara+test@studio.example' });
    const { searchParams } = new URL(url);
    expect([searchParams.get('prompt'), searchParams.get('login_hint')]).toEqual(['login', 'mara+test@studio.example']);
    expect(new URL((await auth.getAuthorizationUrl()).url).searchParams.has('prompt')).toBe(false);
    await auth.close();
  });

  it('carries a state of the application’s own, and brings it back', async () => {
    const { server, portal } = await startWorld();
    const auth = portal();
    const own = 'own state/with & signs = and ünïcode?';
    const { url, state } = await auth.getAuthorizationUrl({ state: own });
    expect([state, new URL(url).searchParams.get('state')]).toEqual([own, own]);
    await auth.handleCallback(await server.signIn(url));
    expect(auth.isAuthenticated).toBe(true);
  });

  it('is rejected for a state that is in use, on any instance, also after it was used', async () => {
    const { server, clock, portal } = await startWorld();
    const storage = memoryStorage({ clock });
    const [one, other] = [portal({ storage }), portal({ storage })];
    const { url } = await one.getAuthorizationUrl({ state: 'the-same-every-time.fictional' });
    const inUse = {
      name: 'ConfigurationError',
      code: 'state_in_use',
      message: expect.stringContaining('Leave it out'),
    };
    expect(await errorOf(other.getAuthorizationUrl({ state: 'the-same-every-time.fictional' }))).toMatchObject(inUse);
    await one.handleCallback(await server.signIn(url));
    expect(await errorOf(one.getAuthorizationUrl({ state: 'the-same-every-time.fictional' }))).toMatchObject(inUse);
  });

  it.each([
    ['null for options', null as never, /^getAuthorizationUrl\(\) takes an object of options, or nothing/],
    ['an empty state', { state: '' }, /^state must be .*Leave it out/],
    ['a state that is no string', { state: 42 as never }, /^state must be .*Leave it out/],
    [
      'a state longer than Adobe takes',
      { state: 's'.repeat(4097) },
      /^state has 4097 characters.*accepts at most 4096/,
    ],
    ['scopes that are neither', { scopes: 42 as never }, /^scopes must be an array of strings, such as/],
    ['a scope that is several', { scopes: ['openid,profile'] }, /^scopes holds "openid,profile".*Pass each/],
  ])('is rejected for %s', async (_name, options, message) => {
    const auth = new SPAAuth({ ...common, redirectUri });
    expect(await errorOf(auth.getAuthorizationUrl(options))).toMatchObject({
      name: 'ConfigurationError',
      code: 'invalid_option',
      message: expect.stringMatching(message),
    });
    expect(auth.snapshot.state).toBe('restoring');
    await auth.close();
  });
});
