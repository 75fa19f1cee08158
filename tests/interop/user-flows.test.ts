import {
  AuthenticationError,
  type CommonOptions,
  ConfigurationError,
  discoverServer,
  NativeAppAuth,
  type ServerProfile,
  SPAAuth,
  TokenExpiredError,
  WebAppAuth,
} from '@frameio-auth/core';
import { manualClock } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { describe, expect, it } from 'vitest';
import { signIn } from './browser.js';
import { applications, SCOPES, startProvider } from './provider.js';
import { rejectionOf } from './rejection.js';
import { webApp } from './web-app.js';

const { basic, post, singlePage, native } = applications;

type MakeAuth = (common: CommonOptions & { scopes: readonly string[] }) => WebAppAuth | SPAAuth | NativeAppAuth;

describe('a user who signs in at oidc-provider', () => {
  it.each<[string, ServerProfile['clientAuthentication'], MakeAuth]>([
    ['a web app with HTTP Basic', 'client_secret_basic', (common) => new WebAppAuth({ ...basic, ...common })],
    ['a web app with its secret in the body', 'client_secret_post', (common) => new WebAppAuth({ ...post, ...common })],
    ['a single-page app without a secret', 'none', (common) => new SPAAuth({ ...singlePage, ...common })],
    ['a native app without a secret', 'none', (common) => new NativeAppAuth({ ...native, ...common })],
  ])('gets tokens for %s, with PKCE, and they are refreshed and revoked', async (_name, authentication, make) => {
    const provider = await startProvider();
    const server = provider.profile(authentication);
    await using auth = make({ server, scopes: SCOPES, transport: fetchTransport() });

    const { url } = await auth.getAuthorizationUrl({ prompt: 'consent' });
    expect(new URL(url).searchParams.get('code_challenge_method')).toBe('S256');
    await auth.handleCallback(await signIn(url));
    const first = await auth.getToken();
    expect(await provider.isActive(first)).toBe(true);
    expect(auth.snapshot).toMatchObject({ state: 'valid', refreshable: true, scopes: SCOPES });

    await auth.refresh();
    const second = await auth.getToken();
    expect(second).not.toBe(first);
    expect(await provider.isActive(second)).toBe(true);

    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
    expect(await provider.isActive(second)).toBe(false);
    expect(provider.count('refused')).toBe(0);
  });

  it('may sign in once more in the same browser, and stays signed in', async () => {
    const provider = await startProvider();
    await using auth = webApp(provider);
    const cookies = new Map<string, string>();
    const again = async () =>
      auth.handleCallback(await signIn((await auth.getAuthorizationUrl({ prompt: 'consent' })).url, { cookies }));
    await again();
    await again();
    // This server revokes all that the user has from the client, so that nothing may be revoked here.
    expect(await provider.isActive(await auth.getToken())).toBe(true);
    await auth.refresh();
    expect(auth.snapshot.step).toBe('valid.fresh');
  });

  it('may sign in once more under another key, and stays signed in when the former session is abandoned', async () => {
    const provider = await startProvider();
    await using auth = webApp(provider);
    const cookies = new Map<string, string>();
    const signInAs = async (key: string) => {
      const session = auth.session(key);
      const { url } = await session.getAuthorizationUrl({ prompt: 'consent' });
      return session.handleCallback(await signIn(url, { cookies }));
    };
    const former = await signInAs('former');
    const session = await signInAs('later');
    await former.revoke({ sparing: session });
    expect(former.snapshot.state).toBe('revoked');
    expect(await provider.isActive(await session.getToken())).toBe(true);
    await session.refresh();
    expect(session.snapshot.step).toBe('valid.fresh');
  });

  it('is signed in at the server as it describes itself (OpenID Connect Discovery §4)', async () => {
    const provider = await startProvider();
    const transport = fetchTransport();
    const discovered = await discoverServer(provider.issuer, { transport });
    expect({ ...discovered, clientCredentialsAuthentication: undefined }).toEqual({
      ...provider.profile('client_secret_basic'),
      clientCredentialsAuthentication: undefined,
    });
    await using auth = webApp(provider, { server: discovered });
    await auth.handleCallback(await signIn((await auth.getAuthorizationUrl({ prompt: 'consent' })).url));
    expect(await provider.isActive(await auth.getToken())).toBe(true);
    await auth.refresh();
    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
  });

  it('gets no refresh token without the consent that the server wants for one, and is told which scopes were granted', async () => {
    const provider = await startProvider();
    const clock = manualClock();
    await using auth = webApp(provider, { clock });

    await auth.handleCallback(await signIn((await auth.getAuthorizationUrl()).url));
    expect(auth.snapshot).toMatchObject({ state: 'valid', refreshable: false, scopes: ['openid'] });
    await expect(auth.refresh()).rejects.toMatchObject({ code: 'no_refresh_token' });

    clock.setNow(auth.snapshot.expiresAt as number);
    await expect(auth.getToken()).rejects.toMatchObject({ name: 'TokenExpiredError', code: 'access_token_expired' });
  });

  it('is taken back when the callback names its issuer, and not when it names another one or none (RFC 9207 §2.4)', async () => {
    const provider = await startProvider();
    await using auth = webApp(provider);
    const callback = new URL(await signIn((await auth.getAuthorizationUrl({ prompt: 'consent' })).url));
    expect(callback.searchParams.get('iss')).toBe(provider.issuer);

    const foreign = new URL(callback);
    foreign.searchParams.set('iss', 'https://login.elsewhere.example');
    await expect(auth.handleCallback(foreign)).rejects.toMatchObject({ code: 'issuer_mismatch' });
    const anonymous = new URL(callback);
    anonymous.searchParams.delete('iss');
    await expect(auth.handleCallback(anonymous)).rejects.toMatchObject({ code: 'issuer_missing' });
    expect(provider.count('granted')).toBe(0);

    await auth.handleCallback(callback);
    expect(auth.isAuthenticated).toBe(true);
  });

  it('is taken back once: a callback that comes a second time reaches no server (RFC 6749 §10.5)', async () => {
    const provider = await startProvider();
    await using auth = webApp(provider);
    const callback = await signIn((await auth.getAuthorizationUrl({ prompt: 'consent' })).url);

    await auth.handleCallback(callback);
    await expect(auth.handleCallback(callback)).rejects.toMatchObject({ code: 'state_used' });
    expect(provider.count('refused')).toBe(0);
    expect(await provider.isActive(await auth.getToken())).toBe(true);
  });

  it('stays signed out without a page if no user was signed in (OpenID Connect Core §3.1.2.1, prompt=none)', async () => {
    const provider = await startProvider();
    await using auth = webApp(provider);
    const callback = await signIn((await auth.getAuthorizationUrl({ prompt: 'none' })).url);

    const refusal = await rejectionOf(auth.handleCallback(callback));
    expect(refusal).toBeInstanceOf(AuthenticationError);
    expect(refusal).toMatchObject({ errorCode: 'login_required' });
    expect(auth.snapshot.state).toBe('unauthenticated');
  });

  it('may say no, and the application hears it in the words of the server (RFC 6749 §4.1.2.1)', async () => {
    const provider = await startProvider();
    await using auth = webApp(provider);
    const callback = await signIn((await auth.getAuthorizationUrl()).url, { deny: true });

    const refusal = await rejectionOf(auth.handleCallback(callback));
    expect(refusal).toBeInstanceOf(AuthenticationError);
    expect(refusal).not.toBeInstanceOf(TokenExpiredError);
    expect(refusal).toMatchObject({ errorCode: 'access_denied', errorDescription: 'Mara Editor said no' });
    expect(auth.snapshot.state).toBe('unauthenticated');
  });

  it('is not signed in by a code that another verifier belongs to (RFC 7636 §4.6)', async () => {
    const provider = await startProvider();
    await using auth = webApp(provider);
    const callback = new URL(await signIn((await auth.getAuthorizationUrl({ prompt: 'consent' })).url));

    const { codeVerifier } = await auth.getAuthorizationUrl();
    const code = callback.searchParams.get('code') as string;
    const refusal = await rejectionOf(auth.exchangeCode({ code, codeVerifier }));
    expect(refusal).toBeInstanceOf(AuthenticationError);
    expect(refusal).toMatchObject({ errorCode: 'invalid_grant', status: 400 });
    expect(auth.isAuthenticated).toBe(false);
  });

  it('is not signed in by an application with a wrong secret, which is told to mend its configuration (RFC 6749 §5.2)', async () => {
    const provider = await startProvider();
    const clientSecret = 'client-secret.fictional.of-last-year';
    await using auth = webApp(provider, { clientSecret });
    const callback = await signIn((await auth.getAuthorizationUrl({ prompt: 'consent' })).url);

    const refusal = await rejectionOf(auth.handleCallback(callback));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'invalid_client' });
    expect(auth.snapshot.state).toBe('unauthenticated');
  });

  it('is signed in while one client secret replaces another, whatever secret the server accepts', async () => {
    const provider = await startProvider();
    const clientSecret = ['client-secret.fictional.of-next-year', basic.clientSecret];
    await using auth = webApp(provider, { clientSecret });

    await auth.handleCallback(await signIn((await auth.getAuthorizationUrl({ prompt: 'consent' })).url));
    expect(await provider.isActive(await auth.getToken())).toBe(true);

    // The one that worked goes first from now on.
    await auth.refresh();
    expect(provider.count('refused')).toBe(1);
    expect(provider.count('granted')).toBe(2);
  });
});
